import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bundledBrowser, type BundledBrowserOptions } from '../../src/whatsapp/bundled-browser.ts';
import type { FoundBrowser } from '../../src/whatsapp/browser.ts';
import { temporaryFolder } from '../support/fake-browser.ts';
import { fakeBrowserPackage, type FakePackage } from '../support/fake-browser-package.ts';
import { waitFor } from '../support/wait-for.ts';

const onX64Linux = process.platform === 'linux' && process.arch === 'x64';
const isRoot = process.getuid?.() === 0;
const asRoot = test.skipIf(!isRoot);
const FOLDER = 'chromium-1.2.3-x64';

async function machine(options: FakePackage = {}) {
  const folder = await temporaryFolder();
  const cacheDir = join(folder, 'cache');
  const packageFolder = await fakeBrowserPackage(join(folder, 'package'), options);
  const env = { PATH: '/usr/bin:/bin', HOME: join(folder, 'home') };
  const given = { env, cacheDir, packageFolder } satisfies BundledBrowserOptions;
  return { folder, cacheDir, given };
}

async function unpacked(options: BundledBrowserOptions) {
  const browser = await bundledBrowser(options);
  if (!browser.ok) throw new Error(browser.detail);
  return browser;
}

/** Why there is no bundled browser, as the log has it. */
async function refusal(options: BundledBrowserOptions): Promise<string> {
  const browser = await bundledBrowser(options);
  if (browser.ok) throw new Error('expected none');
  return `${browser.reason}: ${browser.detail}`;
}

/** Another gateway that finds the bundled browser. */
function inAnotherProcess({ env, cacheDir, packageFolder }: BundledBrowserOptions) {
  const options = { env, cacheDir, systemBrowsers: [], bundledPackage: packageFolder };
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../support/find-browser-child.ts'), JSON.stringify(options)],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, found: text(child.stdout).then((json) => JSON.parse(json) as FoundBrowser) };
}

