import { readdirSync, renameSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import fc from 'fast-check';
import { beforeAll, expect, onTestFinished, test } from 'vitest';

import { ApiDescription } from '../support/api-description.ts';
import { exportedSchemas, garbage, nearlyRight, word } from '../support/garbage.ts';
import type { Route } from '../support/routes.ts';
import { errorOf } from '../support/serve.ts';
import { serveUnlinked, serveUnlinkedApp } from '../support/serve-unlinked.ts';
import { waitFor } from '../support/wait-for.ts';

let runs = 1_000;
beforeAll(() => {
  runs = Number(process.env['FUZZ_RUNS'] ?? runs);
});

const description = new ApiDescription();

/** Files of the two pages, which nobody calls. */
const FILES = /^\/(whatsapp|api\/docs)\/assets\//;

/** `..`, and nothing at all, in the place of a name make another address of it. */
function isOneOf(path: string, url: string): boolean {
  const parts = new URL(url).pathname.split('/');
  return path === '/' || (parts.length === path.split('/').length && parts.at(-1) !== '');
}

/** An address of a route with garbage in its parameters. */
function addressOf(path: string): fc.Arbitrary<string> {
  const parts = path.split('/').map((part) => {
    if (!part.includes(':')) return fc.constant(part);
    const known = fc.constantFrom('msg_x', 'wh_environment', '4915123456789', '15550002222@c.us', '1@g.us');
    return fc.oneof(
      { weight: 3, arbitrary: known },
      { weight: 3, arbitrary: word.filter((text) => text.length < 2_000).map(encodeSafely) },
      { weight: 1, arbitrary: fc.constantFrom('%', '%E0%A4%A', '%00', '%2e%2e', '..%2f..%2f') },
    );
  });
  return fc.tuple(...parts).map((segments) => segments.join('/'));
}

const query = fc
  .array(
    fc.tuple(
      fc.constantFrom('since', 'limit', 'types', 'status', 'cursor', 'search', 'timeout', 'format', 'a[b]'),
      fc.oneof(
        word.filter((text) => text.length < 2_000),
        fc.constantFrom('1', '200', '9007199254740993', 'queued', 'message', '1_x@c.us'),
      ),
    ),
    { maxLength: 3 },
  )
  .map((pairs) =>
    pairs.length === 0
      ? ''
      : `?${pairs.map(([name, text]) => `${encodeSafely(name)}=${encodeSafely(text)}`).join('&')}`,
  );

const headers = fc
  .record(
    {
      'idempotency-key': fc.stringMatching(/^[\x20-\x7e]{0,300}$/),
      accept: fc.constantFrom('*/*', 'text/plain', 'image/png', 'application/xml', ';;;', '*'),
      range: fc.constantFrom('bytes=0-0', 'bytes=-1', 'bytes=9-1', 'bytes=0-,5-', 'x'),
      'if-none-match': fc.constantFrom('*', '"x"', 'W/"'),
      'content-encoding': fc.constantFrom('gzip', 'br', 'nothing'),
      'x-forwarded-for': fc.constantFrom('::1', 'x, y', ''),
      origin: fc.constantFrom('null', 'http://evil.example', 'x'),
    },
    { requiredKeys: [] },
  )
  .map((each) => each as Record<string, string>);

const TYPES = [
  'application/json',
  'application/json; charset=utf-7',
  'text/plain',
  'multipart/form-data; boundary=b',
];

test('garbage that is nearly right, to every route of the app: answered in the one form, never with a 5xx', async () => {
  const { base, routes } = await serveUnlinkedApp();
  const schemas = await exportedSchemas();
  expect(routes.length).toBeGreaterThanOrEqual(38);
  expect(schemas.map(({ name }) => name)).toEqual(expect.arrayContaining(['sendRequestSchema', 'react']));
  const bodies = new Map(schemas.map((each) => [each.name, nearlyRight(each.schema)]));
  const anyBody = fc.oneof(...bodies.values(), garbage);
  const bodyOf = ({ path }: Route): fc.Arbitrary<unknown> => {
    const own = path === '/api/messages' ? 'sendRequestSchema' : (path.split('/').at(-1) ?? '');
    return fc.oneof({ weight: 4, arbitrary: bodies.get(own) ?? anyBody }, { weight: 1, arbitrary: anyBody });
  };
  const seen = new Set<number>();
  for (const route of routes) {
    await fc.assert(
      fc.asyncProperty(
        addressOf(route.path),
        query,
        // Most of them mean a refusal before the body is looked at.
        fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: headers }),
        fc.oneof(
          { weight: 6, arbitrary: fc.constant(TYPES[0]) },
          { weight: 1, arbitrary: fc.constantFrom(...TYPES) },
        ),
        fc.oneof({ weight: 8, arbitrary: bodyOf(route).map((value) => JSON.stringify(value)) }, word),
        async (where, what, odd, type, text) => {
          const response = await fetch(base + where + what, {
            method: route.method,
            headers: { 'content-type': type ?? '', ...odd },
            ...(!['GET', 'HEAD'].includes(route.method) && { body: text }),
            redirect: 'manual',
          });
          seen.add(response.status);
          const answered = await response.text();
          if (!FILES.test(route.path) && isOneOf(route.path, response.url)) {
            const answerType = response.headers.get('content-type');
            expect(
              description.problem(route.method, route.path, response.status, answerType, answered),
            ).toBeNull();
          }
          const context = `${route.method} ${where}${what} ${response.status} ${answered.slice(0, 300)}`;
          // A state of WhatsApp that is not ready, and a pairing code that it refuses, are answers.
          const foreseen = ['/health/ready', '/api/whatsapp/pairing-code'].includes(route.path);
          expect(response.status < 500 || (foreseen && response.status <= 503), context).toBe(true);
          if (route.path === '/health/ready') return;
          if (response.status < 400) return;
          expect(errorOf({ body: JSON.parse(answered) }).message, context).not.toMatch(
            /node_modules|\bat .*:\d+:\d+/,
          );
        },
      ),
      { numRuns: Math.ceil(runs / routes.length) },
    );
  }
  // Not all of it is refused at the first border.
  expect([...seen]).toEqual(expect.arrayContaining([200, 202, 400, 404, 422]));
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
});

