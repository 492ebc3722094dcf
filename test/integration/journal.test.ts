import type { DatabaseSync } from 'node:sqlite';

import { describe, expect, test } from 'vitest';

import type { Clock } from '../../src/clock.ts';
import type { EventInput, JournalEvent } from '../../src/events/event.ts';
import { follow, readOrWait } from '../../src/events/follow.ts';
import { Journal } from '../../src/events/journal.ts';
import { eventDataSchemas } from '../../src/events/schema.ts';
import { matchesType } from '../../src/events/types.ts';
import { createLogger } from '../../src/log.ts';
import { JournalTable } from '../../src/store/journal-table.ts';
import { OutboxTable } from '../../src/store/outbox-table.ts';
import { DEFAULT_RETENTION, Retention } from '../../src/store/retention.ts';
import { openStore } from '../../src/store/store.ts';
import { SettlingClock, settle } from '../support/settling-clock.ts';
import { progressFrom } from '../../src/webhooks/webhook.ts';
import { silent, startMessaging, text } from '../support/messaging.ts';
import { recordingLogger } from '../support/serve.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';

function call(n: number, extra: Partial<EventInput> = {}): EventInput {
  const data = {
    id: `call-${n}`,
    from: '4915123456789@c.us',
    isVideo: false,
    isGroup: false,
    fromMe: false,
    timestamp: new Date(1_700_000_000_000 + n).toISOString(),
  };
  return { type: 'call', key: `${n}`, at: 1_700_000_000_000 + n, data, ...extra } as EventInput;
}

const numbersOf = (events: readonly JournalEvent[]) =>
  events.map(({ data }) => ('id' in data ? data.id : ''));

describe('append', () => {
  test('events of one turn, numbered in order and complete', async () => {
    const { journal } = startMessaging(tempFolder());
    const events = await Promise.all([
      journal.append(call(1)),
      journal.append(call(2)),
      journal.append(call(3)),
    ]);
    expect(events.map((event) => event?.seq)).toEqual([1, 2, 3]);
    expect(events[0]).toEqual({
      id: expect.stringMatching(/^evt_[0-9a-z]{26}$/) as string,
      seq: 1,
      type: 'call',
      version: 1,
      timestamp: '2023-11-14T22:13:20.001Z',
      replayed: false,
      data: eventDataSchemas.call.parse(call(1).data),
    });
    expect(journal.read(0, 10)).toEqual(events);
  });

  test('a repetition, dropped, at once and after a restart', async () => {
    const folder = tempFolder();
    const first = startMessaging(folder);
    const [one, two] = await Promise.all([first.journal.append(call(1)), first.journal.append(call(1))]);
    expect([one?.seq, two]).toEqual([1, null]);
    await first.stop();
    const second = startMessaging(folder);
    expect(await second.journal.append(call(1))).toBeNull();
    expect(await second.journal.append(call(2))).not.toBeNull();
    expect(second.journal.read(0, 10).map(({ id }) => id)).toEqual([one?.id, expect.any(String)]);
  });

  test('nobody hears of an event before it is on the disk', async () => {
    const { journal, store } = startMessaging(tempFolder());
    let rowsWhenHeard = -1;
    journal.onAppend(() => {
      expect(store.connection.isTransaction).toBe(false);
      rowsWhenHeard = store.journal.read(0, 10).length;
    });
    await journal.append(call(1));
    expect(rowsWhenHeard).toBe(1);
  });

  test('a full disk, events wait in order and nobody hears of them; afterwards all are there', async () => {
    const clock = new SettlingClock();
    const { journal, store } = startMessaging(tempFolder(), { clock });
    await journal.append(call(0));
    const pages = Number(store.connection.prepare('PRAGMA page_count').get()?.['page_count']);
    store.connection.exec(`PRAGMA max_page_count = ${pages}`);
    const big = call(1);
    const filling = { ...big, data: { ...big.data, id: `call-1${'x'.repeat(100_000)}` } } as EventInput;
    const waiting = [journal.append(filling), journal.append(call(2))];
    await clock.advance(3_000);
    expect(journal.lastSeq).toBe(1);
    store.connection.exec('PRAGMA max_page_count = 1073741823');
    await clock.advance(2_000);
    const written = await Promise.all(waiting);
    expect(written.map((event) => event?.seq)).toEqual([2, 3]);
  });

  test('numbers, never used again after retention has removed their events', async () => {
    const folder = tempFolder();
    const first = startMessaging(folder);
    await first.journal.append(call(1));
    await first.store.transactions.run(() => first.store.journal.removeOldest(10));
    await first.stop();
    const second = startMessaging(folder);
    expect(second.journal.lastSeq).toBe(1);
    expect((await second.journal.append(call(2)))?.seq).toBe(2);
  });
});

