import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

import { expect, onTestFinished, test } from 'vitest';

import type { JournalEvent } from '../../src/events/event.ts';
import { newSecret } from '../../src/webhooks/sign.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';
import type { ChildMessage } from './core-child.ts';

/** The moments at which the process is killed. */
const STEPS = [
  'accept asked',
  'accept answered',
  'resolve asked',
  'resolve answered',
  'send asked',
  'send recorded',
  'send answered',
  'look-up asked',
  'look-up answered',
  'hook asked',
  'hook answered',
] as const;
type Step = (typeof STEPS)[number];

/** Kills of each run; more with CRASH_KILLS. */
const KILLS = Number(process.env['CRASH_KILLS'] ?? 176);
const CHATS = 4;

/** A process that is dead by now does not listen any more; that is what this test is about. */
const ignore = () => undefined;

/** A WhatsApp whose server counts, and a webhook receiver that remembers. */
class World {
  readonly deliveries: { waId: string; chatId: string; text: string }[] = [];
  readonly handOvers = new Map<string, number>();
  readonly heard: JournalEvent[] = [];
  onStep: (step: Step) => void = () => undefined;

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').slice(1);
    const body = await json(request);
    const known = path as 'send' | 'look-up' | 'resolve' | 'hook';
    this.onStep(`${known} asked`);
    // A caller that was killed before it was heard has sent nothing.
    if (request.socket.destroyed) return;
    const result = this.#handle(known, body);
    if (known === 'send') this.onStep('send recorded');
    response.end(JSON.stringify(result), () => this.onStep(`${known} answered`));
  }

  #handle(path: 'send' | 'look-up' | 'resolve' | 'hook', body: unknown): unknown {
    switch (path) {
      case 'resolve':
        return `${(body as { digits: string }).digits}@c.us`;
      case 'look-up':
        return this.handOvers.has((body as { waId: string }).waId)
          ? { found: true, ack: 1 }
          : { found: false };
      case 'hook':
        this.heard.push(body as JournalEvent);
        return {};
      case 'send': {
        const message = body as World['deliveries'][number];
        const before = this.handOvers.get(message.waId) ?? 0;
        this.handOvers.set(message.waId, before + 1);
        if (before === 0) this.deliveries.push(message);
        return { ack: 1 };
      }
    }
  }
}

test(
  `killed ${KILLS} times at every step of a send: none lost, none doubled, each chat in order, webhooks told in order`,
  { timeout: 1_200_000 },
  async () => {
    const world = new World();
    const server = createServer((request, response) => {
      world.answer(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const folder = tempFolder();
    // Compiled once: hundreds of processes read the same program.
    const compiled = tempFolder();
    const secret = newSecret();
    const prepare = () =>
      fork(new URL('core-child.ts', import.meta.url), [folder, address, secret], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        env: { ...process.env, NODE_COMPILE_CACHE: compiled },
      });
    let child: ChildProcess | null = null;
    let prepared = prepare();
    onTestFinished(async () => {
      child?.kill('SIGKILL');
      prepared.kill('SIGKILL');
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });

    const waiting = new Map<string, string>();
    const accepted = new Map<string, string>();
    let counts: Readonly<Record<string, number>> = {};
    let number = 0;

    const start = async (): Promise<ChildProcess> => {
      const started = prepared;
      child = started;
      started.on('message', (message: ChildMessage) => {
        if (message.type === 'counts') counts = message.counts;
        if (message.type !== 'accepted') return;
        const before = accepted.get(message.text);
        if (before !== undefined) expect(message.waId).toBe(before);
        accepted.set(message.text, message.waId);
        waiting.delete(message.text);
        world.onStep('accept answered');
      });
      const begun = Promise.race([once(started, 'message'), once(started, 'exit')]);
      started.send('begin', ignore);
      await begun;
      prepared = prepare();
      // A client that got no answer asks again, with the same key.
      for (const [text, to] of waiting) started.send({ to, text }, ignore);
      return started;
    };

    const killedAt = new Map<Step, number>();
    for (let kill = 0; kill < KILLS; kill += 1) {
      const process = await start();
      const exited = once(process, 'exit');
      const step = STEPS[kill % STEPS.length]!;
      // Not always the first time that the step is reached.
      let passes = /^(look-up|resolve)/.test(step) ? 0 : Math.floor(kill / STEPS.length) % 3;
      world.onStep = (reached) => {
        if (reached !== step || passes-- > 0) return;
        world.onStep = () => undefined;
        killedAt.set(step, (killedAt.get(step) ?? 0) + 1);
        process.kill('SIGKILL');
      };
      for (let n = 0; n < 3; n += 1) {
        number += 1;
        const text = `message ${number}`;
        const to = `4915100000${10 + ((number + kill) % (step.startsWith('resolve') ? 80 : CHATS))}`;
        waiting.set(text, to);
        process.send({ to, text }, ignore);
        world.onStep('accept asked');
      }
      // A step that this run does not come to (nothing to look up, say) is no reason to wait.
      const quiet = setTimeout(() => process.kill('SIGKILL'), 800);
      await exited;
      clearTimeout(quiet);
    }

    world.onStep = () => undefined;
    const last = await start();
    await waitFor(
      () => {
        last.send('counts', ignore);
        return waiting.size === 0 && counts['sent'] === number;
      },
      { what: 'everything to be sent', timeoutMs: 60_000, intervalMs: 100 },
    );

    const texts = world.deliveries.map(({ text }) => text);
    expect(texts).toHaveLength(number);
    expect(new Set(texts).size).toBe(number);
    expect([...world.handOvers.values()].filter((times) => times > 1)).toEqual([]);
    for (const { text, waId } of world.deliveries) expect(waId).toBe(accepted.get(text));
    // Within a chat they went out in the order in which they were accepted, whatever was killed in between.
    for (const [chatId, inChat] of Map.groupBy(world.deliveries, (delivery) => delivery.chatId)) {
      const numbers = inChat.map(({ text }) => Number(text.slice('message '.length)));
      expect([chatId, numbers]).toEqual([chatId, numbers.toSorted((a, b) => a - b)]);
    }
    expect([...killedAt.keys()].toSorted()).toEqual([...STEPS].toSorted());

    // Each message's way was told, in order, to the webhook: at least once, so repetitions are left out.
    await waitFor(() => new Set(world.heard.map(({ id }) => id)).size >= 2 * number, { timeoutMs: 60_000 });
    const firsts = world.heard.filter(
      ({ id }, index, all) => all.findIndex((event) => event.id === id) === index,
    );
    const seqs = firsts.map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    const sent = firsts.filter(({ data }) => 'status' in data && data.status === 'sent');
    expect(sent).toHaveLength(number);
  },
);
