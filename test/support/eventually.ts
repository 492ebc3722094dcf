import { expect } from 'vitest';

/** As long as `waitFor` waits: a loaded machine takes its time. Vitest's own second is short for that. */
const WITHIN_MS = 30_000;

/** Asserts what `get` returns in the end, by whatever matcher follows. */
export function eventually<T>(get: () => T) {
  return expect.poll(get, { timeout: WITHIN_MS });
}
