import puppeteer from 'puppeteer';
import { describe, expect, test } from 'vitest';
import { commandLine } from '../../src/whatsapp/browser-flags.ts';
import { browserArgs, launchOptions } from '../../src/whatsapp/browser-launch.ts';

describe('command line of the browser', () => {
  test.each([
    ['headless-shell', undefined, []],
    ['chrome', undefined, []],
    ['headless-shell', '/profile', ['--lang=de']],
    ['chrome', 'relative/profile', ['--disable-features=A,B', '--lang=de', '--disable-features=C']],
    ['chrome', '/profile', ['--enable-features=A', '--enable-features=', '--disable-features-not=x']],
  ] as const)(
    'command line, %s on %s with %j, it is what the installed puppeteer would start with',
    (kind, userDataDir, extraArgs) => {
      const launch = () =>
        launchOptions({
          found: { path: '/opt/browser', kind, source: 'system', env: {} },
          args: browserArgs({ extraArgs, sandbox: false }),
          userDataDir,
          protocolTimeoutMs: 1,
          env: {},
        });
      expect(commandLine(launch())).toEqual(puppeteer.defaultArgs(launch()));
    },
  );

  test('command line, features of the operator, the given list stays as it is', () => {
    const args = Object.freeze(['--disable-features=A', '--lang=de']);
    commandLine({ args: args as string[], headless: 'shell' });
    expect(args).toEqual(['--disable-features=A', '--lang=de']);
  });
});
