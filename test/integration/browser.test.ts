import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { type FindBrowserOptions, findBrowser } from '../../src/whatsapp/browser.ts';
import { SYSTEM_BROWSERS } from '../../src/whatsapp/browser-places.ts';
import { fakeBrowserPackage } from '../support/fake-browser-package.ts';
import { fakeBrowser, temporaryFolder } from '../support/fake-browser.ts';

/** The names that are looked up in PATH, without what this machine really has in fixed places. */
const NAMES = SYSTEM_BROWSERS.filter((name) => !name.startsWith('/'));

/** A machine with nothing but what the test puts into `home` and `bin`. */
async function emptyMachine() {
  const folder = await temporaryFolder();
  const bin = join(folder, 'bin');
  const home = join(folder, 'home');
  await mkdir(bin);
  await mkdir(home);
  const options = {
    env: { PATH: `${bin}:/usr/bin:/bin`, HOME: home },
    systemBrowsers: NAMES.map((name) => join(bin, name)),
    bundledPackage: null,
  } satisfies FindBrowserOptions;
  return { bin, home, folder, options };
}

async function failureOf(options: FindBrowserOptions): Promise<GatewayError> {
  const error = await findBrowser(options).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof GatewayError)) throw new Error('expected a GatewayError', { cause: error });
  return error;
}

const puppeteerCache = (home: string, browser: string, version: string) =>
  join(home, '.cache/puppeteer', browser, `linux-${version}`, `${browser}-linux64`);

describe('browser from PUPPETEER_EXECUTABLE_PATH', () => {
  test('configured, starts, used before anything installed', async () => {
    const { bin, folder, options } = await emptyMachine();
    await fakeBrowser(join(bin, 'chromium-headless-shell'));
    const path = await fakeBrowser(join(folder, 'my-chrome'));
    await expect(findBrowser({ ...options, executablePath: path })).resolves.toEqual({
      path,
      kind: 'chrome',
      source: 'environment',
      env: {},
    });
  });

  test('configured, name of a headless shell, its kind is known', async () => {
    const { folder, options } = await emptyMachine();
    const path = await fakeBrowser(join(folder, 'chrome-headless-shell'));
    expect((await findBrowser({ ...options, executablePath: path })).kind).toBe('headless-shell');
  });

  test.each([
    ['a missing file', 'does not exist', async () => await Promise.resolve()],
    ['a folder', 'directory', async (path: string) => await mkdir(path)],
    [
      'a file without the executable bit',
      'may not execute',
      async (path: string) => await writeFile(path, '#!/bin/sh\n'),
    ],
    [
      'an executable of another machine',
      'does not start',
      async (path: string) => {
        await writeFile(path, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 9, 9, 9, 9]));
        await chmod(path, 0o755);
      },
    ],
    [
      'one whose library is missing',
      'libnss3.so is missing',
      async (path: string) => {
        await fakeBrowser(
          path,
          'echo "$0: error while loading shared libraries: libnss3.so: cannot open" >&2; exit 127',
        );
      },
    ],
  ])('configured, names %s, an error that says so and no fallback', async (_what, says, prepare) => {
    const { bin, folder, options } = await emptyMachine();
    await fakeBrowser(join(bin, 'chromium'));
    const path = join(folder, 'configured');
    await prepare(path);
    const error = await failureOf({ ...options, executablePath: path });
    expect(error).toMatchObject({ code: 'browser_not_found', retryable: false });
    expect(error.message).toContain('PUPPETEER_EXECUTABLE_PATH');
    expect(error.message).toContain(says);
    expect(error.action).toContain('PUPPETEER_EXECUTABLE_PATH');
  });

  test('configured, wrong, the path is in the cause for the log and not in the public message', async () => {
    const { folder, options } = await emptyMachine();
    const error = await failureOf({ ...options, executablePath: join(folder, 'gone') });
    expect(`${error.message} ${error.action ?? ''}`).not.toContain(folder);
    expect((error.cause as Error).message).toContain(join(folder, 'gone'));
  });

  test('configured, a wrapper that leaves something running behind it, is not waited for', async () => {
    const { folder, options } = await emptyMachine();
    const left = `setsid sh -c 'while [ -e "$0" ]; do sleep 1; done' "$0" &`;
    const path = await fakeBrowser(join(folder, 'wrapper'), `${left}\necho Chromium 1.2.3`);
    const begun = performance.now();
    expect((await findBrowser({ ...options, executablePath: path })).path).toBe(path);
    // The time that a browser has for its answer.
    expect(performance.now() - begun).toBeLessThan(30_000);
  });

  test('configured, empty, counts as not set', async () => {
    const { bin, options } = await emptyMachine();
    const path = await fakeBrowser(join(bin, 'chromium'));
    expect((await findBrowser({ ...options, executablePath: '' })).path).toBe(path);
  });
});

