import { existsSync } from 'node:fs';
import path from 'node:path';

const CANDIDATES = ['chromium-headless-shell', 'chromium', 'google-chrome'];

/**
 * The browser that tests run: PUPPETEER_EXECUTABLE_PATH, or one of Debian's on the PATH.
 * @throws Error when there is none: tests that need a browser must fail loudly
 */
export function testBrowserPath(): string {
  const given = process.env['PUPPETEER_EXECUTABLE_PATH'];
  if (given) return given;
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/bin'];
  const found = CANDIDATES.flatMap((name) => folders.map((folder) => path.join(folder, name))).find((file) =>
    existsSync(file),
  );
  if (!found)
    throw new Error(`no browser for tests: install ${CANDIDATES[0]} or set PUPPETEER_EXECUTABLE_PATH`);
  return found;
}
