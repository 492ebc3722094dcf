import type { ServerResponse } from 'node:http';

import { Webhook as Verifier } from 'standardwebhooks';
import { describe, expect, onTestFinished, test } from 'vitest';

import type { Clock } from '../../src/clock.ts';
import type { EventInput } from '../../src/events/event.ts';
import { postWithFetch } from '../../src/webhooks/post.ts';
import type { RetrySettings } from '../../src/webhooks/retry.ts';
import { newWebhookSchema, type NewWebhook } from '../../src/webhooks/schema.ts';
import { newSecret } from '../../src/webhooks/sign.ts';
import { Webhooks, type EnvironmentWebhook } from '../../src/webhooks/webhooks.ts';
import { silent, startMessaging } from '../support/messaging.ts';
import { startReceiver } from '../support/receiver.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const RETRY: RetrySettings = {
  firstPauseMs: 20,
  longestPauseMs: 100,
  giveUpAfterMs: 3_600_000,
  refusedAttempts: 3,
  refusedForMs: 0,
  refusedAgainWithinMs: 24 * 3_600_000,
};

const HOURS_6 = 6 * 3_600_000;

/** Real time, shifted: it runs by itself and can be moved ahead. */
class ShiftedClock implements Clock {
  shiftMs = 0;
  now(): number {
    return Date.now() + this.shiftMs;
  }
  schedule(ms: number, callback: () => void): () => void {
    const timer = setTimeout(callback, ms);
    return () => {
      clearTimeout(timer);
    };
  }
}

async function start(
  folder: string,
  options: { environment?: EnvironmentWebhook; retry?: Partial<RetrySettings>; clock?: Clock } = {},
) {
  const clock = options.clock ?? new ShiftedClock();
  const core = startMessaging(folder, { clock });
  const webhooks = new Webhooks({
    rows: core.store.webhooks,
    transactions: core.store.transactions,
    journal: core.journal,
    post: postWithFetch,
    clock,
    random: () => 0.5,
    log: silent,
    retry: { ...RETRY, ...options.retry },
    version: '0.0.0',
  });
  await webhooks.start(options.environment ?? null);
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await webhooks.stop();
    await core.stop();
  };
  onTestFinished(stop);
  return { ...core, webhooks, clock, stop };
}

const subscription = (request: Partial<NewWebhook> & { url: string }) => newWebhookSchema.parse(request);

function call(n: number): EventInput {
  const timestamp = new Date().toISOString();
  const data = { id: `${n}`, from: null, isVideo: false, isGroup: false, fromMe: false, timestamp };
  return { type: 'call', key: `${n}`, at: Date.now(), data };
}

function edited(n: number, chatId: string): EventInput {
  const timestamp = new Date().toISOString();
  const data = { messageId: `m${n}`, chatId, body: 'b', previousBody: null, timestamp };
  return { type: 'message.edited', key: `${n}`, at: Date.now(), data };
}

const seqs = (received: readonly { event: { seq: number } }[]) => received.map(({ event }) => event.seq);

