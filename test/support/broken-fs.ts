import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

import { onTestFinished } from 'vitest';

type Call = (path: string, ...rest: unknown[]) => Promise<unknown>;

/**
 * Puts a function of `node:fs/promises` in the place of the real one, until the test ends: for disks that no test can
 * make.
 * @param replacement is given the real one
 */
export function breakFs(
  name: 'stat' | 'rename' | 'open' | 'readdir' | 'unlink' | 'statfs',
  replacement: (real: Call) => Call,
): void {
  const real = promises[name] as Call;
  Object.assign(promises, { [name]: replacement(real) });
  syncBuiltinESMExports();
  onTestFinished(() => {
    Object.assign(promises, { [name]: real });
    syncBuiltinESMExports();
  });
}
