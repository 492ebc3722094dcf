import { chmod, mkdir, mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { removeFolder } from './remove-folder.ts';

/** A folder of its own for one test, gone when the test is over. Called within a test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'wag-browser-')));
  onTestFinished(async () => await removeFolder(folder));
  return folder;
}

/** An executable that answers `--version` as a browser does; `body` makes it one that does not. */
export async function fakeBrowser(path: string, body = 'echo Chromium 1.2.3'): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}
