import { afterAll, afterEach, beforeAll, expect } from 'vitest';

/** In this file no test may leave a rejected promise that nobody listens to: node exits on one. */
export function forbidStrayRejections(): void {
  const strays: unknown[] = [];
  const record = (reason: unknown) => void strays.push(reason);
  beforeAll(() => void process.on('unhandledRejection', record));
  afterEach(() => expect(strays.splice(0)).toEqual([]));
  afterAll(() => void process.off('unhandledRejection', record));
}