describe('delivery', () => {
  test('an event, posted as the journal has it, signed and verified by the reference library', async () => {
    const receiver = await startReceiver();
    const { webhooks, journal } = await start(tempFolder());
    const { secret } = await webhooks.create(
      subscription({ url: receiver.url, headers: { 'X-Own': 'yes' } }),
    );
    const event = await journal.append(call(1));
    const [got] = await waitFor(() => (receiver.received.length > 0 ? receiver.received : null));
    expect(new Verifier(secret).verify(got!.body, got!.headers as Record<string, string>)).toEqual(event);
    expect(got!.headers).toMatchObject({
      'webhook-id': event!.id,
      'x-own': 'yes',
      'content-type': 'application/json',
    });
  });

  test('own headers, take the place of what the gateway would say, and are sent once', async () => {
    const receiver = await startReceiver();
    const { webhooks, journal } = await start(tempFolder());
    await webhooks.create(subscription({ url: receiver.url, headers: { 'User-Agent': 'mine' } }));
    await journal.append(call(1));
    const [got] = await waitFor(() => (receiver.received.length > 0 ? receiver.received : null));
    expect(got!.headers['user-agent']).toBe('mine');
  });

  test.each([
    ['never ends its answer', (response: ServerResponse) => void response.write('a')],
    ['breaks its answer off', (response: ServerResponse) => response.write('a', () => response.destroy())],
    ['answers without end', (response: ServerResponse) => void response.write('a'.repeat(1_000_000))],
  ])('a receiver that says 200 and %s, has taken the event', async (_what, go) => {
    const receiver = await startReceiver((_received, response) => {
      response.writeHead(200);
      go(response);
    });
    const { webhooks, journal } = await start(tempFolder());
    await webhooks.create(subscription({ url: receiver.url }));
    for (let n = 0; n < 3; n += 1) void journal.append(call(n));
    await waitFor(() => receiver.received.length >= 3, { timeoutMs: 10_000 });
    expect(seqs(receiver.received)).toEqual([1, 2, 3]);
  });

  test('a receiver that fails and asks to be tried again at once, is not', async () => {
    const receiver = await startReceiver((_received, response) => {
      response.writeHead(503, { 'retry-after': '0' }).end();
    });
    const { webhooks, journal, clock } = await start(tempFolder(), {
      retry: { firstPauseMs: 600_000, longestPauseMs: 600_000 },
    });
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    await journal.append(call(1));
    const { nextAttemptAt } = await waitFor(() => {
      const { progress } = webhooks.get(id);
      return progress.attempts > 0 ? progress : null;
    });
    expect(nextAttemptAt! - clock.now()).toBeGreaterThan(200_000);
    expect(receiver.received).toHaveLength(1);
  });

  test('a burst to a receiver that fails now and then, all in order and none left out', async () => {
    let calls = 0;
    const receiver = await startReceiver((_received, response) => {
      calls += 1;
      response.writeHead(calls % 7 === 0 ? 503 : 200).end();
    });
    const { webhooks, journal } = await start(tempFolder());
    await webhooks.create(subscription({ url: receiver.url }));
    for (let n = 0; n < 60; n += 1) void journal.append(call(n));
    await waitFor(() => receiver.received.at(-1)?.event.seq === 60 && calls % 7 !== 0);
    const order = seqs(receiver.received).filter((seq, index, all) => seq !== all[index - 1]);
    expect(order).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
    expect(receiver.received.length).toBeGreaterThan(60);
  });

  test('a receiver that hangs, others get everything meanwhile', async () => {
    const dead = await startReceiver(() => undefined);
    const alive = await startReceiver();
    const { webhooks, journal, stop } = await start(tempFolder());
    await webhooks.create(subscription({ url: dead.url }));
    await webhooks.create(subscription({ url: alive.url }));
    for (let n = 0; n < 50; n += 1) void journal.append(call(n));
    await waitFor(() => alive.received.length === 50);
    expect(dead.received).toHaveLength(1);
    await stop();
  });

  test('the process stops while the receiver is down, and goes on where it was', async () => {
    const folder = tempFolder();
    const receiver = await startReceiver();
    const first = await start(folder);
    const { id } = await first.webhooks.create(subscription({ url: receiver.url }));
    await first.journal.append(call(1));
    await waitFor(() => first.webhooks.get(id).progress.cursor === 1);
    await receiver.stop();
    await first.journal.append(call(2));
    await waitFor(() => first.webhooks.get(id).progress.attempts >= 2);
    await first.stop();

    const second = await start(folder);
    expect(second.webhooks.get(id).progress).toMatchObject({
      cursor: 1,
      failingSince: expect.any(Number) as number,
    });
    const back = await startReceiver();
    await second.webhooks.change(id, { url: back.url });
    await waitFor(() => back.received.length === 1);
    expect(seqs(back.received)).toEqual([2]);
    await waitFor(() => second.webhooks.get(id).progress.failingSince === null);
  });

  test('filters by event and by chat, only what is wanted and nothing of before', async () => {
    const receiver = await startReceiver();
    const { webhooks, journal } = await start(tempFolder());
    const chat = '4915123456789@c.us';
    await journal.append(edited(0, chat));
    const { id } = await webhooks.create(
      subscription({ url: receiver.url, events: ['message.*'], chats: [chat] }),
    );
    await journal.append(call(1));
    await journal.append(edited(2, chat));
    await journal.append(edited(3, '4915187654321@c.us'));
    await journal.append(edited(4, chat));
    await waitFor(() => webhooks.get(id).progress.cursor === 5);
    expect(seqs(receiver.received)).toEqual([3, 5]);
  });

  test('a redirect, not followed', async () => {
    const other = await startReceiver();
    const receiver = await startReceiver((_received, response) => {
      response.writeHead(307, { location: other.url }).end();
    });
    const { webhooks, journal } = await start(tempFolder());
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    await journal.append(call(1));
    await waitFor(() => webhooks.get(id).progress.attempts >= 2);
    expect(webhooks.get(id).progress.lastError).toBe('The receiver answered 307');
    expect(other.received).toEqual([]);
  });

  test('an endless answer, left alone after a bounded part', async () => {
    const receiver = await startReceiver((_received, response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(16_384);
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
    });
    const { webhooks, journal } = await start(tempFolder());
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    await journal.append(call(1));
    await waitFor(() => webhooks.get(id).progress.cursor === 1);
  });
});