test.skipIf(process.arch !== 'x64' || process.platform !== 'linux')(
  'none on the machine, and no place to unpack the one that comes with npm, says what would make one',
  async () => {
    const { folder, options } = await emptyMachine();
    const bundledPackage = await fakeBrowserPackage(join(folder, 'package'));
    const file = join(folder, 'file');
    await writeFile(file, '');
    const error = await failureOf({ ...options, bundledPackage, cacheDir: join(file, 'cache') });
    expect(error.message).toContain('(@sparticuz/chromium could not be unpacked: ENOTDIR)');
    expect(error.action).toMatch(/; or let the gateway write to its home folder \(HOME\)/);
  },
);

describe('browser on the machine', () => {
  test('installed, shell and full browser, the headless shell first', async () => {
    const { bin, options } = await emptyMachine();
    for (const name of ['google-chrome', 'chromium']) await fakeBrowser(join(bin, name));
    const shell = await fakeBrowser(join(bin, 'chromium-headless-shell'));
    await expect(findBrowser(options)).resolves.toMatchObject({
      path: shell,
      kind: 'headless-shell',
      source: 'system',
    });
  });

  test.each(['google-chrome-stable', 'google-chrome', 'chromium', 'chromium-browser'])(
    'installed, only %s in PATH, found',
    async (name) => {
      const { bin, options } = await emptyMachine();
      const path = await fakeBrowser(join(bin, name));
      const found = await findBrowser({
        ...options,
        systemBrowsers: NAMES,
        env: { ...options.env, PATH: bin },
      });
      expect(found).toMatchObject({ path, kind: 'chrome', source: 'system' });
    },
  );

  test('installed, PATH with a relative folder, nothing is started from the working directory', async () => {
    const { options } = await emptyMachine();
    const env = { ...options.env, PATH: '.:node_modules/.bin' };
    expect((await failureOf({ ...options, env, systemBrowsers: ['vitest'] })).code).toBe('browser_not_found');
  });

  test('installed, shell that does not start, passed over for one that does', async () => {
    const { bin, options } = await emptyMachine();
    await fakeBrowser(join(bin, 'chromium-headless-shell'), 'exit 1');
    const path = await fakeBrowser(join(bin, 'chromium'));
    expect((await findBrowser(options)).path).toBe(path);
  });

  test('installed, wrapper whose target is gone, passed over', async () => {
    const { bin, folder, options } = await emptyMachine();
    await fakeBrowser(join(bin, 'chromium'), `exec ${join(folder, 'gone')} "$@"`);
    expect((await failureOf(options)).code).toBe('browser_not_found');
  });

  test('installed, dangling link, passed over', async () => {
    const { bin, folder, options } = await emptyMachine();
    await symlink(join(folder, 'gone'), join(bin, 'chromium'));
    expect((await failureOf(options)).code).toBe('browser_not_found');
  });

  test('installed, asked for its version, it sees no secret of the gateway', async () => {
    const { bin, folder, options } = await emptyMachine();
    const seen = join(folder, 'seen');
    await fakeBrowser(join(bin, 'chromium'), `env > '${seen}'; echo Chromium 1`);
    await findBrowser({ ...options, env: { ...options.env, API_KEY: 'not-for-browsers' } });
    expect(await readFile(seen, 'utf8')).toContain('HOME=');
    expect(await readFile(seen, 'utf8')).not.toContain('not-for-browsers');
  });
});