test('forms that are no forms, refused in the one form', async () => {
  const base = await serveUnlinked();
  const bodies: [string, string][] = [
    ['multipart/form-data', 'x'],
    ['multipart/form-data; boundary=', 'x'],
    ['multipart/form-data; boundary=b', ''],
    ['multipart/form-data; boundary=b', '--b\r\n'],
    [
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="to"\r\n\r\nx\r\n--b--\r\n',
    ],
    [
      'multipart/form-data; boundary=b',
      `--b\r\nContent-Disposition: form-data; name="media"; filename="../../x"\r\n\r\n${'x'.repeat(20_000)}\r\n--b--\r\n`,
    ],
    [
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="other"; filename="x"\r\n\r\nx\r\n--b--\r\n',
    ],
  ];
  for (const [type, text] of bodies) {
    const response = await fetch(`${base}/api/messages`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: text,
    });
    const answer = (await response.json()) as { success: boolean };
    expect([type, text.slice(0, 80), response.status < 500, answer.success]).toEqual([
      type,
      text.slice(0, 80),
      true,
      false,
    ]);
  }
});

/** Lone surrogates cannot be written into an address. */
function encodeSafely(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

test('an upload that breaks off, nothing of it left behind', async () => {
  const { base, folder } = await serveUnlinkedApp();
  const incoming = join(folder, 'media', 'outbox', 'incoming');
  const socket = connect(Number(new URL(base).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write(
    [
      'POST /api/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 100000',
      'content-type: multipart/form-data; boundary=b\r\n',
      '--b\r\ncontent-disposition: form-data; name="media"; filename="a.png"\r\ncontent-type: image/png\r\n',
      'x'.repeat(5_000),
    ].join('\r\n'),
  );
  await waitFor(() => readdirSync(incoming).length > 0, { what: 'the upload to have begun' });
  socket.destroy();
  await waitFor(() => readdirSync(incoming).length === 0, { what: 'it to be gone', timeoutMs: 5_000 });
});

test.each([
  [{ type: 'image' }, /^media: expected {"url": .* or {"data": /],
  [{ type: 'image', media: { data: 'aGk=' } }, /^media: expected .*"mimetype"/],
  [
    { type: 'image', media: { data: 'data:image/png;base64,aGk=', mimetype: 'image/png' } },
    /^media\.data: .*data:/,
  ],
  [{ type: 'contact', contacts: [{ name: 'Bob' }] }, /^contacts\.0: expected {"name": .*"phone"/],
  [{ type: 'text', text: 'x', notBefore: 'tomorrow' }, /^notBefore: expected a time such as/],
])(
  'a message without what it needs (%j), told which field and what belongs there',
  async (body, expected) => {
    const base = await serveUnlinked();
    const response = await fetch(`${base}/api/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to: '+15550002222', ...body }),
    });
    expect(response.status).toBe(400);
    expect(errorOf({ body: await response.json() }).message).toMatch(expected);
  },
);

test('a form without its file, told where that belongs', async () => {
  const form = new FormData();
  form.set('to', '+15550002222');
  form.set('type', 'image');
  const response = await fetch(`${await serveUnlinked()}/api/messages`, { method: 'POST', body: form });
  expect(errorOf({ body: await response.json() }).message).toBe(
    'media: expected the file in the part media of the form',
  );
});

test('a number that is asked for while the disk is not right, the reason is the disk and not WhatsApp', async () => {
  const { base, folder } = await serveUnlinkedApp();
  renameSync(folder, `${folder}.away`);
  const response = await fetch(`${base}/api/numbers/+15550002222`);
  renameSync(`${folder}.away`, folder);
  const { code } = errorOf({ body: await response.json() });
  expect([response.status, code]).toEqual([503, 'storage_unavailable']);
});
