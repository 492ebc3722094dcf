// Accepted messages a second, on the disk, with 32 clients: beside a bare loop of insert and commit on the same
// disk in the same run, which is what the disk allows without grouping.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { systemClock } from '../src/clock.ts';
import { Journal } from '../src/events/journal.ts';
import { outboxNews } from '../src/events/outbox-news.ts';
import { createLogger } from '../src/log.ts';
import { createMessages, DEFAULT_MESSAGE_SETTINGS } from '../src/messages/messages.ts';
import { NotConnectedError } from '../src/messages/transport.ts';
import { openStore } from '../src/store/store.ts';

const CLIENTS = 32;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 3);

/** Runs `once` from `clients` loops for the given time. @returns calls a second */
async function rate(clients: number, once: () => Promise<unknown>): Promise<number> {
  let calls = 0;
  const end = performance.now() + SECONDS * 1000;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < end) {
        await once();
        calls += 1;
      }
    }),
  );
  return calls / ((performance.now() - started) / 1000);
}

function bareRate(folder: string): number {
  const connection = new DatabaseSync(join(folder, 'bare.db'));
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (a TEXT)');
  const insert = connection.prepare('INSERT INTO t VALUES (?)');
  const text = 'x'.repeat(300);
  let calls = 0;
  const started = performance.now();
  while (performance.now() - started < SECONDS * 1000) {
    insert.run(text);
    calls += 1;
  }
  const elapsed = (performance.now() - started) / 1000;
  connection.close();
  return calls / elapsed;
}

const folder = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
try {
  const log = createLogger({ level: 'silent' });
  const store = openStore(join(folder, 'data'), log);
  const journal = new Journal(store.journal, store.transactions, systemClock, log);
  const offline = () => Promise.reject(new NotConnectedError('offline'));
  const { outbox, sender } = createMessages({
    rows: store.outbox,
    transactions: store.transactions,
    news: outboxNews(journal),
    transport: { send: offline, lookUp: offline, resolveNumber: offline, showTyping: offline },
    clock: systemClock,
    random: Math.random,
    log,
    settings: { ...DEFAULT_MESSAGE_SETTINGS, queueLimit: 10_000_000 },
  });
  sender.start();
  let number = 0;
  const once = () => {
    number += 1;
    const to = `49151${1_000_000 + (number % 1_000)}`;
    return outbox.accept(
      { type: 'text', to, text: `message ${number}` },
      { idempotencyKey: `key-${number}` },
    );
  };
  const bare = bareRate(folder);
  const single = await rate(1, once);
  const grouped = await rate(CLIENTS, once);
  await sender.stop();
  store.close();
  const result = {
    'bare insert and commit /s': Math.round(bare),
    'accepted /s, 1 client': Math.round(single),
    [`accepted /s, ${CLIENTS} clients`]: Math.round(grouped),
    'ratio to bare': Number((grouped / bare).toFixed(2)),
    'goal of 1000/s': grouped >= 1_000 ? 'met' : 'missed',
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
