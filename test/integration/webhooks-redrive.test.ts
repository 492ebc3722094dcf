import { describe, expect, test, vi } from 'vitest';

import { startReceiver } from '../support/receiver.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';
import { call, seqs, startWebhooks, subscription } from '../support/webhooks.ts';

/** A webhook with dead letters of the events 1 to `count`, and a receiver that takes everything from now on. */
async function startWithDeadLetters(count: number) {
  const folder = tempFolder();
  let answer: number | null = 400;
  const receiver = await startReceiver((_received, response) => {
    if (answer !== null) response.writeHead(answer).end();
  });
  const running = await startWebhooks(folder, { retry: { refusedAttempts: 1 } });
  const { webhooks, journal } = running;
  const { id } = await webhooks.create(subscription({ url: receiver.url }));
  for (let n = 0; n < count; n += 1) await journal.append(call(n));
  await waitFor(() => webhooks.deadLetterCount(id) === count);
  const before = receiver.received.length;
  answer = 200;
  return {
    ...running,
    id,
    redriven: () => receiver.received.slice(before),
    /** What it answers from now on; null: nothing. */
    answerWith: (status: number | null) => void (answer = status),
  };
}

const EVERYTHING = { refused: 0, remaining: 0, error: null, next: null };

describe('redrive', () => {
  test.each([
    ['refused once more, is passed over', 400, [1, 2, 4], { refused: 1, remaining: 1, next: null }],
    ['met by a receiver that is broken, keeps the rest', 503, [1, 2], { refused: 0, remaining: 2, next: 2 }],
  ])(
    'dead letters, arrive with their old id and are gone; one %s',
    async (_what, status, arrived, result) => {
      let healthy = false;
      const receiver = await startReceiver(({ event }, response) => {
        response.writeHead(!healthy ? 400 : event.seq === 3 ? status : 200).end();
      });
      const { webhooks, journal } = await startWebhooks(tempFolder(), { retry: { refusedAttempts: 1 } });
      const { id } = await webhooks.create(subscription({ url: receiver.url }));
      for (let n = 0; n < 4; n += 1) await journal.append(call(n));
      await waitFor(() => webhooks.deadLetterCount(id) === 4);
      healthy = true;
      const before = receiver.received.length;
      expect(await webhooks.redrive(id)).toEqual({
        delivered: arrived.length,
        error: `The receiver answered ${status}`,
        ...result,
      });
      const redriven = receiver.received.slice(before).filter(({ event }) => arrived.includes(event.seq));
      expect(redriven.map(({ headers }) => headers['webhook-id'])).toEqual(
        journal.read(0, 4).flatMap((event) => (arrived.includes(event.seq) ? [event.id] : [])),
      );
    },
  );

  test('more of them than one call delivers, those at the front refused: the next call goes on after them', async () => {
    const { webhooks, id, redriven, answerWith } = await startWithDeadLetters(103);
    answerWith(400);
    const first = await webhooks.redrive(id);
    expect(first).toEqual({
      delivered: 0,
      refused: 100,
      remaining: 103,
      error: 'The receiver answered 400',
      next: webhooks.deadLetters(id, 0, 100).at(-1)?.seq,
    });
    answerWith(200);
    expect(await webhooks.redrive(id, first.next ?? 0)).toEqual({
      ...EVERYTHING,
      delivered: 3,
      remaining: 100,
    });
    expect(seqs(redriven()).slice(100)).toEqual([101, 102, 103]);
  });

  test('asked for twice at once, delivered once; the second is told that one is under way', async () => {
    const { webhooks, id, redriven } = await startWithDeadLetters(5);
    const [first, second] = await Promise.allSettled([webhooks.redrive(id), webhooks.redrive(id)]);
    expect(first).toMatchObject({ value: { delivered: 5, remaining: 0, error: null } });
    expect(second).toMatchObject({ reason: { code: 'wrong_state' } });
    expect(seqs(redriven())).toEqual([1, 2, 3, 4, 5]);
    expect(await webhooks.redrive(id)).toEqual({ ...EVERYTHING, delivered: 0 });
  });

  test('the disk is full in the middle, what was delivered is not delivered again', async () => {
    const { webhooks, id, store, redriven } = await startWithDeadLetters(3);
    const full = vi.spyOn(store.transactions, 'run').mockRejectedValueOnce(new Error('full'));
    await expect(webhooks.redrive(id)).rejects.toThrow('full');
    full.mockRestore();
    expect(await webhooks.redrive(id)).toEqual({ ...EVERYTHING, delivered: 3 });
    expect(seqs(redriven())).toEqual([1, 2, 3]);
  });

  test('of a webhook that is switched off, refused and nothing is posted', async () => {
    const { webhooks, id, redriven } = await startWithDeadLetters(2);
    await webhooks.change(id, { enabled: false });
    await expect(webhooks.redrive(id)).rejects.toMatchObject({
      code: 'wrong_state',
      action: expect.stringContaining('enabled') as string,
    });
    expect(redriven()).toEqual([]);
    expect(webhooks.deadLetterCount(id)).toBe(2);
  });

  test('the webhook is changed meanwhile, broken off without a loss; asked for again, it goes on', async () => {
    const { webhooks, id, redriven, answerWith } = await startWithDeadLetters(3);
    answerWith(null);
    const first = webhooks.redrive(id);
    await waitFor(() => redriven().length === 1);
    answerWith(200);
    await webhooks.change(id, { events: ['call'] });
    expect(await first).toMatchObject({ delivered: 0, remaining: 3, error: expect.any(String) as string });
    expect(await webhooks.redrive(id)).toEqual({ ...EVERYTHING, delivered: 3 });
  });

  test('everything stops meanwhile, waited for, so that what was delivered is off the list', async () => {
    const { webhooks, id, redriven, answerWith } = await startWithDeadLetters(3);
    answerWith(null);
    let over = false;
    const redrive = webhooks.redrive(id).finally(() => (over = true));
    await waitFor(() => redriven().length === 1);
    await webhooks.stop();
    expect(over).toBe(true);
    expect(await redrive).toMatchObject({ delivered: 0, remaining: 3 });
  });
});