describe("browser in puppeteer's cache", () => {
  test('cached, chrome and shells, the newest shell', async () => {
    const { home, options } = await emptyMachine();
    await fakeBrowser(join(puppeteerCache(home, 'chrome', '150.0.1.1'), 'chrome'));
    for (const version of ['99.0.1.1', '145.0.2.9', '145.0.2.10']) {
      await fakeBrowser(
        join(puppeteerCache(home, 'chrome-headless-shell', version), 'chrome-headless-shell'),
      );
    }
    const found = await findBrowser(options);
    expect(found).toMatchObject({ kind: 'headless-shell', source: 'puppeteer-cache' });
    expect(found.path).toContain('145.0.2.10');
  });

  test('cached, an installed one as well, the installed one', async () => {
    const { bin, home, options } = await emptyMachine();
    await fakeBrowser(join(puppeteerCache(home, 'chrome-headless-shell', '1.0'), 'chrome-headless-shell'));
    const path = await fakeBrowser(join(bin, 'chromium'));
    expect((await findBrowser(options)).path).toBe(path);
  });

  test('cached, in PUPPETEER_CACHE_DIR, found there', async () => {
    const { folder, home, options } = await emptyMachine();
    await fakeBrowser(join(puppeteerCache(home, 'chrome', '150.0.1.1'), 'chrome'));
    const env = { ...options.env, HOME: folder, PUPPETEER_CACHE_DIR: join(home, '.cache/puppeteer') };
    expect(await findBrowser({ ...options, env })).toMatchObject({
      kind: 'chrome',
      source: 'puppeteer-cache',
    });
  });

  test('cached, left half downloaded, passed over', async () => {
    const { home, options } = await emptyMachine();
    await mkdir(puppeteerCache(home, 'chrome', '150.0.1.1'), { recursive: true });
    expect((await failureOf(options)).code).toBe('browser_not_found');
  });
});

describe('browser from a snap', () => {
  const launcher = 'exec /snap/bin/chromium "$@"';

  test('snap, another browser there, the other one', async () => {
    const { bin, home, options } = await emptyMachine();
    await fakeBrowser(join(bin, 'chromium-browser'), `${launcher.replace('exec', ': ')}\necho Chromium 1`);
    const cached = await fakeBrowser(join(puppeteerCache(home, 'chrome', '150.0.1.1'), 'chrome'));
    expect((await findBrowser(options)).path).toBe(cached);
  });

  test('snap, nothing else, the snap', async () => {
    const { bin, options } = await emptyMachine();
    const path = await fakeBrowser(
      join(bin, 'chromium-browser'),
      `${launcher.replace('exec', ': ')}\necho Chromium 1`,
    );
    expect((await findBrowser(options)).path).toBe(path);
  });
});

describe('no browser', () => {
  test('none, message names what was looked at and the action what to type', async () => {
    const { options } = await emptyMachine();
    const error = await failureOf(options);
    expect(error).toMatchObject({ code: 'browser_not_found', retryable: false });
    for (const place of [
      'PUPPETEER_EXECUTABLE_PATH',
      'chromium-headless-shell',
      'puppeteer',
      '@sparticuz/chromium',
    ]) {
      expect(error.message).toContain(place);
    }
    expect(error.action).toMatch(/install|add|-S chromium/);
    expect(error.action).toContain('PUPPETEER_EXECUTABLE_PATH');
  });

  test('none, broken ones there, their paths and words are in the cause and not in the message', async () => {
    const { bin, options } = await emptyMachine();
    const path = await fakeBrowser(join(bin, 'chromium'), 'echo "it is broken" >&2; exit 3');
    const error = await failureOf(options);
    expect(error.message).not.toContain(bin);
    expect((error.cause as Error).message).toContain(`${path}: it is broken`);
  });
});