describe.skipIf(!onX64Linux)('bundled browser, unpacking (x64 Linux only)', () => {
  test('unpacked, where the kernel makes no folders, is refused and nothing hangs', async () => {
    const { given } = await machine();
    expect(await refusal({ ...given, cacheDir: '/proc/cache/below' })).toContain('ENOENT');
  });

  test('unpacked, first time, executable, libraries, fonts, and only this user may read it', async () => {
    const { cacheDir, given } = await machine();
    const { path, env } = await unpacked(given);
    expect(path).toBe(join(cacheDir, FOLDER, 'chromium'));
    expect(env).toEqual({ FONTCONFIG_FILE: join(cacheDir, FOLDER, 'fonts.conf') });
    const files = ['lib/libnss3.so', 'libEGL.so', 'fonts/Open_Sans/OpenSans-Regular.ttf'];
    for (const file of files) {
      expect(await readFile(join(cacheDir, FOLDER, file), 'utf8')).toMatch(/^content of/);
    }
    expect(await readFile(join(cacheDir, FOLDER, 'fonts.conf'), 'utf8')).toContain('/etc/fonts/fonts.conf');
    expect((await stat(cacheDir)).mode & 0o777).toBe(0o700);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  test('unpacked, second time, the same files and nothing beside them', async () => {
    const { cacheDir, given } = await machine();
    const first = await stat((await unpacked(given)).path);
    const second = await stat((await unpacked(given)).path);
    expect(second.ino).toBe(first.ino);
    expect(await readdir(cacheDir)).toEqual([FOLDER]);
  });

  test('unpacked, a new version of the package, both beside each other', async () => {
    const { cacheDir, folder, given } = await machine();
    await unpacked(given);
    const packageFolder = await fakeBrowserPackage(join(folder, 'new'), { version: '1.3.0' });
    expect((await unpacked({ ...given, packageFolder })).path).toContain('chromium-1.3.0-x64');
    expect((await readdir(cacheDir)).sort()).toEqual([FOLDER, 'chromium-1.3.0-x64']);
  });

  test('unpacked, another version unused for a month, it is removed', async () => {
    const { cacheDir, folder, given } = await machine();
    await unpacked(given);
    const longAgo = new Date(Date.now() - 31 * 24 * 60 * 60 * 1000);
    await utimes(join(cacheDir, FOLDER), longAgo, longAgo);
    const packageFolder = await fakeBrowserPackage(join(folder, 'new'), { version: '1.3.0' });
    await unpacked({ ...given, packageFolder });
    expect(await readdir(cacheDir)).toEqual(['chromium-1.3.0-x64']);
  });

  test('unpacked, used again after a month, its own folder stays and counts as used', async () => {
    const { cacheDir, given } = await machine();
    const { ino } = await stat((await unpacked(given)).path);
    const longAgo = new Date(Date.now() - 31 * 24 * 60 * 60 * 1000);
    await utimes(join(cacheDir, FOLDER), longAgo, longAgo);
    expect((await stat((await unpacked(given)).path)).ino).toBe(ino);
    expect((await stat(join(cacheDir, FOLDER))).mtimeMs).toBeGreaterThan(longAgo.getTime() + 1000);
  });

  test.each([
    ['missing', async (file: string) => await rm(file)],
    ['cut short', async (file: string) => await truncate(file, 3)],
  ])('unpacked, a file of it is %s, it is repaired', async (_what, damage) => {
    const { cacheDir, given } = await machine();
    await unpacked(given);
    for (const file of ['chromium', 'lib/libnss3.so', 'manifest.json']) {
      await damage(join(cacheDir, FOLDER, file));
      const { path } = await unpacked(given);
      expect(await readFile(path, 'utf8')).toContain('echo Chromium');
      expect(await readFile(join(cacheDir, FOLDER, 'lib/libnss3.so'), 'utf8')).toBe(
        'content of lib/libnss3.so',
      );
      expect(await readdir(cacheDir)).toEqual([FOLDER]);
    }
  });

  test('unpacked, a folder of that name with nothing in it, it is filled', async () => {
    const { cacheDir, given } = await machine();
    await mkdir(join(cacheDir, FOLDER), { recursive: true });
    expect((await stat((await unpacked(given)).path)).size).toBeGreaterThan(0);
  });

  test('unpacked, package is damaged, an answer that says so and nothing is left', async () => {
    const { cacheDir, given } = await machine();
    await truncate(join(given.packageFolder, 'bin/chromium.br'), 20);
    expect(await refusal(given)).toContain('unpacked');
    expect(await readdir(cacheDir)).toEqual([]);
  });

  test('unpacked, not installed, the answer says so', async () => {
    const { given } = await machine();
    expect(await refusal({ ...given, packageFolder: null })).toContain(
      '@sparticuz/chromium is not installed',
    );
  });
});

describe.skipIf(!onX64Linux)('bundled browser, two processes (x64 Linux only)', () => {
  test('unpacking, several at once, all end with a complete one and nothing is left', async () => {
    const { cacheDir, given } = await machine({ ballast: 30_000_000 });
    const others = [inAnotherProcess(given), inAnotherProcess(given)];
    const here = [unpacked(given), unpacked(given)];
    const paths = [
      ...(await Promise.all(here)).map(({ path }) => path),
      ...(await Promise.all(others.map(async ({ found }) => await found))).map(({ path }) => path),
    ];
    expect(new Set(paths)).toEqual(new Set([join(cacheDir, FOLDER, 'chromium')]));
    expect(await readdir(cacheDir)).toEqual([FOLDER]);
  });

  test('unpacking, killed in the middle, the half is never used and is removed', async () => {
    const { cacheDir, given } = await machine();
    const archive = await stuckArchive(given.packageFolder);
    const { child, found } = inAnotherProcess(given);
    found.catch(() => undefined);
    const half = await waitFor(async () => await halfUnpacked(cacheDir), { what: 'half a browser' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await readdir(cacheDir)).toEqual([half]);

    await archive.repair();
    const { path } = await unpacked(given);
    expect(path).toBe(join(cacheDir, FOLDER, 'chromium'));
    expect(await readdir(cacheDir)).toEqual([FOLDER]);
  });

  test('unpacking, a live process is at it, its half is left alone and gets finished', async () => {
    const { cacheDir, folder, given } = await machine();
    const archive = await stuckArchive(given.packageFolder);
    const { found } = inAnotherProcess(given);
    const half = await waitFor(async () => await halfUnpacked(cacheDir), { what: 'half a browser' });
    const packageFolder = await fakeBrowserPackage(join(folder, 'new'), { version: '1.3.0' });
    await unpacked({ ...given, packageFolder });
    expect((await readdir(cacheDir)).sort()).toEqual([half, 'chromium-1.3.0-x64'].sort());

    await archive.feed();
    expect((await found).path).toBe(join(cacheDir, FOLDER, 'chromium'));
    expect((await readdir(cacheDir)).sort()).toEqual([FOLDER, 'chromium-1.3.0-x64']);
  });
});

/** Makes the package's second archive one that does not end, so that unpacking stands still half-way. */
async function stuckArchive(packageFolder: string) {
  const archive = join(packageFolder, 'bin/swiftshader.tar.br');
  await rename(archive, `${archive}.whole`);
  execFileSync('mkfifo', [archive]);
  return {
    repair: async () => await rename(`${archive}.whole`, archive),
    feed: async () => await writeFile(archive, await readFile(`${archive}.whole`)),
  };
}

async function halfUnpacked(cacheDir: string): Promise<string | null> {
  const [name] = await readdir(cacheDir);
  if (name === undefined) return null;
  expect(name).toContain('.unpack-');
  return (await stat(join(cacheDir, name, 'chromium'))).size > 0 ? name : null;
}

describe.skipIf(!onX64Linux)('bundled browser, where it is unpacked (x64 Linux only)', () => {
  test('cache, XDG_CACHE_HOME set, there', async () => {
    const { folder, given } = await machine();
    const env = { ...given.env, XDG_CACHE_HOME: join(folder, 'xdg') };
    const { path } = await unpacked({ ...given, env, cacheDir: undefined });
    expect(path).toBe(join(folder, 'xdg/whatsapp-gateway', FOLDER, 'chromium'));
  });

  test('cache, XDG_CACHE_HOME relative, ignored as its specification says', async () => {
    const { folder, given } = await machine();
    const env = { ...given.env, XDG_CACHE_HOME: 'relative' };
    const { path } = await unpacked({ ...given, env, cacheDir: undefined });
    expect(path).toBe(join(folder, 'home/.cache/whatsapp-gateway', FOLDER, 'chromium'));
  });

  test('cache, home not usable, a folder of this user among the temporary files', async () => {
    const { folder, given } = await machine();
    await mkdir(join(folder, 'tmp'));
    const env = {
      ...given.env,
      HOME: join(given.packageFolder, 'package.json'),
      TMPDIR: join(folder, 'tmp'),
    };
    const { path } = await unpacked({ ...given, env, cacheDir: undefined });
    const own = `whatsapp-gateway-${process.getuid?.() ?? ''}`;
    expect(path).toBe(join(folder, 'tmp', own, FOLDER, 'chromium'));
    expect((await stat(join(folder, 'tmp', own))).mode & 0o777).toBe(0o700);
  });

  test('cache, its folder is open to others, it is closed before use', async () => {
    const { cacheDir, given } = await machine();
    await mkdir(cacheDir);
    await chmod(cacheDir, 0o777);
    await unpacked(given);
    expect((await stat(cacheDir)).mode & 0o777).toBe(0o700);
  });

  test('cache, its folder is a link, refused', async () => {
    const { cacheDir, folder, given } = await machine();
    await mkdir(join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), cacheDir);
    expect(await refusal(given)).toContain('not a folder');
    expect(await readdir(join(folder, 'elsewhere'))).toEqual([]);
  });

  test('cache, a folder above is writable for everybody, refused', async () => {
    const { cacheDir, folder, given } = await machine();
    await chmod(folder, 0o777);
    expect(await refusal(given)).toContain('writable for everybody');
    expect((await lstat(cacheDir)).isDirectory()).toBe(true);
    await chmod(folder, 0o1777);
    await expect(unpacked(given)).resolves.toMatchObject({ ok: true });
  });

  asRoot('cache, its folder belongs to another user, refused (needs root to set up)', async () => {
    const { cacheDir, given } = await machine();
    await mkdir(cacheDir);
    await chown(cacheDir, 65534, 65534);
    expect(await refusal(given)).toContain('belongs to uid 65534');
    expect(await readdir(cacheDir)).toEqual([]);
  });

  asRoot('cache, a folder above belongs to another user, refused (needs root to set up)', async () => {
    const { cacheDir, folder, given } = await machine();
    await chown(folder, 65534, 65534);
    expect(await refusal(given)).toContain('belongs to uid 65534');
    expect(await readdir(cacheDir)).toEqual([]);
  });

  asRoot(
    'cache, what is unpacked in it belongs to another user, refused (needs root to set up)',
    async () => {
      const { cacheDir, given } = await machine();
      await unpacked(given);
      await chown(join(cacheDir, FOLDER), 65534, 65534);
      expect(await refusal(given)).toContain('not a folder of');
    },
  );
});

describe.skipIf(!onX64Linux)('bundled browser, libraries and fonts (x64 Linux only)', () => {
  /** Behaves like the loader on a machine without NSS. */
  const needsLibraries = `case "$LD_LIBRARY_PATH" in */lib*) echo Chromium 1;; *)
    echo "$0: error while loading shared libraries: libnspr4.so: cannot open shared object file" >&2; exit 127;; esac`;

  test('libraries, the system has them, its own are not used', async () => {
    const { given } = await machine();
    expect((await unpacked(given)).env).not.toHaveProperty('LD_LIBRARY_PATH');
  });

  test('libraries, one is missing, its own for the browser alone', async () => {
    const { cacheDir, given } = await machine({ script: needsLibraries });
    const before = process.env['LD_LIBRARY_PATH'];
    const { env } = await unpacked(given);
    expect(env['LD_LIBRARY_PATH']?.split(':')[0]).toBe(join(cacheDir, FOLDER, 'lib'));
    expect(process.env['LD_LIBRARY_PATH']).toBe(before);
  });

  test("libraries, one is missing and the operator has a path, both and the package's first", async () => {
    const { cacheDir, given } = await machine({
      script: `case "$LD_LIBRARY_PATH" in */lib:/opt/own*) echo Chromium 1;; *)
        echo "error while loading shared libraries: libnss3.so: gone" >&2; exit 127;; esac`,
    });
    const env = { ...given.env, LD_LIBRARY_PATH: '/opt/own' };
    const { env: found } = await unpacked({ ...given, env });
    expect(found['LD_LIBRARY_PATH']).toMatch(new RegExp(`^${join(cacheDir, FOLDER, 'lib')}:/opt/own(:|$)`));
  });

  test('libraries, one is missing that it has not, the answer names it', async () => {
    const { given } = await machine({
      script: 'echo "error while loading shared libraries: libmagic.so.1: gone" >&2; exit 127',
    });
    expect(await refusal(given)).toContain('libmagic.so.1');
  });

  test('fonts, the operator has settings for them, those stay', async () => {
    const { given } = await machine();
    const env = { ...given.env, FONTCONFIG_PATH: '/etc/my-fonts' };
    expect((await unpacked({ ...given, env })).env).not.toHaveProperty('FONTCONFIG_FILE');
  });
});