describe('follow', () => {
  test('a burst while a reader catches up, every event once and in order', async () => {
    const { journal } = startMessaging(tempFolder());
    await Promise.all(Array.from({ length: 2_500 }, (_, n) => journal.append(call(n))));
    const seen: number[] = [];
    const stop = new AbortController();
    const reading = (async () => {
      for await (const page of follow(journal, 0, stop.signal)) seen.push(...page.map(({ seq }) => seq));
    })();
    for (let n = 2_500; n < 5_000; n += 1) {
      void journal.append(call(n));
      if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await waitFor(() => seen.length >= 5_000, { what: 'all events' });
    expect(seen).toEqual(Array.from({ length: 5_000 }, (_, n) => n + 1));
    stop.abort();
    await reading;
  });

  test('from memory and from the disk, the same pages', async () => {
    const { journal, store } = startMessaging(tempFolder());
    await Promise.all(Array.from({ length: 4_500 }, (_, n) => journal.append(call(n))));
    for (const since of [0, 1, 499, 500, 1_999, 2_000, 2_001, 3_500, 4_498, 4_499, 4_500, 9_999]) {
      expect(journal.read(since, 7)).toEqual(store.journal.read(since, 7));
    }
  });

  test('a number of another journal, everything of this one comes, then what happens', async () => {
    const { journal } = startMessaging(tempFolder());
    await journal.append(call(1));
    const stop = new AbortController();
    const reader = follow(journal, 2, stop.signal);
    expect(numbersOf((await reader.next()).value ?? [])).toEqual(['call-1']);
    const next = reader.next();
    await settle();
    await journal.append(call(2));
    expect(numbersOf((await next).value ?? [])).toEqual(['call-2']);
    stop.abort();
    await reader.return();
  });

  test('a long poll, answers with the first event or with nothing when the time is over', async () => {
    const clock = new SettlingClock();
    const { journal } = startMessaging(tempFolder(), { clock });
    const { signal } = new AbortController();
    const early = readOrWait(journal, { since: 0, limit: 10, waitMs: 30_000 }, clock, signal);
    await settle();
    await journal.append(call(1));
    expect(numbersOf(await early)).toEqual(['call-1']);
    const late = readOrWait(journal, { since: 1, limit: 10, waitMs: 30_000 }, clock, signal);
    await clock.advance(30_000);
    expect(await late).toEqual([]);
  });
});

test('a disk that stays full, told once and once more when it is over', async () => {
  const clock = new SettlingClock();
  const { store } = startMessaging(tempFolder(), { clock });
  const lines: string[] = [];
  const log = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  const journal = new Journal(store.journal, store.transactions, clock, log);
  store.connection.exec('PRAGMA query_only = ON');
  const appended = journal.append(call(1));
  await clock.advance(10_000);
  store.connection.exec('PRAGMA query_only = OFF');
  await clock.advance(1_000);
  expect(await appended).toMatchObject({ seq: 1 });
  expect(lines).toEqual([
    expect.stringContaining('cannot be written yet'),
    expect.stringContaining('written again'),
  ]);
});

describe('retention', () => {
  test('by age, counted from when the event was written down', async () => {
    const clock = new SettlingClock(2_000_000_000_000);
    const { journal, store } = startMessaging(tempFolder(), { clock });
    await journal.append(call(1));
    await clock.advance(10_000);
    await journal.append(call(2));
    await new Retention(store, { ...DEFAULT_RETENTION, eventsMs: 5_000 }, clock, silent).run();
    expect(store.journal.read(0, 10).map(({ seq }) => seq)).toEqual([2]);
  });

  test('by size, the oldest go', async () => {
    const { journal, store, clock } = startMessaging(tempFolder());
    await Promise.all(Array.from({ length: 5_000 }, (_, n) => journal.append(call(n))));
    const limit = store.journal.bytes() / 2;
    await new Retention(store, { ...DEFAULT_RETENTION, eventsBytes: limit }, clock, silent).run();
    expect(store.journal.bytes()).toBeLessThanOrEqual(limit);
    expect(store.journal.read(0, 5_000).at(-1)?.seq).toBe(5_000);
    expect(store.journal.bytes()).toBeGreaterThan(0);
  });

  test('finished messages go, those that wait stay however old', async () => {
    const clock = new SettlingClock();
    const { outbox, sender, store } = startMessaging(tempFolder(), { clock });
    const waiting = await outbox.accept(text('waiting'));
    const cancelled = await outbox.accept(text('cancelled'));
    await outbox.cancel(cancelled.message.id);
    // The sender looks once a second: a day of that is none of this test's business.
    await sender.stop();
    await clock.advance(100_000_000);
    await new Retention(store, { ...DEFAULT_RETENTION, messagesMs: 90_000_000 }, clock, silent).run();
    expect(outbox.find(waiting.message.id)?.status).toBe('queued');
    expect(outbox.find(cancelled.message.id)).toBeNull();
  });

  test('messages by size, the oldest finished go, and none that a repeated request may ask for', async () => {
    const clock = new SettlingClock();
    const { outbox, sender, store } = startMessaging(tempFolder(), { clock });
    const cancelled = async (body: string) => {
      const { message } = await outbox.accept(text(body), { idempotencyKey: body });
      await outbox.cancel(message.id);
      return message.id;
    };
    const waiting = (await outbox.accept(text('waiting'))).message.id;
    const old = await cancelled('old');
    await sender.stop();
    await clock.advance(3 * 24 * 3_600_000);
    const recent = await cancelled('recent');
    const kept = () => [waiting, old, recent].map((id) => outbox.find(id) !== null);
    const clean = (messagesBytes: number) =>
      new Retention(store, { ...DEFAULT_RETENTION, messagesBytes }, clock, silent).run();
    await clean(store.outbox.bytes());
    expect(kept()).toEqual([true, true, true]);
    await clean(store.outbox.bytes() - 1);
    expect(kept()).toEqual([true, false, true]);
    await clean(0);
    expect(kept()).toEqual([true, false, true]);
  });

  test('the size of a message, with its file as long as that is kept', async () => {
    const { outbox, sender, store } = startMessaging(tempFolder());
    const media = { sha256: '0'.repeat(64), size: 1_000_000, mimetype: 'image/png', filename: null };
    const { message } = await outbox.accept({ to: '+49 151 23456789', type: 'image', media });
    expect(store.outbox.bytes()).toBeGreaterThan(1_000_000);
    sender.connected();
    await expect.poll(() => outbox.find(message.id)?.status).toBe('sent');
    expect(store.outbox.bytes()).toBeLessThan(1_000);
  });

  test('age and size, read off indexes and not out of what the rows say', () => {
    const { connection } = openStore(tempFolder(), silent);
    const asked: string[] = [];
    const watched = {
      prepare(sql: string) {
        asked.push(sql);
        return connection.prepare(sql);
      },
    } as unknown as DatabaseSync;
    new JournalTable(watched);
    const outbox = new OutboxTable(watched);
    outbox.bytes();
    outbox.removeFinished(0, 1);
    const plans = asked
      .filter((sql) => /SUM\(bytes\)|recorded_at <|changed_at </.test(sql))
      .map((sql) => connection.prepare(`EXPLAIN QUERY PLAN ${sql}`).all());
    expect(plans).toHaveLength(4);
    for (const plan of plans) expect(JSON.stringify(plan)).toMatch(/INDEX (journal_age|outbox_changed)\b/);
  });

  test('idempotency keys, kept for a day and gone after two', async () => {
    const clock = new SettlingClock();
    const { outbox, sender, store } = startMessaging(tempFolder(), { clock });
    const { message } = await outbox.accept(text('one'), { idempotencyKey: 'k' });
    sender.connected();
    await expect.poll(() => outbox.find(message.id)?.status).toBe('sent');
    await sender.stop();
    const retention = new Retention(store, DEFAULT_RETENTION, clock, silent);
    await clock.advance(25 * 3_600_000);
    await retention.run();
    await expect(outbox.accept(text('one'), { idempotencyKey: 'k' })).resolves.toMatchObject({
      repeated: true,
    });
    await clock.advance(25 * 3_600_000);
    await retention.run();
    await expect(outbox.accept(text('one'), { idempotencyKey: 'k' })).resolves.toMatchObject({
      repeated: false,
    });
  });

  test('the idempotency key of a message that still waits, kept however old', async () => {
    const clock = new SettlingClock();
    const { outbox, store } = startMessaging(tempFolder(), { clock });
    const { message } = await outbox.accept(text('one'), { idempotencyKey: 'k' });
    await new Retention(store, DEFAULT_RETENTION, later(clock), silent).run();
    const again = await outbox.accept(text('one'), { idempotencyKey: 'k' });
    expect([again.repeated, again.message.id]).toEqual([true, message.id]);
  });

  test('one part fails, all others are done and the failure is told', async () => {
    const clock = new SettlingClock();
    const { journal, store } = startMessaging(tempFolder(), { clock });
    await journal.append(call(1));
    const done: string[] = [];
    const others = ['first', 'second'].map((name) => () => {
      done.push(name);
      return Promise.reject(new Error(`${name} failed`));
    });
    const retention = new Retention(store, DEFAULT_RETENTION, later(clock), silent, others);
    await expect(retention.run()).rejects.toThrow(/^first failed; second failed$/);
    expect(done).toEqual(['first', 'second']);
    expect(store.journal.read(0, 10)).toEqual([]);
  });

  test('what fails again and again, told once, and once more when it does not', async () => {
    const clock = new SettlingClock();
    const { store } = startMessaging(tempFolder(), { clock });
    const { lines, logger } = recordingLogger();
    const reasons = ['the one', 'the one', 'the one', 'the other', null, null];
    let runs = 0;
    const other = () => {
      const reason = reasons[runs] ?? null;
      runs += 1;
      return reason === null ? Promise.resolve() : Promise.reject(new Error(reason));
    };
    const retention = new Retention(store, DEFAULT_RETENTION, clock, logger, [other]);
    retention.start();
    while (runs < reasons.length) await clock.advance(600_000);
    await retention.stop();
    expect(lines.map(({ level, reason }) => [level, reason])).toEqual([
      ['warn', 'the one'],
      ['warn', 'the other'],
      ['info', undefined],
    ]);
  });

  test('old events, kept until every webhook that is switched on has taken them', async () => {
    const clock = new SettlingClock();
    const { journal, store } = startMessaging(tempFolder(), { clock });
    for (let n = 1; n <= 5; n += 1) await journal.append(call(n));
    const webhook = (id: string, cursor: number, enabled: boolean) =>
      store.transactions.run(() =>
        store.webhooks.insert({
          id,
          origin: 'rest',
          url: 'http://127.0.0.1:1/',
          secret: 'whsec_',
          events: [],
          chats: [],
          headers: {},
          enabled,
          disabledReason: null,
          createdAt: 0,
          progress: progressFrom(cursor),
        }),
      );
    await webhook('slow', 2, true);
    await webhook('off', 0, false);
    await new Retention(store, DEFAULT_RETENTION, later(clock), silent).run();
    expect(store.journal.read(0, 10).map(({ seq }) => seq)).toEqual([3, 4, 5]);
  });
});

/** The same clock, read forty days later. */
function later(clock: SettlingClock): Clock {
  return { now: () => clock.now() + 40 * 24 * 3_600_000, schedule: (ms, work) => clock.schedule(ms, work) };
}

test.each([
  ['message', 'message', true],
  ['message', 'message.ack', false],
  ['message.*', 'message.ack', true],
  ['message.*', 'message', false],
  ['*', 'call', true],
  ['group.*', 'group.join', true],
  ['gro.*', 'group.join', false],
] as const)('the pattern %s and the event %s, %s', (pattern, type, expected) => {
  expect(matchesType(pattern, type)).toBe(expected);
});
