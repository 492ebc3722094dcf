import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { GatewayError } from '../../src/errors.ts';
import { parseAddress } from '../../src/messages/address.ts';

describe('parseAddress', () => {
  test.each([
    ['+7 (912) 345-67-89', '79123456789@c.us'],
    ['0049 151 23456789', '4915123456789@c.us'],
    ['+49 (0) 151 23456789', '4915123456789@c.us'],
    ['00 49 (0)151/234 567-89', '4915123456789@c.us'],
    ['4915123456789', '4915123456789@c.us'],
    ['+1.555.010.9999', '15550109999@c.us'],
    ['\u202a+1\u00a0555\u2011010\u20119999\u202c', '15550109999@c.us'],
    ['+15550109999', '15550109999@c.us'],
    ['79123456789@c.us', '79123456789@c.us'],
    ['79123456789@s.whatsapp.net', '79123456789@c.us'],
    ['79123456789:12@s.whatsapp.net', '79123456789@c.us'],
  ])('a person written as %s, one canonical number', (written, canonical) => {
    expect(parseAddress(written)).toEqual({ kind: 'phone', digits: canonical.split('@')[0], canonical });
  });

  test.each([
    ['120363025246125486@g.us', 'g.us', '120363025246125486@g.us'],
    ['491511234567-1567890123@g.us', 'g.us', '491511234567-1567890123@g.us'],
    ['123456789012345@lid', 'lid', '123456789012345@lid'],
    ['123456789012345:7@lid', 'lid', '123456789012345@lid'],
    ['120363144038483540@newsletter', 'newsletter', '120363144038483540@newsletter'],
    ['status@broadcast', 'broadcast', 'status@broadcast'],
    [' 120363025246125486@G.US ', 'g.us', '120363025246125486@g.us'],
  ])('the chat id %s, kept as it is', (written, server, chatId) => {
    expect(parseAddress(written)).toEqual({ kind: 'chat', server, chatId, canonical: chatId });
  });

  test.each([
    '',
    'hello',
    '12345',
    '+1',
    '1234567890123456789',
    '0151 23456789',
    '+0151 2345678',
    'a@c.us',
    '1@g.us',
    '79123456789@example.org',
    '79123456789@c.us@g.us',
    '../../etc@lid',
    '79123456789; DROP TABLE outbox',
    '7912 345 ext 5',
  ])('%j, refused with a remedy', (written) => {
    expect(() => parseAddress(written)).toThrow(
      expect.objectContaining({ code: 'invalid_recipient', action: expect.any(String) as string }),
    );
  });

  test('any text, either an address whose canonical form is its own canonical form or a refusal', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[+0-9 ()@.a-z-]{0,30}$/)),
        (text) => {
          try {
            const { canonical } = parseAddress(text);
            expect(parseAddress(canonical).canonical).toBe(canonical);
          } catch (error) {
            expect(error).toBeInstanceOf(GatewayError);
          }
        },
      ),
    );
  });
});
