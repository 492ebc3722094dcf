import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { createApp } from '../../src/http/app.ts';
import type { MessageSettings } from '../../src/messages/messages.ts';
import { MESSAGE_STATUSES } from '../../src/messages/message.ts';
import { DEFAULT_RETENTION, Retention } from '../../src/store/retention.ts';
import { FakeSession } from '../support/fake-session.ts';
import { silent, text } from '../support/messaging.ts';
import { pageMessaging } from '../support/page-messaging.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';

async function serve(settings: Partial<MessageSettings> = {}) {
  const folder = tempFolder();
  const core = pageMessaging(folder, settings);
  const app = createApp({
    session: new FakeSession(),
    apiKey: undefined,
    corsOrigins: [],
    trustProxy: false,
    log: silent,
    version: '0',
    publicDir: '/nowhere',
    messaging: core.border,
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const retry = async (id: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${base}/api/messages/${id}/retry`, { method: 'POST', headers });
    const body = (await response.json()) as {
      message?: { id: string; status: string; to: string };
      error?: { code: string };
    };
    return { response, body };
  };
  return { ...core, folder, base, retry };
}

test('a cancelled message, sent again, is a new one with the same content', async () => {
  const { outbox, retry, connect, transport } = await serve();
  const { message } = await outbox.accept(text('once more'));
  await outbox.cancel(message.id);
  const { response, body } = await retry(message.id);
  expect(response.status).toBe(202);
  expect(response.headers.get('location')).toBe(`/api/messages/${body.message!.id}`);
  expect(body.message).toMatchObject({ status: 'queued', to: message.to });
  expect(body.message!.id).not.toBe(message.id);
  connect();
  await waitFor(() => transport.texts().length > 0);
  expect(transport.texts()).toEqual(['once more']);
  expect(outbox.find(message.id)?.status).toBe('cancelled');
});

test('the same key, asked twice at once and once later, sends one message', async () => {
  const { outbox, retry } = await serve();
  const { message } = await outbox.accept(text('once'));
  await outbox.cancel(message.id);
  const headers = { 'Idempotency-Key': 'again' };
  const answers = await Promise.all([retry(message.id, headers), retry(message.id, headers)]);
  answers.push(await retry(message.id, headers));
  expect(new Set(answers.map(({ body }) => body.message!.id)).size).toBe(1);
  expect(answers.at(-1)!.response.headers.get('idempotency-replayed')).toBe('true');
  expect(outbox.counts()).toEqual({ cancelled: 1, queued: 1 });
});

test('a message that waits, asked to be sent again, is refused', async () => {
  const { outbox, retry } = await serve();
  const { message } = await outbox.accept(text('still here'));
  const { response, body } = await retry(message.id);
  expect([response.status, body.error?.code]).toEqual([409, 'wrong_state']);
  expect(outbox.counts()).toEqual({ queued: 1 });
});

test('a message that is not there, asked for, is not found', async () => {
  const { retry } = await serve();
  const { response, body } = await retry('msg_nothing');
  expect([response.status, body.error?.code]).toEqual([404, 'not_found']);
});

test('a number that WhatsApp does not know, tried again, is refused at once', async () => {
  const { outbox, retry, connect, transport } = await serve();
  transport.unknownNumbers.add('4915123456789');
  const { message } = await outbox.accept(text('nobody'));
  connect();
  await waitFor(() => outbox.find(message.id)?.status === 'failed');
  const { response, body } = await retry(message.id);
  expect([response.status, body.error?.code]).toEqual([422, 'unknown_number']);
});

test('the file of a cancelled message, after a clean-up, is still there to be sent', async () => {
  const { outbox, border, store, retry, clock, stop } = await serve();
  const { intake } = border.messages;
  const take = () => intake.take({ data: Buffer.from('a file').toString('base64'), mimetype: 'text/plain' });
  const { message } = await outbox.accept({ type: 'document', to: '+15550002222', media: await take() });
  await outbox.cancel(message.id);
  const later = { ...clock, now: () => Date.now() + 2 * 3_600_000 };
  await new Retention(store, DEFAULT_RETENTION, later, silent).run();
  expect((await retry(message.id)).response.status).toBe(202);
  await stop();
});

test('the file of a message, needed in every state from which that can be sent, and in no other', async () => {
  const { outbox, store } = await serve();
  const sha256 = 'b'.repeat(64);
  const media = { sha256, size: 1, mimetype: 'text/plain', filename: null };
  const { message } = await outbox.accept({ type: 'document', to: '+15550002222', media });
  const needed = await Promise.all(
    MESSAGE_STATUSES.map((status) =>
      store.transactions.run(() => {
        store.outbox.update({ ...message, status });
        return store.outbox.needsMedia(sha256) ? status : null;
      }),
    ),
  );
  expect(needed.filter((status) => status !== null)).toEqual([
    'queued',
    'sending',
    'failed',
    'expired',
    'cancelled',
  ]);
});

test('a message whose file is gone, tried again, is refused and says so', async () => {
  const { outbox, retry } = await serve();
  const media = { sha256: 'a'.repeat(64), size: 1, mimetype: 'text/plain', filename: null };
  const { message } = await outbox.accept({ type: 'document', to: '+15550002222', media });
  await outbox.cancel(message.id);
  const { response, body } = await retry(message.id);
  expect([response.status, body.error?.code]).toEqual([422, 'media_refused']);
});

test('a full queue, a file is refused with the time to wait and stored nowhere; a known key is answered', async () => {
  const { base, folder } = await serve({ queueLimit: 1 });
  const json = (to: string, headers: Record<string, string> = {}) =>
    fetch(`${base}/api/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({
        to,
        type: 'document',
        media: { data: Buffer.from(`for ${to}`).toString('base64'), mimetype: 'text/plain' },
      }),
    });
  const form = () => {
    const body = new FormData();
    body.set('to', '15550002222');
    body.set('type', 'document');
    body.set('media', new Blob(['another file']), 'a.txt');
    return fetch(`${base}/api/messages`, { method: 'POST', body });
  };
  const key = { 'idempotency-key': 'once' };
  expect((await json('15550002222', key)).status).toBe(202);
  const stored = () =>
    readdirSync(join(folder, 'media', 'outbox'), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    ).length;
  expect(stored()).toBe(1);
  for (const refused of [await form(), await json('15550003333', { 'idempotency-key': 'another' })]) {
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect(stored()).toBe(1);
  expect((await json('15550002222', key)).headers.get('idempotency-replayed')).toBe('true');
});
