import { execFile } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { codeOf, messageOf } from '../errors.ts';
import { browserEnvironment } from './browser-environment.ts';
import { type BrowserProblem, startProblem } from './browser-probe.ts';
import { cacheFolders } from './cache-folder.ts';

export interface BundledBrowserOptions {
  readonly env: NodeJS.ProcessEnv;
  /** The folder to unpack below; default: the first usable one of {@link cacheFolders}. */
  readonly cacheDir?: string | undefined;
  /** The root of the package; null: as if it were not installed; default: resolved as Node resolves modules. */
  readonly packageFolder?: string | null | undefined;
}

export type BundledBrowser =
  | { readonly ok: true; readonly path: string; readonly env: Readonly<Record<string, string>> }
  /**
   * `reason` is a clause for a person, without paths; `detail` is for the log. `errno` when it is the disk that refused
   * to hold it.
   */
  | { readonly ok: false; readonly reason: string; readonly detail: string; readonly errno: string | null };

const PACKAGE = '@sparticuz/chromium';
/** What a folder answers that cannot hold it. */
const DISK_REFUSES = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENOSPC', 'EDQUOT']);

const GLIBC_LOADER = '/lib64/ld-linux-x86-64.so.2';

/**
 * The headless shell that is packed inside the npm package `@sparticuz/chromium`, unpacked on first use.
 * The package may be missing, and holds an executable for x64 Linux alone. Only its files are used: its own code
 * unpacks to fixed names in the shared temp folder, and its flags are made for AWS Lambda.
 */
export async function bundledBrowser(options: BundledBrowserOptions): Promise<BundledBrowser> {
  const unavailable = (reason: string, detail = reason, errno: string | null = null): BundledBrowser => ({
    ok: false,
    reason,
    detail,
    errno,
  });
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return unavailable(`${PACKAGE} is for x64 Linux only`);
  }
  const packageFolder = options.packageFolder === undefined ? findPackage() : options.packageFolder;
  if (packageFolder === null) return unavailable(`${PACKAGE} is not installed`);
  const hasGlibc = await access(GLIBC_LOADER).then(
    () => true,
    () => false,
  );
  if (!hasGlibc) return unavailable(`${PACKAGE} needs glibc`);

  // Late: most machines have a browser, which is asked for its version before anything else is read.
  const { SQLITE_STAND_IN, unpackBrowser } = await import('./browser-unpack.ts');
  const details: string[] = [];
  let errno: string | null = null;
  const folders = options.cacheDir === undefined ? cacheFolders(options.env) : [options.cacheDir];
  for (const folder of folders) {
    try {
      const unpacked = await unpackBrowser({
        packageFolder,
        version: await versionOf(packageFolder),
        folder,
      });
      const started = await start(unpacked, join(unpacked, SQLITE_STAND_IN), options.env);
      if (started.ok) return started;
      details.push(`${folder}: ${started.problem.detail}`);
    } catch (error) {
      const code = codeOf(error);
      if (code !== null && DISK_REFUSES.has(code)) errno ??= code;
      details.push(`${folder}: ${messageOf(error)}`);
    }
  }
  if (errno !== null) {
    return unavailable(`${PACKAGE} could not be unpacked: ${errno}`, details.join('; '), errno);
  }
  return unavailable(`${PACKAGE} could not be unpacked or does not start`, details.join('; '));
}

/** The package exports its entry only, so its root is found from there; importing it would have side effects. */
function findPackage(): string | null {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(PACKAGE)), '..');
  } catch {
    return null;
  }
}

async function versionOf(packageFolder: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as {
    version?: unknown;
  };
  if (typeof version !== 'string' || !/^[\w.+-]+$/.test(version))
    throw new Error('its package.json has no version');
  return version;
}

/**
 * The system's libraries are used where there are any: they get security updates. The package's own are
 * for a machine without NSS, and are given to the browser process alone.
 */
async function start(
  folder: string,
  sqliteStandIn: string,
  env: NodeJS.ProcessEnv,
): Promise<Extract<BundledBrowser, { ok: true }> | { ok: false; problem: BrowserProblem }> {
  const path = join(folder, 'chromium');
  const fonts = fontEnvironment(folder, env);
  const problem = await startProblem(path, browserEnvironment(env, fonts));
  if (problem === null) return { ok: true, path, env: fonts };
  if (problem.missingLibrary === null) return { ok: false, problem };
  const own = [join(folder, 'lib'), ...(env['LD_LIBRARY_PATH'] ?? '').split(':').filter(Boolean)];
  if (!(await hasSqlite(join(folder, 'lib/libsoftokn3.so'), own.join(':')))) own.push(sqliteStandIn);
  const withLibraries = { ...fonts, LD_LIBRARY_PATH: own.join(':') };
  const still = await startProblem(path, browserEnvironment(env, withLibraries));
  return still === null ? { ok: true, path, env: withLibraries } : { ok: false, problem: still };
}

/** Whether the loader finds what the library of certificates needs; it is loaded late, when there is no way back. */
async function hasSqlite(library: string, searchPath: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const env = { LD_LIBRARY_PATH: searchPath };
    execFile(GLIBC_LOADER, ['--list', library], { env, timeout: 10_000 }, (error, stdout) => {
      resolve(error === null && stdout.includes('libsqlite3.so.0 => /'));
    });
  });
}

/** Unless the operator has own settings: the system's fonts, and one font of the package's where there are none. */
function fontEnvironment(folder: string, env: NodeJS.ProcessEnv): Record<string, string> {
  if (env['FONTCONFIG_FILE'] !== undefined || env['FONTCONFIG_PATH'] !== undefined) return {};
  return { FONTCONFIG_FILE: join(folder, 'fonts.conf') };
}
