import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';

import { DEFAULT_RETRY, pauseAfter, verdictOf } from '../../src/webhooks/retry.ts';
import { newWebhookSchema } from '../../src/webhooks/schema.ts';
import { isSecret, newSecret, signatureHeaders } from '../../src/webhooks/sign.ts';

describe('signature', () => {
  test('any id and body, verified by the reference library', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9_]{1,40}$/), fc.json(), (id, body) => {
        const secret = newSecret();
        const headers = signatureHeaders({ id, timestamp: Date.now(), body, secret });
        expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
      }),
      { numRuns: 50 },
    );
  });

  test('another body, refused by the reference library', () => {
    const secret = newSecret();
    const headers = signatureHeaders({ id: 'evt_1', timestamp: Date.now(), body: '{}', secret });
    expect(() => new Webhook(secret).verify('{ }', headers)).toThrow('No matching signature');
  });

  test.each([
    [newSecret(), true],
    [`whsec_${Buffer.alloc(24).toString('base64')}`, true],
    [`whsec_${Buffer.alloc(23).toString('base64')}`, false],
    [`whsec_${Buffer.alloc(65).toString('base64')}`, false],
    ['whsec_not base64 at all!!!!!!!!!!!!!!!!!!!!!!!!!', false],
    [Buffer.alloc(32).toString('base64'), false],
  ])('%s, a secret: %s', (secret, expected) => {
    expect(isSecret(secret)).toBe(expected);
  });
});

test('pauses, double up to the longest and vary by at most half', () => {
  const longest = (attempts: number) => pauseAfter(attempts, DEFAULT_RETRY, () => 0.999_999);
  expect([1, 2, 3, 30, 1_000].map(longest)).toEqual([2_000, 4_000, 8_000, 900_000, 900_000]);
  expect(pauseAfter(3, DEFAULT_RETRY, () => 0)).toBe(4_000);
});

test.each([
  [200, 'delivered'],
  [204, 'delivered'],
  [301, 'retry'],
  [400, 'refused'],
  [401, 'retry'],
  [404, 'retry'],
  [410, 'gone'],
  [422, 'refused'],
  [429, 'retry'],
  [503, 'retry'],
] as const)('an answer %i, %s', (status, verdict) => {
  expect(verdictOf(status)).toBe(verdict);
});

test.each([
  { url: 'ftp://example.org/' },
  { url: 'https://user:password@example.org/' },
  { url: 'not a url' },
  { url: 'https://example.org/', secret: 'short' },
  { url: 'https://example.org/', events: ['no.such.event'] },
  { url: 'https://example.org/', chats: ['+49 151 23456789'] },
  { url: 'https://example.org/', chats: ['4915123456789'] },
  { url: 'https://example.org/', headers: { 'webhook-id': 'x' } },
  { url: 'https://example.org/', headers: { Host: 'x' } },
  { url: 'https://example.org/', headers: { 'x-a': 'b\r\nx-c: d' } },
  { url: 'https://example.org/', unknown: true },
])('the subscription %j, refused', (request) => {
  expect(newWebhookSchema.safeParse(request).success).toBe(false);
});
