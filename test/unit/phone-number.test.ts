import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { phoneDigits } from '../../src/border/phone-number.ts';

describe('phoneDigits', () => {
  it('numbers, as people write them, become digits with country code', () => {
    for (const [written, digits] of [
      ['+7 (912) 345-67-89', '79123456789'],
      ['0049 151 23456789', '4915123456789'],
      ['4915123456789', '4915123456789'],
      [' +1.415.555.2671 ', '14155552671'],
      ['+55 11 91234\u00a05678', '5511912345678'],
      ['+49\u2011151\u201323456789', '4915123456789'],
    ] as const) {
      expect([written, phoneDigits(written)]).toEqual([written, digits]);
    }
  });

  it('what is no international number, given, is refused', () => {
    for (const written of [
      '',
      '+',
      '00',
      '8912',
      '0151 23456789',
      '+0151234567',
      '++4915123456789',
      '4915123456789@c.us',
      '49x15123456789',
      '1'.repeat(16),
      '٤٩١٥١٢٣٤٥٦٧٨٩',
      '4915123456789\n4915123456789',
      'x'.repeat(1_000_000),
    ]) {
      expect([written.slice(0, 40), phoneDigits(written)]).toEqual([written.slice(0, 40), null]);
    }
  });

  it('any text, given, becomes 7 to 15 digits or nothing', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[+0-9 ()\-.]{0,25}$/)),
        (written) => {
          expect(phoneDigits(written) ?? '1234567').toMatch(/^[1-9]\d{6,14}$/);
        },
      ),
    );
  });
});
