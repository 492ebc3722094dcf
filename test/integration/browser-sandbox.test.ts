import { spawn } from 'node:child_process';
import { access, chmod, chown, constants, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { type Sandbox, sandboxUsable } from '../../src/whatsapp/browser-sandbox.ts';
import { fakeBrowser, temporaryFolder } from '../support/fake-browser.ts';

const CHILD = join(import.meta.dirname, '../support/sandbox-child.ts');
const onLinux = process.platform === 'linux';
const isRoot = process.getuid?.() === 0;
const NOBODY = 65534;

interface Asked {
  readonly sandbox: Sandbox;
  /** Whether the browser comes up when it is launched as the answer says. */
  readonly launched: boolean;
  /** What the question leaves behind. */
  readonly left: readonly string[];
}

/** Asks as an ordinary user, through `command` if one is given. */
async function ask(
  command: readonly string[],
  browser = process.env['PUPPETEER_EXECUTABLE_PATH'],
): Promise<Asked> {
  const folder = await temporaryFolder();
  if (isRoot) await chown(folder, NOBODY, NOBODY);
  await chmod(folder, 0o755);
  const words = [...command, process.execPath, CHILD];
  const child = spawn('/usr/bin/env', words, {
    cwd: '/',
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      TMPDIR: folder,
      PUPPETEER_EXECUTABLE_PATH: browser,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(isRoot && { uid: NOBODY, gid: NOBODY }),
  });
  const [said, complained] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (said === '') throw new Error(complained);
  const left = (await readdir(folder)).filter((name) => name.startsWith('whatsapp-gateway-sandbox'));
  return { ...(JSON.parse(said) as Pick<Asked, 'sandbox' | 'launched'>), left };
}

/** Whether an ordinary user can get at this checkout and its Node: root's own folders are closed to others. */
async function isReachable(): Promise<boolean> {
  if (!isRoot) return true;
  const open = async (path: string): Promise<boolean> =>
    path === dirname(path) || (((await stat(path)).mode & 0o005) === 0o005 && (await open(dirname(path))));
  return (await open(dirname(CHILD))) && (await open(dirname(process.execPath)));
}

/** As on a machine that has switched user namespaces off: one level is left, and Chromium needs another. */
const WITHOUT_NAMESPACES = [
  'unshare',
  '--map-root-user',
  'sh',
  '-c',
  'echo 1 > /proc/sys/user/max_user_namespaces && exec unshare --map-user=1000 --map-group=1000 "$@"',
  'sh',
];
const canTakeNamespacesAway =
  onLinux &&
  (await access('/proc/sys/user/max_user_namespaces', constants.R_OK).then(
    () => true,
    () => false,
  ));
const asUser = (await isReachable()) ? test : test.skip;

describe.skipIf(!onLinux)('sandbox of the browser (Linux only)', () => {
  test.skipIf(!isRoot)(
    'sandbox, root, not usable and no browser is started for it (needs root)',
    async () => {
      const neverStarts = { path: '/nonexistent', kind: 'chrome', source: 'system', env: {} } as const;
      expect(await sandboxUsable(neverStarts)).toMatchObject({
        usable: false,
        reason: expect.stringContaining('root') as unknown,
      });
    },
  );

  (canTakeNamespacesAway ? asUser : test.skip)(
    "sandbox, user without namespaces, not usable, with Chromium's words (needs user namespaces and a checkout that others can read)",
    async () => {
      const { sandbox, launched, left } = await ask(WITHOUT_NAMESPACES);
      expect(sandbox.usable).toBe(false);
      expect(sandbox.usable || sandbox.reason).toMatch(/sandbox|namespace/i);
      expect(sandbox.usable || sandbox.reason).not.toMatch(/^\[|\n/);
      expect(launched).toBe(true);
      expect(left).toEqual([]);
    },
  );

  asUser(
    'sandbox, ordinary user, the browser comes up as the answer says (needs a checkout that others can read)',
    async () => {
      // Whether this machine allows it is the machine's affair.
      const { launched, left } = await ask([]);
      expect(launched).toBe(true);
      expect(left).toEqual([]);
    },
  );

  asUser(
    'sandbox, a browser that never starts, no verdict on the sandbox (needs a checkout that others can read)',
    async () => {
      const folder = await temporaryFolder();
      await chmod(folder, 0o755);
      const path = await fakeBrowser(join(folder, 'chrome'), 'test "$1" = --version');
      expect(await ask([], path)).toEqual({ sandbox: { usable: true }, launched: false, left: [] });
    },
  );
});
