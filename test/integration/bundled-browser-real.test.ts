import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import puppeteer, { type Browser } from 'puppeteer';
import { describe, expect, test } from 'vitest';
import { browserArgs, launchOptions } from '../../src/whatsapp/browser-launch.ts';
import { findBrowser, type FindBrowserOptions, type FoundBrowser } from '../../src/whatsapp/browser.ts';
import { sqliteFunctionsOf, sqliteStandIn } from '../../src/whatsapp/sqlite-stand-in.ts';
import { startSimulator } from '../simulator/server.ts';
import { temporaryFolder } from '../support/fake-browser.ts';

const onX64Linux = process.platform === 'linux' && process.arch === 'x64';
const TIMEOUT_MS = 120_000;

/** The real package, unpacked, on a machine without another browser. */
async function realBrowser(env: NodeJS.ProcessEnv = { HOME: '/nonexistent' }) {
  const folder = await temporaryFolder();
  const options: FindBrowserOptions = { env, systemBrowsers: [], cacheDir: join(folder, 'cache') };
  return { folder, env, found: await findBrowser(options) };
}

async function launch(
  found: FoundBrowser,
  profile: string,
  env: NodeJS.ProcessEnv,
  extraArgs: string[] = [],
) {
  return await puppeteer.launch(
    launchOptions({
      found,
      args: browserArgs({ extraArgs, sandbox: process.getuid?.() !== 0 }),
      userDataDir: profile,
      protocolTimeoutMs: 60_000,
      launchTimeoutMs: 60_000,
      env,
    }),
  );
}

async function widthsOf(browser: Browser, ...texts: string[]): Promise<number[]> {
  const page = await browser.newPage();
  await page.setContent(
    texts.map((text) => `<span style="font: 40px sans-serif">${text}</span><br>`).join(''),
  );
  return (await page.evaluate(
    '[...document.querySelectorAll("span")].map((span) => span.getBoundingClientRect().width)',
  )) as number[];
}

describe.skipIf(!onX64Linux)('bundled browser, the real one (x64 Linux only)', () => {
  test('package, installed with this project, found', () => {
    expect(createRequire(import.meta.url).resolve('@sparticuz/chromium')).toContain('chromium');
  });

  test(
    'browser, nothing else there, it renders text and sees no secret',
    { timeout: TIMEOUT_MS },
    async () => {
      const { folder, env, found } = await realBrowser({ HOME: '/nonexistent', API_KEY: 'not-for-browsers' });
      expect(found).toMatchObject({ kind: 'headless-shell', source: 'bundled' });
      const browser = await launch(found, join(folder, 'profile'), env);
      try {
        const [narrow = 0, wide = 0] = await widthsOf(browser, 'iiii', 'WWWW');
        expect(narrow).toBeGreaterThan(0);
        // Without a font every character has the same width: that of an empty box.
        expect(wide).toBeGreaterThan(narrow * 1.5);
        const environment = await readFile(`/proc/${browser.process()?.pid ?? ''}/environ`, 'utf8');
        expect(environment).toContain('FONTCONFIG_FILE=');
        expect(environment).not.toContain('not-for-browsers');
      } finally {
        await browser.close();
      }
    },
  );

  test(
    'browser, its own libraries and no SQLite, an https page comes up',
    { timeout: TIMEOUT_MS },
    async () => {
      const { folder, env, found } = await realBrowser();
      const unpacked = join(found.path, '..');
      // Before the system's, so that a machine that has them all is like one that has none.
      const libraries = { LD_LIBRARY_PATH: `${join(unpacked, 'lib')}:${join(unpacked, 'lib-sqlite')}` };
      await using simulator = await startSimulator();
      const own = { ...found, env: { ...found.env, ...libraries } };
      const browser = await launch(own, join(folder, 'profile'), env, [...simulator.chromiumArgs]);
      try {
        const page = await browser.newPage();
        expect((await page.goto('https://web.whatsapp.com/'))?.status()).toBe(200);
        const maps = await readFile(`/proc/${browser.process()?.pid ?? ''}/maps`, 'utf8');
        expect(maps).toContain(join(unpacked, 'lib/libsoftokn3.so'));
        expect(maps).toContain(join(unpacked, 'lib-sqlite/libsqlite3.so.0'));
      } finally {
        await browser.close();
      }
    },
  );
});

describe.skipIf(!onX64Linux)('stand-in for SQLite (x64 Linux only)', () => {
  const LOADER = '/lib64/ld-linux-x86-64.so.2';

  /** What the loader says of a library when it resolves every symbol at once, as `ldd -r` does. */
  async function resolved(library: string, searchPath: string): Promise<string> {
    const env = {
      LD_LIBRARY_PATH: searchPath,
      LD_TRACE_LOADED_OBJECTS: '1',
      LD_WARN: 'yes',
      LD_BIND_NOW: 'yes',
    };
    const { stdout, stderr } = await promisify(execFile)(LOADER, [library], { env });
    return stdout + stderr;
  }

  async function standInFor(functions: readonly string[]): Promise<string> {
    const folder = join(await temporaryFolder(), 'stand-in');
    await mkdir(folder);
    await writeFile(join(folder, 'libsqlite3.so.0'), sqliteStandIn(functions));
    return folder;
  }

  test('stand-in, made for the library of certificates, the loader misses nothing', async () => {
    const { found } = await realBrowser();
    const library = join(found.path, '../lib/libsoftokn3.so');
    const functions = sqliteFunctionsOf(await readFile(library));
    expect(functions).toContain('sqlite3_open_v2');
    expect(functions.length).toBeGreaterThan(10);

    const complete = await standInFor(functions);
    const said = await resolved(library, `${join(library, '..')}:${complete}`);
    expect(said).toContain(`libsqlite3.so.0 => ${complete}/libsqlite3.so.0`);
    expect(said).not.toContain('undefined symbol');

    const lacking = await standInFor(functions.filter((name) => name !== 'sqlite3_open_v2'));
    expect(await resolved(library, `${join(library, '..')}:${lacking}`)).toContain(
      'undefined symbol: sqlite3_open_v2',
    );
  });

  test('functions, read from a string table, each once and whole', () => {
    const table = Buffer.from('\0sqlite3_open_v2\0memcpy\0sqlite3_close\0sqlite3_open_v2\0xsqlite3_no\0');
    expect(sqliteFunctionsOf(table)).toEqual(['sqlite3_close', 'sqlite3_open_v2']);
  });
});
