import { describe, expect, test } from 'vitest';

import { startReceiver } from '../support/receiver.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';
import { call, HOUR, seqs, ShiftedClock, startWebhooks, subscription } from '../support/webhooks.ts';

describe('giving up', () => {
  test('an event that the receiver refuses, dead after a few attempts and the next gets through', async () => {
    const receiver = await startReceiver(({ event }, response) => {
      response.writeHead(event.seq === 1 ? 422 : 200).end();
    });
    const { webhooks, journal } = await startWebhooks(tempFolder());
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
    const { webhooks, journal } = await startWebhooks(tempFolder());
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
    const { webhooks, journal } = await startWebhooks(tempFolder(), { retry: { refusedForMs: 6 * HOUR } });
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
    const retry = { refusedForMs: 6 * HOUR };
    const first = await startWebhooks(folder, { retry });
    const { id } = await first.webhooks.create(subscription({ url: receiver.url }));
    for (let n = 0; n < 4; n += 1) await first.journal.append(call(n));
    await waitFor(() => first.webhooks.get(id).progress.attempts >= 5);
    expect(first.webhooks.deadLetterCount(id)).toBe(0);
    await first.stop();

    const clock = new ShiftedClock();
    clock.shiftMs = 6 * HOUR;
    const before = receiver.received.length;
    const second = await startWebhooks(folder, { retry, clock });
    await waitFor(() => second.webhooks.get(id).progress.cursor === 4);
    expect(second.webhooks.deadLetterCount(id)).toBe(3);
    expect(seqs(receiver.received.slice(before))).toEqual([1, 2, 2, 2, 3, 3, 3, 4]);
  });

  test('a receiver that is away for longer than allowed, old events die together and fresh ones are tried on', async () => {
    const clock = new ShiftedClock();
    const receiver = await startReceiver((_received, response) => response.writeHead(500).end());
    const { webhooks, journal } = await startWebhooks(tempFolder(), { clock });
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    for (let n = 0; n < 20; n += 1) await journal.append(call(n));
    await waitFor(() => webhooks.get(id).progress.attempts >= 1);
    clock.shiftMs = 2 * HOUR;
    const fresh = { ...call(99), at: clock.now() };
    await journal.append(fresh);
    await waitFor(() => webhooks.get(id).progress.cursor === 20);
    expect(webhooks.deadLetterCount(id)).toBe(20);
    await waitFor(() => receiver.received.at(-1)?.event.seq === 21);
    expect(webhooks.deadLetterCount(id)).toBe(20);
  });

  test('an event that is found after an absence, old but written down only now, tried like a fresh one', async () => {
    const clock = new ShiftedClock();
    const receiver = await startReceiver((_received, response) => response.writeHead(500).end());
    const { webhooks, journal } = await startWebhooks(tempFolder(), { clock });
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    const happenedAt = clock.now();
    await journal.append(call(1));
    await waitFor(() => webhooks.get(id).progress.attempts >= 1);
    clock.shiftMs = 2 * HOUR;
    await journal.append({ ...call(2), at: happenedAt, replayed: true });
    await waitFor(() => webhooks.get(id).progress.cursor === 1);
    await waitFor(() => receiver.received.at(-1)?.event.seq === 2);
    expect(webhooks.deadLetters(id, 0, 10).map(({ event }) => event.seq)).toEqual([1]);
  });

  test('a receiver that was switched off for long and fails once, not at its end at once', async () => {
    const clock = new ShiftedClock();
    let status = 410;
    const receiver = await startReceiver((_received, response) => response.writeHead(status).end());
    const { webhooks, journal } = await startWebhooks(tempFolder(), { clock });
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    for (let n = 0; n < 3; n += 1) await journal.append(call(n));
    await waitFor(() => !webhooks.get(id).enabled);
    clock.shiftMs = 2 * HOUR;
    status = 503;
    await webhooks.change(id, { enabled: true });
    await waitFor(() => webhooks.get(id).progress.attempts >= 2);
    expect(webhooks.deadLetterCount(id)).toBe(0);
  });

  test('410, switched off with the reason; switched on again, what was missed arrives', async () => {
    let gone = true;
    const receiver = await startReceiver((_received, response) => response.writeHead(gone ? 410 : 200).end());
    const { webhooks, journal } = await startWebhooks(tempFolder());
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
    const { webhooks, journal, clock } = await startWebhooks(tempFolder(), {
      retry: { longestPauseMs: 120_000 },
    });
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    await journal.append(call(1));
    const { nextAttemptAt } = await waitFor(() => {
      const { progress } = webhooks.get(id);
      return progress.attempts === 1 ? progress : null;
    });
    expect(nextAttemptAt! - clock.now()).toBeGreaterThan(50_000);
  });
});