describe('giving up', () => {
  test('an event that the receiver refuses, dead after a few attempts and the next gets through', async () => {
    const receiver = await startReceiver(({ event }, response) => {
      response.writeHead(event.seq === 1 ? 422 : 200).end();
    });
    const { webhooks, journal } = await start(tempFolder());
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    const refused = await journal.append(call(1));
    await journal.append(call(2));
    await waitFor(() => webhooks.get(id).progress.cursor === 2);
    expect(seqs(receiver.received)).toEqual([1, 1, 1, 2]);
    expect(webhooks.deadLetters(id, 0, 10)).toMatchObject([
      { event: refused, attempts: 3, lastError: 'The receiver answered 422' },
    ]);
  });

  test.each([
    ['after failures of another kind', [503, 503, 503, 422]],
    ['with failures of another kind in between', [422, 422, 503, 422, 422]],
  ])('refusals %s, too few in a row to be dead', async (_what, answers) => {
    const left = [...answers];
    const receiver = await startReceiver((_received, response) =>
      response.writeHead(left.shift() ?? 200).end(),
    );
    const { webhooks, journal } = await start(tempFolder());
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    await journal.append(call(1));
    await waitFor(() => webhooks.get(id).progress.cursor === 1);
    expect(webhooks.deadLetterCount(id)).toBe(0);
    expect(receiver.received).toHaveLength(answers.length + 1);
  });

  test('a receiver that is configured wrongly for a while, nothing lost however often it refuses', async () => {
    let refusals = 0;
    const receiver = await startReceiver((_received, response) =>
      response.writeHead((refusals += 1) <= 8 ? 400 : 200).end(),
    );
    const { webhooks, journal } = await start(tempFolder(), { retry: { refusedForMs: HOURS_6 } });
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    for (let n = 0; n < 3; n += 1) await journal.append(call(n));
    await waitFor(() => webhooks.get(id).progress.cursor === 3);
    expect(webhooks.deadLetterCount(id)).toBe(0);
  });

  test('an event that is refused for hours, across a restart, dead; the next ones are not waited for as long', async () => {
    const folder = tempFolder();
    const receiver = await startReceiver(({ event }, response) => {
      response.writeHead(event.seq < 4 ? 422 : 200).end();
    });
    const retry = { refusedForMs: HOURS_6 };
    const first = await start(folder, { retry });
    const { id } = await first.webhooks.create(subscription({ url: receiver.url }));
    for (let n = 0; n < 4; n += 1) await first.journal.append(call(n));
    await waitFor(() => first.webhooks.get(id).progress.attempts >= 5);
    expect(first.webhooks.deadLetterCount(id)).toBe(0);
    await first.stop();

    const clock = new ShiftedClock();
    clock.shiftMs = HOURS_6;
    const before = receiver.received.length;
    const second = await start(folder, { retry, clock });
    await waitFor(() => second.webhooks.get(id).progress.cursor === 4);
    expect(second.webhooks.deadLetterCount(id)).toBe(3);
    expect(seqs(receiver.received.slice(before))).toEqual([1, 2, 2, 2, 3, 3, 3, 4]);
  });

  test('a receiver that is away for longer than allowed, old events die together and fresh ones are tried on', async () => {
    const clock = new ShiftedClock();
    const receiver = await startReceiver((_received, response) => response.writeHead(500).end());
    const { webhooks, journal } = await start(tempFolder(), { clock });
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    for (let n = 0; n < 20; n += 1) await journal.append(call(n));
    await waitFor(() => webhooks.get(id).progress.attempts >= 1);
    clock.shiftMs = 2 * 3_600_000;
    const fresh = { ...call(99), at: clock.now() };
    await journal.append(fresh);
    await waitFor(() => webhooks.get(id).progress.cursor === 20);
    expect(webhooks.deadLetterCount(id)).toBe(20);
    await waitFor(() => receiver.received.at(-1)?.event.seq === 21);
    expect(webhooks.deadLetterCount(id)).toBe(20);
  });

  test('redriven, dead letters arrive with their old id and are gone; a failure keeps the rest', async () => {
    let healthy = false;
    const receiver = await startReceiver(({ event }, response) => {
      response.writeHead(healthy && event.seq !== 3 ? 200 : 400).end();
    });
    const { webhooks, journal } = await start(tempFolder(), { retry: { refusedAttempts: 1 } });
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    for (let n = 0; n < 4; n += 1) await journal.append(call(n));
    await waitFor(() => webhooks.deadLetterCount(id) === 4);
    healthy = true;
    const before = receiver.received.length;
    expect(await webhooks.redrive(id)).toEqual({
      delivered: 2,
      remaining: 2,
      error: 'The receiver answered 400',
    });
    const redriven = receiver.received.slice(before);
    expect(redriven.map(({ headers }) => headers['webhook-id'])).toEqual(
      journal.read(0, 3).map((event) => event.id),
    );
  });

  test('410, switched off with the reason; switched on again, what was missed arrives', async () => {
    let gone = true;
    const receiver = await startReceiver((_received, response) => response.writeHead(gone ? 410 : 200).end());
    const { webhooks, journal } = await start(tempFolder());
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    await journal.append(call(1));
    await waitFor(() => !webhooks.get(id).enabled);
    expect(webhooks.get(id).disabledReason).toContain('410');
    await journal.append(call(2));
    gone = false;
    await webhooks.change(id, { enabled: true });
    await waitFor(() => webhooks.get(id).progress.cursor === 2);
    expect(seqs(receiver.received)).toEqual([1, 1, 2]);
  });

  test('a receiver that asks to be left alone, left alone for that long', async () => {
    const receiver = await startReceiver((_received, response) =>
      response.writeHead(429, { 'retry-after': '60' }).end(),
    );
    const { webhooks, journal, clock } = await start(tempFolder(), { retry: { longestPauseMs: 120_000 } });
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    await journal.append(call(1));
    const { nextAttemptAt } = await waitFor(() => {
      const { progress } = webhooks.get(id);
      return progress.attempts === 1 ? progress : null;
    });
    expect(nextAttemptAt! - clock.now()).toBeGreaterThan(50_000);
  });
});

