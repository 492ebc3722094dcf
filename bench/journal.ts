// Events a second into the journal, from append to every reader, and the memory of node after 100,000 of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { systemClock } from '../src/clock.ts';
import { follow } from '../src/events/follow.ts';
import { Journal } from '../src/events/journal.ts';
import { createLogger } from '../src/log.ts';
import { openStore } from '../src/store/store.ts';

const EVENTS = Number(process.env['BENCH_EVENTS'] ?? 100_000);
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

  const rss: number[] = [];
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
    if (n % (EVENTS / 10) === 0) {
      globalThis.gc?.();
      rss.push(Math.round(process.memoryUsage().rss / 1_048_576));
    }
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
    'RSS of node in MB, every tenth': rss,
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
