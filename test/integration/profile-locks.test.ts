import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readlink, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';

import { breakFs } from '../support/broken-fs.ts';
import { end, failureOf, folderRig } from '../support/folder-rig.ts';
import { waitFor } from '../support/wait-for.ts';

function isInstalled(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const rig = folderRig();

describe('locks of Chromium', () => {
  test('singleton links, of a living browser on this profile, stay and name it', async () => {
    const folder = rig.open();
    await folder.check();
    const browser = await rig.pretendBrowser(folder.profile);
    await symlink(`${hostname()}-${browser.pid}`, join(folder.profile, 'SingletonLock'));
    const live = { host: hostname(), pid: browser.pid };
    expect(await folder.clearStaleLocks()).toEqual({ removed: [], live });
    await end(browser);
    expect(await folder.clearStaleLocks()).toEqual({ removed: ['SingletonLock'], live: null });
  });

  test('browser that makes no singleton links, is found by its command line, also through a link', async () => {
    const folder = rig.open();
    await folder.check();
    await symlink(folder.profile, join(rig.place, 'link'));
    const browser = await rig.pretendBrowser(join(rig.place, 'link'));
    expect((await folder.clearStaleLocks()).live).toEqual({ host: hostname(), pid: browser.pid });
  });

  test('singleton links, on a share that answers late, are removed once and not when a browser may run', async () => {
    const folder = rig.open({ deadlineMs: 300 });
    await folder.check();
    const lock = join(folder.profile, 'SingletonLock');
    await symlink('another-host-1', lock);
    const { promise: answered, resolve: answer } = Promise.withResolvers<undefined>();
    let asked = 0;
    breakFs('unlink', (real) => async (...call) => {
      if (call[0] !== lock) return real(...call);
      asked += 1;
      await answered;
      return real(...call);
    });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect((await failureOf(folder.clearStaleLocks())).message).toContain('does not answer');
    }
    expect(asked).toBe(1);
    answer(undefined);
    expect(await folder.clearStaleLocks()).toEqual({ removed: ['SingletonLock'], live: null });
    expect(asked).toBe(1);
  });

  test('singleton links, real Chromium killed, name it while it lives and are removed afterwards', async (context) => {
    const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find((name) => isInstalled(name));
    context.skip(
      chromium === undefined,
      'needs full Chromium or Chrome on PATH: the headless shell makes no such links',
    );
    const folder = rig.open();
    await folder.check();
    const flags = ['--headless', '--no-sandbox', `--user-data-dir=${folder.profile}`, 'about:blank'];
    const browser = spawn(chromium!, [...flags, '--remote-debugging-port=0'], {
      stdio: 'ignore',
      detached: true,
    });
    try {
      const lock = join(folder.profile, 'SingletonLock');
      const owner = await waitFor(() => readlink(lock), { what: 'the lock of Chromium' });
      const { removed, live } = await folder.clearStaleLocks();
      expect(removed).toEqual([]);
      expect(owner).toBe(`${live!.host}-${live!.pid}`);
    } finally {
      process.kill(-browser.pid!, 'SIGKILL');
    }
    const gone = await waitFor(async () => {
      const result = await folder.clearStaleLocks();
      return result.live === null ? result : null;
    });
    expect(gone.removed).toContain('SingletonLock');
    await waitFor(() => folder.remove().then(() => true));
  });

  describe('with a procfs made for the test', () => {
    let proc: string;

    async function processAt(pid: number, files: { argv?: string[]; mnt?: string }): Promise<void> {
      await mkdir(join(proc, String(pid), 'ns'), { recursive: true });
      if (files.argv !== undefined) await writeFile(join(proc, `${pid}/cmdline`), files.argv.join('\0'));
      if (files.mnt !== undefined) await symlink(files.mnt, join(proc, `${pid}/ns/mnt`));
    }

    beforeEach(async () => {
      proc = join(rig.place, 'proc');
      await mkdir(join(proc, 'self/ns'), { recursive: true });
      await symlink('mnt:[1]', join(proc, 'self/ns/mnt'));
    });

    test('singleton link, of a living process whose command line is hidden, stays', async () => {
      const folder = rig.open({ proc });
      await folder.check();
      await symlink(`${hostname()}-${process.pid}`, join(folder.profile, 'SingletonLock'));
      const live = { host: hostname(), pid: process.pid };
      expect(await folder.clearStaleLocks()).toEqual({ removed: [], live });
    });

    test('browser with the same path in another container, is not ours', async () => {
      const folder = rig.open({ proc });
      await folder.check();
      const argv = ['chromium', `--user-data-dir=${folder.profile}`];
      await processAt(10, {});
      await processAt(11, { argv, mnt: 'mnt:[2]' });
      expect((await folder.clearStaleLocks()).live).toBeNull();
      await processAt(12, { argv, mnt: 'mnt:[1]' });
      expect((await folder.clearStaleLocks()).live).toEqual({ host: hostname(), pid: 12 });
    });

    test('browser whose folders may not be looked at, counts as ours', async () => {
      const folder = rig.open({ proc });
      await folder.check();
      await processAt(13, { argv: ['chromium', `--user-data-dir=${folder.profile}`] });
      expect((await folder.clearStaleLocks()).live).toEqual({ host: hostname(), pid: 13 });
    });

    test('no procfs at all, finds nobody', async () => {
      const folder = rig.open({ proc: join(rig.place, 'nothing') });
      await folder.check();
      expect(await folder.clearStaleLocks()).toEqual({ removed: [], live: null });
    });
  });

  test('singleton link, a folder in its place, is a problem that is named', async () => {
    const folder = rig.open();
    await mkdir(join(folder.profile, 'SingletonLock'), { recursive: true });
    expect((await failureOf(folder.clearStaleLocks())).code).toBe('session_path_unusable');
  });

  test.each([
    ['another host', 'some-container-9'],
    ['a dead process', `${hostname()}-4194304`],
    ['a process that is no Chromium', `${hostname()}-${process.pid}`],
    ['nobody that could be read', 'garbage'],
  ])('singleton links, of %s, are removed and their targets kept', async (_, owner) => {
    const folder = rig.open();
    await folder.check();
    await writeFile(join(rig.place, 'socket'), '');
    await symlink(owner, join(folder.profile, 'SingletonLock'));
    await symlink(join(rig.place, 'socket'), join(folder.profile, 'SingletonSocket'));
    await symlink('1234', join(folder.profile, 'SingletonCookie'));
    expect(await folder.clearStaleLocks()).toEqual({
      removed: ['SingletonLock', 'SingletonSocket', 'SingletonCookie'],
      live: null,
    });
    expect(readdirSync(folder.profile)).toEqual([]);
    expect(existsSync(join(rig.place, 'socket'))).toBe(true);
  });

  test('singleton links, none there, are no reason to say anything', async () => {
    const folder = rig.open();
    await folder.check();
    expect(await folder.clearStaleLocks()).toEqual({ removed: [], live: null });
    expect(rig.lines).toHaveLength(1);
  });
});
