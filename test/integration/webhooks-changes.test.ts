import { describe, expect, test } from 'vitest';

import { newSecret } from '../../src/webhooks/sign.ts';
import { startReceiver } from '../support/receiver.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';
import { call, seqs, startWebhooks, subscription } from '../support/webhooks.ts';

describe('subscriptions', () => {
  test('the one of the environment, made once, changed by it and by nobody else', async () => {
    const folder = tempFolder();
    const receiver = await startReceiver();
    const environment = { url: receiver.url, secret: newSecret(), events: ['call'] };
    const first = await startWebhooks(folder, { environment });
    await first.journal.append(call(1));
    const { id } = first.webhooks.list()[0]!;
    await waitFor(() => first.webhooks.get(id).progress.cursor === 1);
    await expect(first.webhooks.remove(id)).rejects.toMatchObject({ code: 'wrong_state' });
    await expect(first.webhooks.change(id, { enabled: false })).rejects.toMatchObject({
      code: 'wrong_state',
    });
    await first.stop();
    const second = await startWebhooks(folder, { environment: { ...environment, events: [] } });
    expect(second.webhooks.list()).toMatchObject([{ id, events: [], progress: { cursor: 1 } }]);
  });

  test('a start without WEBHOOK_URL, switches it off and says so; with it again it goes on where it was', async () => {
    const folder = tempFolder();
    const receiver = await startReceiver(({ event }, response) => {
      response.writeHead(event.seq === 1 ? 422 : 200).end();
    });
    const environment = { url: receiver.url, secret: newSecret(), events: ['call'] };
    const first = await startWebhooks(folder, { environment });
    const { id } = first.webhooks.list()[0]!;
    await first.journal.append(call(1));
    await first.journal.append(call(2));
    await waitFor(() => first.webhooks.get(id).progress.cursor === 2);
    await first.stop();

    const second = await startWebhooks(folder);
    await second.journal.append(call(3));
    expect(second.webhooks.list()).toMatchObject([{ id, enabled: false, progress: { cursor: 2 } }]);
    expect(second.webhooks.get(id).disabledReason).toContain('WEBHOOK_URL');
    expect(second.webhooks.deadLetterCount(id)).toBe(1);
    await expect(second.webhooks.change(id, { enabled: true })).rejects.toMatchObject({
      code: 'wrong_state',
    });
    await second.stop();

    const before = receiver.received.length;
    const third = await startWebhooks(folder, { environment });
    await waitFor(() => third.webhooks.get(id).progress.cursor === 3);
    expect(third.webhooks.get(id)).toMatchObject({ enabled: true, disabledReason: null });
    expect(third.webhooks.deadLetterCount(id)).toBe(1);
    expect(seqs(receiver.received.slice(before))).toEqual([3]);
  });

  test('the one of the environment at another address, gets there what the old one has not taken, and at once', async () => {
    const folder = tempFolder();
    const old = await startReceiver((_received, response) => response.writeHead(503).end());
    const environment = { url: old.url, secret: newSecret(), events: [] };
    const retry = { firstPauseMs: 3_600_000, longestPauseMs: 3_600_000 };
    const first = await startWebhooks(folder, { environment, retry });
    const { id } = first.webhooks.list()[0]!;
    await first.journal.append(call(1));
    await waitFor(() => first.webhooks.get(id).progress.attempts === 1);
    await first.stop();
    const moved = await startReceiver();
    const second = await startWebhooks(folder, { environment: { ...environment, url: moved.url }, retry });
    await waitFor(() => second.webhooks.get(id).progress.cursor === 1);
    expect(seqs(moved.received)).toEqual([1]);
  });

  test('the one of an environment that names none any more, removed by a call; the next one begins anew', async () => {
    const folder = tempFolder();
    const receiver = await startReceiver();
    const environment = { url: receiver.url, secret: newSecret(), events: [] };
    await (await startWebhooks(folder, { environment })).stop();
    const second = await startWebhooks(folder);
    await second.journal.append(call(1));
    await second.webhooks.remove(second.webhooks.list()[0]!.id);
    expect(second.webhooks.list()).toEqual([]);
    await second.stop();
    const third = await startWebhooks(folder, { environment });
    expect(third.webhooks.list()).toMatchObject([{ progress: { cursor: 1 } }]);
  });

  test('removed, nothing more arrives and its dead letters are gone', async () => {
    const receiver = await startReceiver((_received, response) => response.writeHead(400).end());
    const { webhooks, journal, store } = await startWebhooks(tempFolder(), { retry: { refusedAttempts: 1 } });
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    await journal.append(call(1));
    await waitFor(() => webhooks.deadLetterCount(id) === 1);
    await webhooks.remove(id);
    expect(() => webhooks.get(id)).toThrow('no webhook');
    expect(store.webhooks.deadLetterCount(id)).toBe(0);
  });

  test('changed by two at once, both succeed one after the other', async () => {
    const { webhooks } = await startWebhooks(tempFolder());
    const { id } = await webhooks.create(subscription({ url: 'http://127.0.0.1:9/' }));
    await Promise.all([webhooks.change(id, { events: ['call'] }), webhooks.change(id, { enabled: false })]);
    expect(webhooks.get(id)).toMatchObject({ events: ['call'], enabled: false });
  });

  test('many asked for at once, fifty made and the rest refused', async () => {
    const { webhooks, store } = await startWebhooks(tempFolder());
    const request = subscription({ url: 'http://127.0.0.1:9/' });
    const made = await Promise.allSettled(Array.from({ length: 60 }, () => webhooks.create(request)));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
    expect(made.at(-1)).toMatchObject({ reason: { code: 'wrong_state' } });
    expect(store.webhooks.all()).toHaveLength(50);
  });

  test('made or changed while everything stops, written down and begun at the next start only', async () => {
    const folder = tempFolder();
    const receiver = await startReceiver();
    const first = await startWebhooks(folder);
    const { id } = await first.webhooks.create(subscription({ url: 'http://127.0.0.1:9/', enabled: false }));
    const changed = first.webhooks.change(id, { url: receiver.url, enabled: true });
    const made = first.webhooks.create(subscription({ url: receiver.url }));
    await first.webhooks.stop();
    await first.journal.append(call(1));
    await Promise.all([changed, made]);
    await first.journal.append(call(2));
    expect(first.webhooks.list()).toEqual([]);
    expect(receiver.received).toEqual([]);
    await first.stop();
    const second = await startWebhooks(folder);
    await waitFor(() => second.webhooks.list().every(({ progress }) => progress.cursor === 2));
    expect(seqs(receiver.received).toSorted()).toEqual([1, 1, 2, 2]);
  });
});
