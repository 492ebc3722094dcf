/** `npm run bench`: every benchmark, one after another, each in a process of its own. Not part of the tests. */
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Parts of the benchmarks, not benchmarks. */
const PARTS = new Set(['run.ts', 'report.ts', 'bare-library.ts']);

const only = process.argv.slice(2);
const files = (await readdir(import.meta.dirname))
  .filter((name) => name.endsWith('.ts') && !PARTS.has(name))
  .sort();
for (const file of files) {
  if (only.length > 0 && !only.includes(file.replace(/\.ts$/, ''))) continue;
  // Memory is compared after a collection, so that what is kept is told from what is only not yet collected.
  const child = spawn(process.execPath, ['--expose-gc', join(import.meta.dirname, file)], {
    stdio: 'inherit',
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0) process.exitCode = 1;
}
