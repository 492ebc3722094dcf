import type { ServerResponse } from 'node:http';

import { Webhook as Verifier } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';

import { startReceiver } from '../support/receiver.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';
import { call, edited, seqs, startWebhooks, subscription } from '../support/webhooks.ts';

describe('delivery', () => {
  test('an event, posted as the journal has it, signed and verified by the reference library', async () => {
    const receiver = await startReceiver();
    const { webhooks, journal } = await startWebhooks(tempFolder());
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
    const { webhooks, journal } = await startWebhooks(tempFolder());
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
    const { webhooks, journal } = await startWebhooks(tempFolder());
    await webhooks.create(subscription({ url: receiver.url }));
    for (let n = 0; n < 3; n += 1) void journal.append(call(n));
    await waitFor(() => receiver.received.length >= 3, { timeoutMs: 10_000 });
    expect(seqs(receiver.received)).toEqual([1, 2, 3]);
  });

  test('a receiver that fails and asks to be tried again at once, is not', async () => {
    const receiver = await startReceiver((_received, response) => {
      response.writeHead(503, { 'retry-after': '0' }).end();
    });
    const { webhooks, journal, clock } = await startWebhooks(tempFolder(), {
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
    const { webhooks, journal } = await startWebhooks(tempFolder());
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
    const { webhooks, journal, stop } = await startWebhooks(tempFolder());
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
    const first = await startWebhooks(folder);
    const { id } = await first.webhooks.create(subscription({ url: receiver.url }));
    await first.journal.append(call(1));
    await waitFor(() => first.webhooks.get(id).progress.cursor === 1);
    await receiver.stop();
    await first.journal.append(call(2));
    await waitFor(() => first.webhooks.get(id).progress.attempts >= 2);
    await first.stop();

    const second = await startWebhooks(folder);
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
    const { webhooks, journal } = await startWebhooks(tempFolder());
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
    const { webhooks, journal } = await startWebhooks(tempFolder());
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
    const { webhooks, journal } = await startWebhooks(tempFolder());
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    await journal.append(call(1));
    await waitFor(() => webhooks.get(id).progress.cursor === 1);
  });
});
