/**
 * `npm run bench`: every benchmark, one after another, each in a process of its own. Not part of the tests.
 *
 *   npm run bench                          all
 *   npm run bench -- inbound drain         these
 *   npm run bench -- --smoke               all, so small that it shows only that they run
 *   npm run bench -- inbound --rounds 50   what a benchmark can be told is at the top of its file
 */
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** As `npm start` and the image: young objects get 2 MB, or node keeps for ever what one busy hour has taken. */
const YOUNG = '--max-semi-space-size=2';

const args = process.argv.slice(2);
const names = (await readdir(import.meta.dirname))
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -3))
  .sort();
const firstOption = args.findIndex((arg) => arg.startsWith('--'));
const options = firstOption < 0 ? [] : args.slice(firstOption);
const chosen = args.slice(0, args.length - options.length);
const unknown = chosen.find((name) => !names.includes(name));
if (unknown !== undefined) {
  process.stderr.write(`There is no benchmark "${unknown}". There are: ${names.join(', ')}\n`);
  process.exit(64);
}
for (const name of chosen.length > 0 ? chosen : names) {
  // Memory is compared after a collection, so that what is kept is told from what is only not yet collected.
  const child = spawn(
    process.execPath,
    ['--expose-gc', YOUNG, join(import.meta.dirname, `${name}.ts`), ...options],
    { stdio: 'inherit' },
  );
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0) process.exitCode = 1;
}
