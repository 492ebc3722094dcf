import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import express from 'express';
import { expect, onTestFinished, test } from 'vitest';

import { errorHandler } from '../../src/http/error-handler.ts';
import { messageActionRoutes, type MessageActionRoutesOptions } from '../../src/http/message-actions.ts';
import { requestId } from '../../src/http/request-id.ts';
import { InboundMedia } from '../../src/media/inbound.ts';
import { storageError } from '../../src/store/errors.ts';
import { silent } from '../support/messaging.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { eventually } from '../support/eventually.ts';

const MAX_BYTES = 1_000;

const BYTES = Buffer.from('0123456789');

/** `/api/media` over a folder of its own. @returns how to ask it, and its files */
async function serveMedia() {
  let fetched = 0;
  const inbound = new InboundMedia(
    tempFolder(),
    () => {
      fetched += 1;
      return Promise.resolve({ bytes: BYTES, mimetype: 'video/mp4', filename: 'a.mp4' });
    },
    storageError,
    MAX_BYTES,
  );
  const app = express();
  app.use(requestId);
  messageActionRoutes(app, { inbound } as unknown as MessageActionRoutesOptions);
  app.use(errorHandler(silent));
  const server = createServer(app);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const get = async (headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/media/m`, { headers });
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  return { get, inbound, fetched: () => fetched };
}

test('a file, asked for again and again, has one tag and no other time, so that a download can go on where it broke off', async () => {
  const { get } = await serveMedia();
  const first = await get();
  const tag = first.headers.get('etag') ?? '';
  expect(tag).toMatch(/^"[\w-]+"$/);
  expect(first.headers.get('last-modified')).toBeNull();
  expect((await get()).headers.get('etag')).toBe(tag);
  const rest = await get({ range: 'bytes=4-', 'if-range': tag });
  expect(rest).toMatchObject({ status: 206, body: '456789' });
  expect(rest.headers.get('content-range')).toBe('bytes 4-9/10');
  expect(await get({ range: 'bytes=4-', 'if-range': '"another"' })).toMatchObject({
    status: 200,
    body: '0123456789',
  });
});

test.each(['bytes=10-', 'bytes=3-1', 'bytes=-0'])(
  'a range that the file does not have (%s), 416 with its size in the form of errors',
  async (range) => {
    const { get } = await serveMedia();
    const { status, headers, body } = await get({ range });
    expect([status, headers.get('content-range')]).toEqual([416, 'bytes */10']);
    expect(JSON.parse(body)).toMatchObject({ success: false, error: { code: 'range_not_satisfiable' } });
    expect(headers.get('content-disposition')).toBeNull();
    expect(headers.get('etag')).toBeNull();
  },
);

test('a condition that does not hold, 412', async () => {
  const { get } = await serveMedia();
  const { status, body } = await get({ 'if-match': '"another"' });
  expect([status, JSON.parse(body)]).toMatchObject([412, { error: { code: 'precondition_failed' } }]);
});

test.each(['bytes=0-1,3-4', 'lines=1-2', 'bytes=x'])('%s, answered whole', async (range) => {
  const { get } = await serveMedia();
  expect(await get({ range })).toMatchObject({ status: 200, body: '0123456789' });
});

test('a file that a power cut has left empty, fetched anew', async () => {
  const { get, inbound, fetched } = await serveMedia();
  await get();
  writeFileSync((await inbound.get('m')).path, '');
  expect(await get()).toMatchObject({ status: 200, body: '0123456789' });
  expect(fetched()).toBe(2);
});

test('many files asked for at once, two are fetched at a time and each once; one that fails makes room for the next', async () => {
  const begun: { id: string; maxBytes: number; end: (error?: Error) => void }[] = [];
  let running = 0;
  let most = 0;
  const inbound = new InboundMedia(
    tempFolder(),
    (id, maxBytes) =>
      new Promise((resolve, reject) => {
        running += 1;
        most = Math.max(most, running);
        const end = (error?: Error) => {
          running -= 1;
          if (error !== undefined) reject(error);
          else resolve({ bytes: BYTES, mimetype: 'video/mp4', filename: id });
        };
        begun.push({ id, maxBytes, end });
      }),
    storageError,
    MAX_BYTES,
  );
  const ids = () => begun.map(({ id }) => id);
  const ask = (id: string) => inbound.get(id).catch((error: unknown) => error);
  const asked = [ask('a')];
  await eventually(ids).toEqual(['a']);
  asked.push(ask('b'));
  await eventually(ids).toEqual(['a', 'b']);
  asked.push(ask('c'), ask('d'), ask('a'));
  begun[1]!.end(new Error('no answer'));
  // Which of the two that wait comes first, is not told.
  await eventually(ids).toHaveLength(3);
  begun[0]!.end();
  begun[2]!.end();
  await eventually(() => ids().sort()).toEqual(['a', 'b', 'c', 'd']);
  begun[3]!.end();
  const answers = await Promise.all(asked);
  expect(answers.map((answer) => (answer instanceof Error ? answer.message : 'file'))).toEqual([
    'file',
    'no answer',
    'file',
    'file',
    'file',
  ]);
  expect(most).toBe(2);
  expect(begun.map(({ maxBytes }) => maxBytes)).toEqual([MAX_BYTES, MAX_BYTES, MAX_BYTES, MAX_BYTES]);
});

test('a clean-up of a folder in which others have left something, leaves that and does its work', async () => {
  const folder = tempFolder();
  const media = { bytes: BYTES, mimetype: 'video/mp4', filename: null };
  const inbound = new InboundMedia(folder, () => Promise.resolve(media), storageError, MAX_BYTES);
  await inbound.get('m');
  mkdirSync(join(folder, '@eaDir'));
  writeFileSync(join(folder, '.DS_Store'), 'x');
  await inbound.sweep(Date.now() + 60_000, 0);
  expect(readdirSync(folder).sort()).toEqual(['.DS_Store', '@eaDir']);
});
