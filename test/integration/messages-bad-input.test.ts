import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

import { isErrorCode } from '../../src/errors.ts';
import { serveUnlinked } from '../support/serve-unlinked.ts';

let runs = 300;
beforeAll(() => {
  runs = Number(process.env['FUZZ_RUNS'] ?? runs);
});

const word = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '+49 151 23456789',
    '120363000000000001@g.us',
    '__proto__',
    'constructor',
    '../../etc/passwd',
    '',
    '\0',
  ),
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  word,
  fc.jsonValue(),
  fc.double(),
  fc.constantFrom(
    null,
    true,
    1e308,
    -1,
    [],
    {},
    { url: 'http://127.0.0.1:1/' },
    { data: 'AAAA', mimetype: 'image/png' },
  ),
);

/** Bodies that are nearly right: the right fields, some with garbage. */
const body = fc
  .record(
    {
      to: fc.oneof({ weight: 3, arbitrary: fc.constant('+49 151 23456789') }, value),
      type: fc.oneof(
        {
          weight: 5,
          arbitrary: fc.constantFrom('text', 'image', 'location', 'contact', 'poll', 'document', 'sticker'),
        },
        value,
      ),
      text: value,
      media: value,
      caption: value,
      latitude: value,
      longitude: value,
      contacts: value,
      name: value,
      options: fc.oneof(fc.array(word), value),
      mentions: value,
      ttl: value,
      notBefore: value,
      quotedMessageId: value,
      url: value,
      secret: value,
      events: value,
      headers: value,
      enabled: value,
      reaction: value,
      everyone: value,
      muted: value,
      state: value,
      subject: value,
      description: value,
      participants: fc.oneof(fc.array(word), fc.constant(['+49 151 23456789']), value),
      messagesAdminsOnly: value,
      code: value,
      blocked: value,
    },
    { requiredKeys: [] },
  )
  .map((fields) => JSON.stringify(fields));

const segment = fc.oneof(fc.constantFrom('x', 'msg_x', '4915123456789', '1@g.us'), word).map(encodeSafely);
const path = fc.oneof(
  fc.constantFrom(
    '/api/messages',
    '/api/webhooks',
    '/api/events',
    '/api/chats',
    '/api/contacts',
    '/api/groups',
    '/api/groups/join',
  ),
  fc
    .tuple(
      fc.constantFrom('messages', 'webhooks', 'chats', 'media', 'numbers', 'contacts', 'groups'),
      segment,
    )
    .map(([a, b]) => `/api/${a}/${b}`),
  fc
    .tuple(
      fc.constantFrom('messages', 'webhooks', 'chats', 'contacts', 'groups'),
      segment,
      fc.constantFrom(
        'react',
        'edit',
        'delete',
        'forward',
        'star',
        'redrive',
        'dead-letters',
        'seen',
        'typing',
        'mute',
        'pin',
        'messages',
        'picture',
        'block',
        'participants',
        'participants/promote',
        'subject',
        'description',
        'settings',
        'invite',
        'leave',
      ),
    )
    .map(([a, b, c]) => `/api/${a}/${b}/${c}`),
);
const query = fc
  .array(
    fc.tuple(fc.constantFrom('since', 'limit', 'types', 'status', 'cursor', 'search', 'timeout'), word),
    { maxLength: 3 },
  )
  .map((pairs) =>
    pairs.length === 0 ? '' : `?${pairs.map(([name, text]) => `${name}=${encodeSafely(text)}`).join('&')}`,
  );

test('garbage that is nearly right, to every call: answered in the one form, never with a 5xx', async () => {
  const base = await serveUnlinked();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE'),
      path,
      query,
      fc.oneof({ weight: 4, arbitrary: body }, fc.string()),
      fc.option(fc.stringMatching(/^[\x20-\x7e]{0,20}$/)),
      async (method, where, what, text, key) => {
        const response = await fetch(base + where + what, {
          method,
          headers: { 'content-type': 'application/json', ...(key !== null && { 'idempotency-key': key }) },
          ...(method !== 'GET' && { body: text }),
        });
        const answer = (await response.json()) as {
          success: boolean;
          error?: { code: string; message: string };
        };
        expect([response.status, answer.error]).toEqual([
          response.status < 500 ? response.status : 'a 4xx',
          answer.error,
        ]);
        expect(answer.success).toBe(response.status < 300);
        if (!answer.success) expect(isErrorCode(answer.error?.code ?? '')).toBe(true);
      },
    ),
    { numRuns: runs },
  );
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
