import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

import { FolderLock } from '../../src/session/folder-lock.ts';

/**
 * `node fight-for-lock.ts FOLDER ROUNDS`: takes the lock ROUNDS times and makes a folder each time that only one
 * process can make. Prints how often that failed: 0 when the lock excludes.
 */
const [folder = '', rounds = '0'] = process.argv.slice(2);
const lock = new FolderLock({ path: join(folder, '.lock'), holderPath: join(folder, '.holder') });
let collisions = 0;
for (let held = 0; held < Number(rounds);) {
  if (lock.acquire().state === 'held') {
    held += 1;
    try {
      mkdirSync(join(folder, 'alone'));
      rmdirSync(join(folder, 'alone'));
    } catch {
      collisions += 1;
    }
    lock.release();
  }
  await new Promise(setImmediate);
}
process.stdout.write(String(collisions));
