import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { WwebjsDriver } from '../../src/whatsapp/wwebjs-driver.ts';
import type { Faults } from '../simulator/faults.ts';
import { RecordedClient } from '../support/driver-world.ts';
import { temporaryFolder } from '../support/fake-browser.ts';
import { RealDriverWorld } from '../support/real-driver-world.ts';
import { RecordingLog } from '../support/session-rig.ts';
import { forbidStrayRejections } from '../support/stray-rejections.ts';

forbidStrayRejections();

/** Passing means waiting for it, so it is short; a page that loads has the default of a minute. */
const SHORT_MS = 1_500;

describe('hazard: a page that does not come', () => {
  test.each([
    { fault: 'hangHeaders', hangs: 'loadMs', code: 'load_timeout', message: 'did not finish loading' },
    { fault: 'hangBody', hangs: 'loadMs', code: 'load_timeout', message: 'did not finish loading' },
    { fault: 'noVersion', hangs: 'injectMs', code: 'load_timeout', message: 'did not get as far as a QR' },
    { fault: 'stuckOpening', hangs: 'injectMs', code: 'load_timeout', message: 'did not get as far as a QR' },
    { fault: 'unsupportedBrowser', hangs: 'injectMs', code: 'load_timeout', message: 'its scripts did not' },
    { fault: 'http500', code: 'whatsapp_unreachable', message: 'HTTP 500' },
    { fault: 'refuse', code: 'whatsapp_unreachable', message: 'ERR_CONNECTION_REFUSED' },
    { fault: 'reset', code: 'whatsapp_unreachable', message: 'ERR_CONNECTION_RESET' },
  ] satisfies { fault: keyof Faults; hangs?: string; code: string; message: string }[])(
    '$fault, the start fails with $code and is over after stop',
    async ({ fault, hangs, code, message }) => {
      await using world = await RealDriverWorld.create({
        deadlines: hangs === undefined ? {} : { [hangs]: SHORT_MS },
      });
      await world.simulator.setFault(fault, true);
      const { client, events } = world.create();
      await expect(client.start()).rejects.toMatchObject({
        code,
        retryable: true,
        message: expect.stringContaining(message) as string,
      });
      await client.stop();
      expect(await world.processes()).toBe(0);
      expect(events.filter(({ type }) => type !== 'failed' && type !== 'connection')).toEqual([]);
    },
  );

  test('name that does not resolve, the start fails and says to check DNS', async () => {
    await using world = await RealDriverWorld.create({
      chromiumArgs: ['--host-resolver-rules=MAP * ~NOTFOUND'],
    });
    const { client } = world.create();
    await expect(client.start()).rejects.toMatchObject({
      code: 'whatsapp_unreachable',
      action: expect.stringContaining('DNS') as string,
    });
  });
});

describe('hazard: a browser that does not come', () => {
  test('started and mute, the start fails in time and stop ends it', async () => {
    await using world = await RealDriverWorld.create({ deadlines: { launchMs: SHORT_MS } });
    await world.holdStart('launch');
    const { client } = world.create();
    await expect(client.start()).rejects.toMatchObject({
      code: 'browser_failed',
      message: expect.stringContaining('did not answer within') as string,
    });
    await client.stop();
    expect(await world.processes()).toBe(0);
  });

  test.each([
    { what: 'exits at once', script: 'exit 3', message: 'exit 3' },
    {
      what: 'finds the profile in use',
      script: 'echo "Failed to create a ProcessSingleton for your profile directory" >&2; exit 21',
      code: 'profile_in_use',
      message: 'Another browser',
    },
    {
      what: 'misses a library',
      script: 'echo "$0: error while loading shared libraries: libnss3.so: cannot open" >&2; exit 127',
      message: 'libnss3.so is missing',
    },
  ])('one that $what, the start fails and says so', async ({ script, message, code = 'browser_failed' }) => {
    const folder = await temporaryFolder();
    const path = join(folder, 'chromium');
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    const { client } = clientOf(folder, path);
    await expect(client.start()).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
    await client.stop();
  });
});

describe('hazard: a browser that is gone since it was found', () => {
  test.each([
    { what: 'removed', mode: null },
    { what: 'not executable any more', mode: 0o644 },
  ])('$what, browser_not_found and no uncaught error', async ({ mode }) => {
    const folder = await temporaryFolder();
    const path = join(folder, 'chromium');
    if (mode !== null) await writeFile(path, '#!/bin/sh\n', { mode });
    const { client } = clientOf(folder, path);
    await expect(client.start()).rejects.toMatchObject({
      code: 'browser_not_found',
      message: expect.stringMatching(/ENOENT|EACCES/) as string,
    });
    await client.stop();
  });
});

/** A client on `folder` whose browser is the program at `path`. */
function clientOf(folder: string, path: string): RecordedClient {
  const driver = new WwebjsDriver({
    profile: join(folder, 'profile'),
    log: new RecordingLog(),
    browser: () =>
      Promise.resolve({
        found: { path, kind: 'chrome', source: 'environment', env: {} },
        args: [],
        withoutSandbox: () => Promise.resolve(null),
      }),
  });
  return new RecordedClient((emit) => driver.create(emit));
}
