import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { eventually } from '../support/eventually.ts';
import { serveUnlinkedApp } from '../support/serve-unlinked.ts';

const TO = '+15550002222';
const FILE = new Blob([Buffer.from('89504e47', 'hex')], { type: 'image/png' });

async function serve() {
  const { base, folder } = await serveUnlinkedApp();
  return {
    base,
    post: (body: FormData | object, key?: string) =>
      fetch(`${base}/api/messages`, {
        method: 'POST',
        headers: {
          ...(key !== undefined && { 'Idempotency-Key': key }),
          ...(!(body instanceof FormData) && { 'Content-Type': 'application/json' }),
        },
        body: body instanceof FormData ? body : JSON.stringify(body),
      }),
    files: () =>
      readdirSync(join(folder, 'media', 'outbox'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name),
  };
}

function form(fields: Record<string, string>, after: Record<string, string> = {}): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  body.set('media', FILE, 'photo.png');
  for (const [name, value] of Object.entries(after)) body.set(name, value);
  return body;
}

test.each<[string, FormData | object]>([
  ['a form with a wrong field', form({ to: TO, type: 'image', ttl: 'soon' })],
  ['a form with an unknown field', form({ to: TO, type: 'image', colour: 'red' })],
  ['a form to nobody', form({ to: 'nobody', type: 'image' })],
  ['a form with a bad mention', form({ to: TO, type: 'image', mentions: '["nobody"]' })],
  ['a form whose field after the file is too long', form({ to: TO }, { caption: 'a'.repeat(1_100_000) })],
  [
    'a form whose fields are too long together',
    form({ to: TO }, { one: 'a'.repeat(600_000), two: 'b'.repeat(600_000) }),
  ],
  [
    'base64 with a bad mention',
    { to: TO, type: 'image', mentions: ['nobody'], media: { data: 'iVBORw==', mimetype: 'image/png' } },
  ],
])('%s, refused, leaves no file', async (_name, body) => {
  const { post, files } = await serve();
  const response = await post(body);
  expect([400, 422]).toContain(response.status);
  await eventually(files).toEqual([]);
});

test.each([
  ['has come whole', '\r\n--b--\r\n'],
  ['is still coming', ''],
])(
  'a form that is refused before its file, which %s, leaves neither a file nor an open one',
  async (_what, end) => {
    const { base, post, files } = await serve();
    const refused = httpRequest(`${base}/api/messages`, {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
    });
    const field = '--b\r\nContent-Disposition: form-data; name="__proto__"\r\n\r\nx\r\n';
    const file = '--b\r\nContent-Disposition: form-data; name="media"; filename="a.png"\r\n\r\n';
    refused.on('error', () => undefined);
    refused.write(`${field}${file}${'x'.repeat(300)}${end}`);
    const [response] = (await once(refused, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(400);
    // What were still written of it would be there by the time that the next one is.
    expect((await post(form({ to: TO, type: 'image' }))).status).toBe(202);
    expect(files()).toHaveLength(1);
    refused.destroy();
  },
);

test('of the same file sent twice, one refused, the accepted message keeps it', async () => {
  const { post, files } = await serve();
  const right = form({ to: TO, type: 'image' });
  const wrong = form({ to: TO, type: 'image', ttl: 'soon' });
  const answers = await Promise.all([wrong, right, wrong].map((body) => post(body)));
  expect(answers.map(({ status }) => status)).toEqual([400, 202, 400]);
  expect(files()).toHaveLength(1);
  await post(wrong);
  expect(files()).toHaveLength(1);
});

test('a repeated key with another file, refused, leaves the first file only', async () => {
  const { post, files } = await serve();
  expect((await post(form({ to: TO, type: 'image' }), 'key-1')).status).toBe(202);
  const [first] = files();
  const other = form({ to: TO, type: 'image' });
  other.set('media', new Blob(['other'], { type: 'image/png' }), 'photo.png');
  expect((await post(other, 'key-1')).status).toBe(422);
  expect(files()).toEqual([first]);
});

test('an upload that breaks off leaves no file', async () => {
  const { base, files } = await serve();
  const broken = httpRequest(`${base}/api/messages`, {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/form-data; boundary=b', 'Content-Length': 1_000 },
  });
  broken.on('error', () => undefined);
  broken.write('--b\r\nContent-Disposition: form-data; name="media"; filename="a.png"\r\n\r\nbytes');
  await eventually(files).toHaveLength(1);
  broken.destroy();
  await eventually(files).toEqual([]);
});
