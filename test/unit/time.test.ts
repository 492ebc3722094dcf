import { expect, test } from 'vitest';

import { iso, isoOrNull } from '../../src/http/time.ts';

test.each([
  ['of today', Date.UTC(2026, 0, 2, 3, 4, 5, 6), '2026-01-02T03:04:05.006Z'],
  ['beyond the year 9999', Date.UTC(10_000, 0, 1), '9999-12-31T23:59:59.999Z'],
  ['before the year 0', Date.parse('-000001-12-31T00:00:00Z'), '0000-01-01T00:00:00.000Z'],
])('a time %s, answered as RFC 3339 can say it', (_when, time, expected) => {
  expect(iso(time)).toBe(expected);
  expect(isoOrNull(time)).toBe(expected);
  expect(isoOrNull(null)).toBeNull();
});
