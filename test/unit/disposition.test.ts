import { expect, test } from 'vitest';

import { dispositionOf } from '../../src/http/message-actions.ts';

test.each([
  ['a plain name', 'a.pdf', `attachment; filename="a.pdf"; filename*=UTF-8''a.pdf`],
  ['quotes and folders', '../a"b.pdf', `attachment; filename=".._a_b.pdf"; filename*=UTF-8''.._a%22b.pdf`],
  [
    'a line break and a turn of the writing direction',
    'a\n\u202egpj.exe',
    `attachment; filename="a__gpj.exe"; filename*=UTF-8''a__gpj.exe`,
  ],
  ['half a character', 'a\ud83d.pdf', `attachment; filename="a_.pdf"; filename*=UTF-8''a%EF%BF%BD.pdf`],
  ['none', null, 'attachment'],
])('%s, a header that can be sent', (_name, filename, expected) => {
  expect(dispositionOf(filename)).toBe(expected);
});

test('a name that is cut in the middle of a character, a header all the same', () => {
  const disposition = dispositionOf('x' + '👩'.repeat(150));
  expect(disposition).toMatch(/^[\x20-\x7e]+$/);
  expect(disposition).toContain('%F0%9F%91%A9');
});
