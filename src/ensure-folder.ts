import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { codeOf } from './errors.ts';

/**
 * Makes a folder and those above it that are missing, for this user alone. One by one: a recursive mkdir spins for
 * ever in a mounted folder that was deleted on its host (nodejs/node#47098).
 * @throws Error of the file system; ENOENT when the folder above was deleted while it was mounted or in use
 */
export function ensureFolder(path: string): void {
  const missing: string[] = [];
  for (let part = resolve(path); !existsSync(part) && part !== dirname(part); part = dirname(part)) {
    missing.unshift(part);
  }
  for (const part of missing) {
    try {
      mkdirSync(part, { mode: 0o700 });
    } catch (error) {
      // Somebody else was faster; what it is, shows when it is used.
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}
