import { describe, expect, test } from 'vitest';
import { browserEnvironment } from '../../src/whatsapp/browser-environment.ts';
import { browserArgs, launchOptions, refusedArgs } from '../../src/whatsapp/browser-launch.ts';
import type { FoundBrowser } from '../../src/whatsapp/browser.ts';

const shell: FoundBrowser = { path: '/opt/shell', kind: 'headless-shell', source: 'system', env: {} };

describe('browser flags', () => {
  test('flags, sandbox usable, the sandbox stays on', () => {
    expect(browserArgs({ extraArgs: [], sandbox: true })).not.toContain('--no-sandbox');
  });

  test('flags, sandbox not usable, it is switched off', () => {
    expect(browserArgs({ extraArgs: [], sandbox: false })).toContain('--no-sandbox');
  });

  test.each([true, false])('flags, sandbox %s, none that breaks or bloats the browser', (sandbox) => {
    const args = browserArgs({ extraArgs: [], sandbox });
    expect(args).not.toContain('--single-process');
    expect(args).not.toContain('--no-zygote');
    expect(args.filter((arg) => !arg.startsWith('--'))).toEqual([]);
  });

  test("flags, operator's own, they come last in their order", () => {
    const extraArgs = ['--lang=de', '--js-flags=--max-old-space-size=256'];
    expect(browserArgs({ extraArgs, sandbox: false }).slice(-2)).toEqual(extraArgs);
  });

  test.each([
    '--user-data-dir=/elsewhere',
    '--user-data-dir',
    '--remote-debugging-port=9222',
    '--remote-debugging-pipe',
    '--headless=new',
    '--single-process',
    '--no-zygote',
  ])('flags, operator gives %s, it is left out and named', (flag) => {
    const extraArgs = ['--lang=de', flag];
    expect(browserArgs({ extraArgs, sandbox: true })).not.toContain(flag);
    expect(browserArgs({ extraArgs, sandbox: true })).toContain('--lang=de');
    expect(refusedArgs(extraArgs)).toEqual([flag]);
  });

  test.each(['--no-zygote-sandbox', '--headless-mode-x', '--user-data-dir-name=x'])(
    'flags, %s only begins like a refused one, it is passed on',
    (flag) => {
      expect(refusedArgs([flag])).toEqual([]);
    },
  );

  test('flags, called twice, the input is not changed and the result is equal', () => {
    const options = Object.freeze({ extraArgs: Object.freeze(['--lang=de']), sandbox: true });
    expect(browserArgs(options)).toEqual(browserArgs(options));
  });
});

describe('launch options', () => {
  const options = { found: shell, args: ['--x'], protocolTimeoutMs: 7_000, env: {} };

  test('launch options, any browser, pipe and no signal handlers of puppeteer', () => {
    expect(launchOptions(options)).toMatchObject({
      executablePath: '/opt/shell',
      pipe: true,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      dumpio: false,
      protocolTimeout: 7_000,
      args: ['--x'],
    });
  });

  test('launch options, headless shell and chrome, each in its headless mode', () => {
    expect(launchOptions(options).headless).toBe('shell');
    expect(launchOptions({ ...options, found: { ...shell, kind: 'chrome' } }).headless).toBe(true);
  });

  test('launch options, no profile and no launch deadline given, neither key is there', () => {
    expect(launchOptions(options)).not.toHaveProperty('userDataDir');
    expect(launchOptions(options)).not.toHaveProperty('timeout');
    expect(launchOptions({ ...options, userDataDir: '/p', launchTimeoutMs: 9 })).toMatchObject({
      userDataDir: '/p',
      timeout: 9,
    });
  });

  test('launch options, puppeteer changes the arguments it is given, ours stay', () => {
    const args = ['--disable-features=A'];
    const launch = launchOptions({ ...options, args });
    launch.args?.pop();
    expect(args).toEqual(['--disable-features=A']);
  });
});

describe('browser environment', () => {
  test('environment, secrets around it, only what a browser needs passes', () => {
    const needed = {
      PATH: '/usr/bin',
      HOME: '/home/u',
      TMPDIR: '/t',
      LANG: 'de_DE.UTF-8',
      LC_MESSAGES: 'C',
      TZ: 'Europe/Berlin',
      XDG_CONFIG_HOME: '/c',
      FONTCONFIG_PATH: '/f',
      HTTPS_PROXY: 'http://proxy:3128',
      no_proxy: 'localhost',
    };
    const secrets = {
      API_KEY: 'k',
      AWS_SECRET_ACCESS_KEY: 'k',
      WEBHOOK_SECRET: 'k',
      NODE_OPTIONS: '--inspect',
      npm_config_registry: 'r',
      DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/bus',
      MY_PATH: 'x',
      PATH_KEY: 'x',
      LC_: 'x',
    };
    expect(browserEnvironment({ ...secrets, ...needed })).toEqual(needed);
  });

  test("environment, browser's own needs, they win", () => {
    expect(browserEnvironment({ LD_LIBRARY_PATH: '/a' }, { LD_LIBRARY_PATH: '/b:/a' })).toMatchObject({
      LD_LIBRARY_PATH: '/b:/a',
    });
  });

  test.each([
    [{}, { LC_CTYPE: 'C.UTF-8' }],
    [{ LANG: 'ru_RU.KOI8-R' }, { LANG: 'ru_RU.KOI8-R', LC_CTYPE: 'C.UTF-8' }],
    [
      { LANG: 'de_DE.UTF-8', LC_CTYPE: 'C' },
      { LANG: 'de_DE.UTF-8', LC_CTYPE: 'C.UTF-8' },
    ],
    [
      { LANG: 'de_DE.UTF-8', LC_ALL: 'POSIX' },
      { LANG: 'de_DE.UTF-8', LC_ALL: 'C.UTF-8' },
    ],
    [
      { LANG: 'C', LC_ALL: '', LC_CTYPE: '' },
      { LANG: 'C', LC_ALL: '', LC_CTYPE: 'C.UTF-8' },
    ],
    [{ LANG: 'ru_RU.utf8' }, { LANG: 'ru_RU.utf8' }],
    [
      { LANG: 'C', LC_ALL: 'en_US.UTF-8' },
      { LANG: 'C', LC_ALL: 'en_US.UTF-8' },
    ],
  ])('environment, locale %j, file names are UTF-8 and the language stays', (env, expected) => {
    expect(browserEnvironment(env)).toEqual(expected);
  });

  test('environment, launch options, a secret of the process does not get in', () => {
    const env = { PATH: '/bin', LANG: 'C.UTF-8', API_KEY: 'a-very-secret-key' };
    const launch = launchOptions({
      found: { ...shell, env: { FONTCONFIG_FILE: '/f' } },
      args: [],
      protocolTimeoutMs: 1,
      env,
    });
    expect(launch.env).toEqual({ PATH: '/bin', LANG: 'C.UTF-8', FONTCONFIG_FILE: '/f' });
  });
});
