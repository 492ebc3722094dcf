import { readdirSync, renameSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { beforeAll, expect, onTestFinished, test } from 'vitest';

import { sendGarbage } from '../support/garbage-requests.ts';
import { linkedRig } from '../support/linked-rig.ts';
import { errorOf } from '../support/serve.ts';
import { serveUnlinked, serveUnlinkedApp } from '../support/serve-unlinked.ts';
import { waitFor } from '../support/wait-for.ts';

let runs = 1_000;
beforeAll(() => {
  runs = Number(process.env['FUZZ_RUNS'] ?? runs);
});

test(
  'garbage that is nearly right, to every route of the app: answered in the one form, never with a 5xx',
  { timeout: 600_000 },
  async () => {
    const { base, routes } = await serveUnlinkedApp();
    expect(routes.length).toBeGreaterThanOrEqual(60);
    const seen = await sendGarbage({
      base,
      routes,
      runs: Math.ceil(runs / routes.length),
      // A state of WhatsApp that is not ready, and a pairing code that it refuses, are answers.
      foreseen: ({ path }, status) =>
        ['/health/ready', '/api/whatsapp/pairing-code'].includes(path) && status <= 503,
    });
    // Not all of it is refused at the first border.
    expect([...seen]).toEqual(expect.arrayContaining([200, 202, 400, 404, 422]));
  },
);

test(
  'garbage that is nearly right, to a gateway in a linked account: the same, and it stays connected',
  { timeout: 600_000 },
  async () => {
    const rig = await linkedRig({ env: { SEND_RATE_PER_MINUTE: '0', MEDIA_MAX_BYTES: '10000' } });
    const { routes } = await serveUnlinkedApp();
    const seen = await sendGarbage({
      base: rig.baseUrl,
      // The session itself is left alone: a logout is no garbage.
      routes: routes.filter(({ method, path }) => method === 'GET' || !path.startsWith('/api/whatsapp/')),
      runs: Math.ceil(runs / routes.length),
      // A page that is busy with the rest of it answers late.
      foreseen: (_route, status) => status === 504,
    });
    expect([...seen]).toEqual(expect.arrayContaining([200, 400, 404, 422]));
    expect(rig.status().status).toBe('ready');
    expect(rig.lines.filter(({ msg }) => msg === 'request failed')).toEqual([]);
  },
);

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
