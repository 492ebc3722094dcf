/**
 * Accepted messages a second, each on the disk before it is answered, with 32 clients: over HTTP to the gateway as a
 * process of its own, and in this process without HTTP. Beside two floors in the same run: a loop of insert and commit,
 * which is what the disk allows without grouping, and a bare Express route that keeps nothing.
 *
 *   node bench/accept.ts [--seconds 3] [--rounds 3] [--smoke]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
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
import { GatewayProcess } from '../test/support/gateway-process.ts';
import { answersPerSecond } from './support/http-load.ts';
import { median, print, ratios } from './support/report.ts';
import { sizes } from './support/sizes.ts';

const CLIENTS = 32;
const GOAL = 1_000;
/** As many as may be configured. */
const MANY = 1_000_000;
const { seconds, rounds } = sizes({ seconds: [3, 0.2], rounds: [3, 1] });

let posted = 0;
const posts = {
  connections: CLIENTS,
  seconds,
  status: 202,
  request: () => {
    posted += 1;
    const body = JSON.stringify({ to: recipient(posted), type: 'text', text: `message ${posted}` });
    const head = [
      'POST /api/messages HTTP/1.1',
      'Host: 127.0.0.1',
      'Content-Type: application/json',
      `Idempotency-Key: key-${posted}`,
      `Content-Length: ${body.length}`,
    ];
    return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
  },
};

const folder = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
const bareAccept = fork(new URL('support/bare-accept.ts', import.meta.url));
const [barePort] = (await once(bareAccept, 'message')) as [number];
const gateway = new GatewayProcess({
  env: {
    WHATSAPP_SESSION_PATH: join(folder, 'session'),
    WHATSAPP_AUTO_CONNECT: 'false',
    QUEUE_LIMIT: String(MANY),
    LOG_LEVEL: 'info',
  },
});
try {
  const port = Number(new URL(await gateway.url()).port);
  const rates = {
    'insert and commit, one after another (floor)': [] as number[],
    'accepted, 1 client, without HTTP': [] as number[],
    [`accepted, ${CLIENTS} clients, without HTTP`]: [] as number[],
    'bare Express route, nothing kept (floor)': [] as number[],
    [`POST /api/messages, ${CLIENTS} clients`]: [] as number[],
  };
  const [bare, one, many, express, http] = Object.values(rates) as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ];
  const accept = openCore(join(folder, 'data'));
  for (let round = -1; round < rounds; round += 1) {
    const found = [
      insertsPerSecond(join(folder, 'bare.db')),
      await acceptedPerSecond(1, accept.once),
      await acceptedPerSecond(CLIENTS, accept.once),
      await answersPerSecond({ port: barePort, ...posts }),
      await answersPerSecond({ port, ...posts }),
    ];
    // The first round is the warm-up.
    if (round >= 0) [bare, one, many, express, http].forEach((list, index) => list.push(found[index] ?? NaN));
  }
  await accept.close();
  print(`accepted messages a second, on the disk, ${rounds} rounds of ${seconds} s`, [
    ...Object.entries(rates).map(([name, list]) => [name, `${Math.round(median(list))} /s`]),
    ['over HTTP, of a bare Express route', ratios(http, express)],
    ['over HTTP, of insert and commit', ratios(http, bare)],
    [`goal of ${GOAL} /s over HTTP`, median(http) >= GOAL ? 'met' : 'missed'],
  ]);
} finally {
  await gateway.end();
  bareAccept.disconnect();
  rmSync(folder, { recursive: true, force: true });
}

/** Runs `once` from `clients` loops. @returns calls a second */
async function acceptedPerSecond(clients: number, once: () => Promise<unknown>): Promise<number> {
  let calls = 0;
  const started = performance.now();
  const end = started + seconds * 1000;
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

function insertsPerSecond(path: string): number {
  const connection = new DatabaseSync(path);
  connection.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS t (a TEXT)',
  );
  const insert = connection.prepare('INSERT INTO t VALUES (?)');
  const text = 'x'.repeat(300);
  let calls = 0;
  const started = performance.now();
  while (performance.now() - started < seconds * 1000) {
    insert.run(text);
    calls += 1;
  }
  const elapsed = (performance.now() - started) / 1000;
  connection.close();
  return calls / elapsed;
}

function openCore(dataPath: string) {
  const log = createLogger({ level: 'silent' });
  const store = openStore(dataPath, log);
  const journal = new Journal(store.journal, store.transactions, systemClock, log);
  const offline = () => Promise.reject(new NotConnectedError('offline'));
  const { outbox, sender } = createMessages({
    rows: store.outbox,
    transactions: store.transactions,
    news: outboxNews(journal),
    transport: {
      send: offline,
      lookUp: offline,
      lookUpAll: offline,
      resolveNumber: offline,
      showTyping: offline,
    },
    clock: systemClock,
    random: Math.random,
    log,
    settings: { ...DEFAULT_MESSAGE_SETTINGS, queueLimit: MANY },
  });
  sender.start();
  let number = 0;
  return {
    once: () => {
      number += 1;
      return outbox.accept(
        { type: 'text', to: recipient(number), text: `message ${number}` },
        { idempotencyKey: `key-${number}` },
      );
    },
    close: async () => {
      await sender.stop();
      store.close();
    },
  };
}

function recipient(number: number): string {
  return `49151${1_000_000 + (number % 1_000)}`;
}
