/**
 * From a message in the page to a Socket.IO client: the gateway, which writes it down first, beside the bare library
 * behind a bare Socket.IO server, each in a process and a browser of its own, in the same run. Messages take turns, so
 * that a busy machine slows both alike. Then a burst to each.
 *
 * The clock starts when the simulated server sends the message to the page: its way there is in every figure.
 *
 *   node bench/inbound.ts [--rounds 500] [--burst 5000] [--smoke]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';

import { io, type Socket } from 'socket.io-client';

import type { JournalEvent } from '../src/events/event.ts';
import { startSimulator, type Simulator } from '../test/simulator/server.ts';
import { startLinkedGateway } from './support/linked-gateway.ts';
import { median, percentile, print, ratios } from './support/report.ts';
import { sizes } from './support/sizes.ts';

const GOAL_MS = 10;
const WARM_UP = 50;
const SENDERS = 50;

const { rounds, burst } = sizes({ rounds: [500, 5], burst: [5_000, 20] });

/** Messages with names of their own, from many people, and when each has reached the client. */
class Line {
  readonly simulator: Simulator;
  readonly #name: string;
  readonly #heard = new Map<string, () => void>();
  #count = 0;

  constructor(name: string, simulator: Simulator) {
    this.#name = name;
    this.simulator = simulator;
  }

  /** Has somebody write. @returns milliseconds until the client has it */
  async write(): Promise<number> {
    const body = `${this.#name} ${this.#count}`;
    const from = `1555000${2_000 + (this.#count++ % SENDERS)}`;
    const heard = new Promise<void>((resolve) => this.#heard.set(body, resolve));
    const started = performance.now();
    void this.simulator.receive({ from, body });
    await heard;
    return performance.now() - started;
  }

  hear(body: string): void {
    this.#heard.get(body)?.();
    this.#heard.delete(body);
  }

  /** Everybody writes at once. @returns milliseconds until each and all are there */
  async writeAll(count: number): Promise<{ each: number[]; all: number }> {
    const started = performance.now();
    const each = await Promise.all(Array.from({ length: count }, () => this.write()));
    return { each, all: performance.now() - started };
  }
}

async function connected(url: string): Promise<Socket> {
  const socket = io(url, { transports: ['websocket'] });
  await once(socket as never, 'connect');
  return socket;
}

await using gateway = await startLinkedGateway();
await using simulator = await startSimulator();
const relay = fork(new URL('support/bare-relay.ts', import.meta.url), [
  simulator.controlUrl,
  ...simulator.chromiumArgs,
]);
const [port] = (await once(relay, 'message')) as [number];
const sockets = [await connected(gateway.url), await connected(`http://127.0.0.1:${port}`)] as const;
const own = new Line('gateway', gateway.simulator);
const bare = new Line('bare', simulator);
const seqs: number[] = [];
sockets[0].on('event', ({ type, seq, data }: JournalEvent) => {
  seqs.push(seq);
  if (type === 'message' && 'body' in data) own.hear(data.body ?? '');
});
sockets[1].on('message', ({ body }: { body: string }) => bare.hear(body));

const times: Record<'gateway' | 'bare', number[]> = { gateway: [], bare: [] };
for (let round = -WARM_UP; round < rounds; round += 1) {
  const first = await bare.write();
  const second = await own.write();
  if (round < 0) continue;
  times.bare.push(first);
  times.gateway.push(second);
}
const bareBurst = await bare.writeAll(burst);
const ownBurst = await own.writeAll(burst);
for (const socket of sockets) socket.close();
relay.disconnect();
await once(relay, 'exit');

const gaps = seqs.filter((seq, index) => index > 0 && seq !== (seqs[index - 1] ?? 0) + 1).length;
const ms = (value: number) => `${value.toFixed(2)} ms`;
const latency = (name: string, values: readonly number[], ...rest: string[]) => [
  name,
  `p50 ${ms(median(values))}`,
  `p99 ${ms(percentile(values, 0.99))}`,
  ...rest,
];
print(`page -> Socket.IO client, one at a time, ${rounds} times each`, [
  latency('bare library and Socket.IO', times.bare),
  latency('gateway', times.gateway, `goal: p99 <= ${GOAL_MS} ms`),
  ['ratio, pair by pair', ratios(times.gateway, times.bare)],
]);
const rate = ({ all }: { all: number }) => `${Math.round(burst / (all / 1000))} /s`;
print(`a burst of ${burst}`, [
  ['bare library and Socket.IO', rate(bareBurst), `last after ${ms(bareBurst.all)}`],
  ['gateway', rate(ownBurst), `last after ${ms(ownBurst.all)}`],
  ['ratio of the times', (ownBurst.all / bareBurst.all).toFixed(2)],
  ['seq of the gateway', `${seqs.length} events, ${gaps} gaps`, 'none lost: every one was waited for'],
]);
if (gaps > 0) process.exitCode = 1;
