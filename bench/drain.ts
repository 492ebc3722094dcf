/**
 * Messages a second out of a full queue: as many as may wait are accepted while WhatsApp is not linked, then it is, and
 * the clock runs from the first to the last at WhatsApp's server, which counts them. No pacing. Beside the bare library
 * in the same run: the same loops of `client.sendMessage`, one a chat, as many at once as the gateway has on their way.
 *
 *   node bench/drain.ts [--messages 10000] [--bare 2000] [--smoke]
 */
import { DEFAULT_MESSAGE_SETTINGS } from '../src/messages/messages.ts';
import { startSimulator, type Simulator } from '../test/simulator/server.ts';
import { waitFor } from '../test/support/wait-for.ts';
import { startLinkedGateway } from './support/linked-gateway.ts';
import { startLinkedLibrary } from './support/linked-library.ts';
import { print } from './support/report.ts';
import { sizes } from './support/sizes.ts';

const CHATS = 50;
const AT_ONCE = DEFAULT_MESSAGE_SETTINGS.concurrency;
const HOUR_MS = 3_600_000;
const { messages, bare: bareMessages } = sizes({ messages: [10_000, 20], bare: [2_000, 20] });

const recipient = (index: number) => `1555000${2_000 + (index % CHATS)}`;

async function fillQueue(_simulator: Simulator, url: string): Promise<void> {
  let index = 0;
  const post = async () => {
    while (index < messages) {
      const number = index++;
      const response = await fetch(`${url}/api/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ to: recipient(number), type: 'text', text: String(number) }),
      });
      if (response.status !== 202) throw new Error(`answered ${response.status}: ${await response.text()}`);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: 16 }, post));
  filledInMs = performance.now() - started;
}

let filledInMs = 0;
/** Messages a second at the server, from the first to the last. */
function rateOf(simulator: Simulator): number {
  const times = simulator.sent().map(({ receivedAt }) => receivedAt);
  return (times.length - 1) / ((Math.max(...times) - Math.min(...times)) / 1000);
}

/** Whether each chat got its messages in the order in which they were accepted. */
function inOrder(simulator: Simulator): boolean {
  const last = new Map<string, number>();
  return simulator.sent().every(({ chatId, body }) => {
    const before = last.get(chatId) ?? -1;
    last.set(chatId, Number(body));
    return Number(body) > before;
  });
}

async function drainGateway() {
  await using gateway = await startLinkedGateway({
    env: { QUEUE_LIMIT: String(messages) },
    before: fillQueue,
  });
  const { simulator } = gateway;
  await waitFor(() => simulator.counters().sent >= messages, {
    timeoutMs: HOUR_MS,
    what: 'the last message',
  });
  const { sent, duplicates } = simulator.counters();
  return { rate: rateOf(simulator), sent, duplicates, ordered: inOrder(simulator) };
}

async function drainLibrary(): Promise<number> {
  await using simulator = await startSimulator();
  await using bare = await startLinkedLibrary(simulator.chromiumArgs, () => simulator.scan());
  let index = 0;
  const send = async () => {
    while (index < bareMessages) {
      const number = index++;
      await bare.client.sendMessage(`${recipient(number)}@c.us`, String(number));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, send));
  await waitFor(() => simulator.counters().sent >= bareMessages, { what: 'the last message' });
  return rateOf(simulator);
}

const library = await drainLibrary();
const gateway = await drainGateway();
print(`a queue of ${messages} to ${CHATS} chats, ${AT_ONCE} on their way at once`, [
  ['accepted over HTTP', `${Math.round(messages / (filledInMs / 1000))} /s`],
  ['bare client.sendMessage', `${library.toFixed(1)} /s`, `${bareMessages} messages`],
  ['gateway', `${gateway.rate.toFixed(1)} /s`],
  ['of the bare library', (gateway.rate / library).toFixed(2)],
  [
    'at the server',
    `${gateway.sent} messages`,
    `${gateway.duplicates} twice`,
    gateway.ordered ? 'in order in every chat' : 'OUT OF ORDER',
  ],
]);
if (gateway.sent !== messages || gateway.duplicates > 0 || !gateway.ordered) process.exitCode = 1;
