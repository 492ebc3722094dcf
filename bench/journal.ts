// Events a second into the journal, from append to every reader, and the memory of node over 100,000 of them.
// The first tenth is the warm-up: by then the code is compiled and the ring of the newest events is full.
//
//   node --expose-gc bench/journal.ts [--events 100000] [--smoke]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { systemClock } from '../src/clock.ts';
import { follow } from '../src/events/follow.ts';
import { Journal } from '../src/events/journal.ts';
import { createLogger } from '../src/log.ts';
import { openStore } from '../src/store/store.ts';
import { sizes } from './support/sizes.ts';

const { events: EVENTS } = sizes({ events: [100_000, 1_000] });
const READERS = 8;
const BATCH = 50;

const folder = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
try {
  const log = createLogger({ level: 'silent' });
  const store = openStore(folder, log);
  const journal = new Journal(store.journal, store.transactions, systemClock, log);
  const stop = new AbortController();
  const delays: number[] = [];
  const appendedAt = new Map<number, number>();
  const readers = Array.from({ length: READERS }, async (_, reader) => {
    let seen = 0;
    for await (const page of follow(journal, 0, stop.signal)) {
      seen += page.length;
      if (reader === 0) {
        for (const { seq } of page) {
          delays.push(performance.now() - (appendedAt.get(seq) ?? 0));
          appendedAt.delete(seq);
        }
      }
      if (seen >= EVENTS) return seen;
    }
    return seen;
  });

  const megabytes = (bytes: number) => Math.round(bytes / 1_048_576);
  const kept: { rss: number; heap: number; outside: number }[] = [];
  const measure = () => {
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    kept.push({ rss: megabytes(rss), heap: megabytes(heapUsed), outside: megabytes(external) });
  };
  const started = performance.now();
  for (let n = 0; n < EVENTS; n += BATCH) {
    const now = performance.now();
    await Promise.all(
      Array.from({ length: BATCH }, (_, index) => {
        appendedAt.set(n + index + 1, now);
        const data = {
          messageId: `true_15550002222@c.us_3EB0${n + index}`,
          chatId: '15550002222@c.us',
          participant: null,
          ack: 2,
          ackName: 'DEVICE' as const,
        };
        return journal.append({ type: 'message.ack', key: `${n + index}`, at: Date.now(), data });
      }),
    );
    if ((n + BATCH) % (EVENTS / 10) === 0) measure();
  }
  const seen = await Promise.all(readers);
  const seconds = (performance.now() - started) / 1000;
  stop.abort();
  store.close();
  delays.sort((a, b) => a - b);
  const at = (share: number) => Number((delays[Math.floor(delays.length * share)] ?? 0).toFixed(2));
  const result = {
    'events /s': Math.round(EVENTS / seconds),
    'append to reader, ms': { p50: at(0.5), p99: at(0.99) },
    lost: seen.map((count) => EVENTS - count).reduce((sum, count) => sum + count, 0),
    'node after a collection, in MB, every tenth': kept,
    'at the end beside the first tenth (goal <= 1.10)': {
      'kept by node': growth(kept, ({ heap, outside }) => heap + outside),
      RSS: growth(kept, ({ rss }) => rss),
    },
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function growth<T>(samples: readonly T[], value: (sample: T) => number): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  return first === undefined || last === undefined ? null : Number((value(last) / value(first)).toFixed(2));
}
