import { readFile, realpath, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import type * as Browsers from '@puppeteer/browsers';
import { executableProblem } from './browser-probe.ts';

const require = createRequire(import.meta.url);

/**
 * Executables of an installed browser, best first: names are looked up in PATH, absolute paths are what
 * packages install outside of it. Debian's /usr/bin/chromium-headless-shell is a shell script that stays
 * around as the parent of the real one; going past it spares a process and lets signals arrive.
 */
export const SYSTEM_BROWSERS: readonly string[] = [
  '/usr/lib/chromium/chromium-headless-shell',
  'chromium-headless-shell',
  'chrome-headless-shell',
  '/usr/lib64/chromium-browser/headless_shell',
  'google-chrome-stable',
  'google-chrome',
  'chromium',
  'chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/opt/google/chrome/chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

export interface SystemCandidates {
  readonly direct: readonly string[];
  /** Those that end up in a snap. */
  readonly snap: readonly string[];
}

/** The executables among `names` that exist here, in the order given, each once. */
export async function systemCandidates(
  names: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<SystemCandidates> {
  // A relative entry of PATH depends on the working directory; nothing is started from there.
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  const direct: string[] = [];
  const snap: string[] = [];
  const seen = new Set<string>();
  for (const name of names) {
    const paths = isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name));
    for (const path of paths) {
      if ((await executableProblem(path)) !== null) continue;
      const target = await realpath(path);
      if (seen.has(target)) continue;
      seen.add(target);
      ((await leadsToSnap(path, target)) ? snap : direct).push(path);
    }
  }
  return { direct, snap };
}

/** Snap's launchers are links to /usr/bin/snap; Ubuntu's chromium-browser package is a script that calls one. */
async function leadsToSnap(path: string, target: string): Promise<boolean> {
  if (path.startsWith('/snap/') || target.startsWith('/snap/') || target === '/usr/bin/snap') return true;
  return (await scriptText(target)).includes('/snap/bin/');
}

async function scriptText(path: string): Promise<string> {
  if ((await stat(path)).size > 65_536) return '';
  const text = await readFile(path, 'latin1').catch(() => '');
  return text.startsWith('#!') ? text : '';
}

/** Browsers that `npx puppeteer browsers install` has put into puppeteer's cache: headless shells first, newest first. */
export async function puppeteerCacheCandidates(env: NodeJS.ProcessEnv): Promise<string[]> {
  const cacheDir = env['PUPPETEER_CACHE_DIR'] ?? join(env['HOME'] ?? homedir(), '.cache', 'puppeteer');
  // Loaded when it is needed, which is seldom, and as the build that puppeteer itself requires.
  const { Browser, getInstalledBrowsers } = require('@puppeteer/browsers') as typeof Browsers;
  const rank = [Browser.CHROMEHEADLESSSHELL, Browser.CHROME];
  // A cache that cannot be read is as good as none: what is looked for next may still be there.
  const installed = await getInstalledBrowsers({ cacheDir }).catch(() => []);
  const usable = installed
    .filter(({ browser }) => rank.includes(browser))
    .sort(
      (a, b) =>
        rank.indexOf(a.browser) - rank.indexOf(b.browser) ||
        b.buildId.localeCompare(a.buildId, 'en', { numeric: true }),
    );
  const paths: string[] = [];
  for (const { executablePath } of usable) {
    if ((await executableProblem(executablePath)) === null) paths.push(executablePath);
  }
  return paths;
}
