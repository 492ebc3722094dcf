import { basename } from 'node:path';
import { GatewayError } from '../errors.ts';
import { browserEnvironment } from './browser-environment.ts';
import { installCommand } from './browser-help.ts';
import { puppeteerCacheCandidates, SYSTEM_BROWSERS, systemCandidates } from './browser-places.ts';
import { executableProblem, startProblem } from './browser-probe.ts';
import { bundledBrowser, type BundledBrowserOptions } from './bundled-browser.ts';

export { sandboxUsable, type Sandbox } from './browser-sandbox.ts';

/** A headless shell takes half the memory of a full Chrome and starts faster; both work. */
export type BrowserKind = 'headless-shell' | 'chrome';

export interface FoundBrowser {
  readonly path: string;
  readonly kind: BrowserKind;
  readonly source: 'environment' | 'system' | 'puppeteer-cache' | 'bundled';
  /** Extra environment for the browser process only, such as LD_LIBRARY_PATH. */
  readonly env: Readonly<Record<string, string>>;
}

export interface FindBrowserOptions {
  /** The value of PUPPETEER_EXECUTABLE_PATH. Whatever it names is used or refused, never passed over. */
  readonly executablePath?: string | undefined;
  /** Where the bundled browser is unpacked; default: a folder of the user's cache. */
  readonly cacheDir?: string | undefined;
  /** Where PATH, HOME and the cache folders are looked up; default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Executables to look for, by name in PATH or by absolute path; default: {@link SYSTEM_BROWSERS}. */
  readonly systemBrowsers?: readonly string[];
  /** Where the bundled browser's package is; default: resolved as Node resolves modules. */
  readonly bundledPackage?: BundledBrowserOptions['packageFolder'];
}

/**
 * Finds a browser that starts on this machine, trying in order: `executablePath`; an installed headless
 * shell, Chrome or Chromium; puppeteer's cache; the one that is packed inside an npm package, which is
 * unpacked on first use. Each is asked for its version, so that one whose libraries are missing is passed over.
 *
 * A Chromium from a snap is tried last of all: its confinement hides most folders a session may live in.
 *
 * @throws GatewayError `browser_not_found`, with the command to type on this machine; its `cause` lists, for
 *   the log, every path that was tried and why it was refused
 */
export async function findBrowser(options: FindBrowserOptions = {}): Promise<FoundBrowser> {
  const env = options.env ?? process.env;
  if (options.executablePath !== undefined && options.executablePath !== '') {
    return await configuredBrowser(options.executablePath, env);
  }
  const refused: string[] = [];
  const starting = async (paths: readonly string[], source: 'system' | 'puppeteer-cache') =>
    await firstThatStarts(paths, source, env, refused);

  const installed = await systemCandidates(options.systemBrowsers ?? SYSTEM_BROWSERS, env);
  const system = await starting(installed.direct, 'system');
  if (system !== null) return system;

  const cached = await starting(await puppeteerCacheCandidates(env), 'puppeteer-cache');
  if (cached !== null) return cached;

  const bundled = await bundledBrowser({
    env,
    cacheDir: options.cacheDir,
    packageFolder: options.bundledPackage,
  });
  if (bundled.ok) {
    return { path: bundled.path, kind: 'headless-shell', source: 'bundled', env: bundled.env };
  }
  refused.push(`bundled: ${bundled.detail}`);

  const snap = await starting(installed.snap, 'system');
  if (snap !== null) return snap;

  throw new GatewayError({
    code: 'browser_not_found',
    message:
      'No browser was found. Looked at PUPPETEER_EXECUTABLE_PATH (not set), for an installed ' +
      "chromium-headless-shell, Chrome or Chromium, in puppeteer's cache, and for the browser that comes " +
      `with npm (${bundled.reason}).${refused.length > 1 ? ' What was found does not start; the log says why.' : ''}`,
    action: `${await installCommand()}; or set PUPPETEER_EXECUTABLE_PATH to the executable of a Chrome or Chromium${unpackingHelp(bundled.errno)}`,
    cause: new Error(refused.join('\n')),
  });
}

/** What lets the browser that comes with npm be unpacked where the disk refuses it. */
function unpackingHelp(errno: string | null): string {
  switch (errno) {
    case null:
      return '';
    case 'ENOSPC':
    case 'EDQUOT':
      return '; or free 300 MB in the home folder of the gateway or in its TMPDIR';
    default:
      return '; or let the gateway write to its home folder (HOME) or to a TMPDIR of its own';
  }
}

async function configuredBrowser(path: string, env: NodeJS.ProcessEnv): Promise<FoundBrowser> {
  const problem = (await executableProblem(path)) ?? (await startProblem(path, browserEnvironment(env)));
  if (problem === null) return { path, kind: kindOf(path), source: 'environment', env: {} };
  throw new GatewayError({
    code: 'browser_not_found',
    message: `PUPPETEER_EXECUTABLE_PATH ${problem.reason}`,
    action: `Set PUPPETEER_EXECUTABLE_PATH to the executable of a Chrome or Chromium, or remove it so that a browser is looked for; to install one: ${await installCommand()}`,
    cause: new Error(`${path}: ${problem.detail}`),
  });
}

async function firstThatStarts(
  paths: readonly string[],
  source: FoundBrowser['source'],
  env: NodeJS.ProcessEnv,
  refused: string[],
): Promise<FoundBrowser | null> {
  for (const path of paths) {
    const problem = await startProblem(path, browserEnvironment(env));
    if (problem === null) return { path, kind: kindOf(path), source, env: {} };
    refused.push(`${path}: ${problem.detail}`);
  }
  return null;
}

/** By the name of the executable: no build says of itself which of the two it is. */
function kindOf(path: string): BrowserKind {
  return /headless[-_]shell/.test(basename(path)) ? 'headless-shell' : 'chrome';
}