describe('subscriptions', () => {
  test('the one of the environment, made once, changed by it and by nobody else, and gone with it', async () => {
    const folder = tempFolder();
    const receiver = await startReceiver();
    const environment = { url: receiver.url, secret: newSecret(), events: ['call'] };
    const first = await start(folder, { environment });
    await first.journal.append(call(1));
    const { id } = first.webhooks.list()[0]!;
    await waitFor(() => first.webhooks.get(id).progress.cursor === 1);
    await expect(first.webhooks.remove(id)).rejects.toMatchObject({ code: 'wrong_state' });
    await expect(first.webhooks.change(id, { enabled: false })).rejects.toMatchObject({
      code: 'wrong_state',
    });
    await first.stop();
    const second = await start(folder, { environment: { ...environment, events: [] } });
    expect(second.webhooks.list()).toMatchObject([{ id, events: [], progress: { cursor: 1 } }]);
    await second.stop();
    const third = await start(folder);
    expect(third.webhooks.list()).toEqual([]);
  });

  test('removed, nothing more arrives and its dead letters are gone', async () => {
    const receiver = await startReceiver((_received, response) => response.writeHead(400).end());
    const { webhooks, journal, store } = await start(tempFolder(), { retry: { refusedAttempts: 1 } });
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    await journal.append(call(1));
    await waitFor(() => webhooks.deadLetterCount(id) === 1);
    await webhooks.remove(id);
    expect(() => webhooks.get(id)).toThrow('no webhook');
    expect(store.webhooks.deadLetterCount(id)).toBe(0);
  });

  test('changed by two at once, both succeed one after the other', async () => {
    const { webhooks } = await start(tempFolder());
    const { id } = await webhooks.create(subscription({ url: 'http://127.0.0.1:9/' }));
    await Promise.all([webhooks.change(id, { events: ['call'] }), webhooks.change(id, { enabled: false })]);
    expect(webhooks.get(id)).toMatchObject({ events: ['call'], enabled: false });
  });
});
