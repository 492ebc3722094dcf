/**
 * `node --import kill-at-rename.ts`: the process kills itself, as a power cut would, right before or after the
 * n-th rename. `KILL_AT=before:2`.
 */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [when, count] = (process.env['KILL_AT'] ?? '').split(':');
const rename = fs.rename.bind(fs);
let renames = 0;

fs.rename = async (from, to) => {
  renames += 1;
  const now = renames === Number(count);
  if (now && when === 'before') await die();
  await rename(from, to);
  if (now) await die();
};
syncBuiltinESMExports();

async function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise<never>(() => undefined);
}
