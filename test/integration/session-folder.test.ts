import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';

import { HOST_FILES, readHost } from '../../src/session/folder-host.ts';
import type { FolderInspection } from '../../src/session/session-folder.ts';
import { breakFs } from '../support/broken-fs.ts';
import { failureOf, folderRig } from '../support/folder-rig.ts';
import { waitFor } from '../support/wait-for.ts';

const rig = folderRig();

describe('problem', () => {
  test.each([
    ['moved away', (profile: string) => rename(profile, `${profile}-moved`)],
    ['deleted', (profile: string) => rm(profile, { recursive: true })],
    [
      'replaced by a copy',
      async (profile: string) => {
        await rename(profile, `${profile}-moved`);
        await cp(`${profile}-moved`, profile, { recursive: true });
      },
    ],
  ])('login, %s after the check, is told until the next check', async (_what, change) => {
    const folder = rig.open();
    expect(await folder.problem()).toBeNull();
    await folder.check();
    expect(await folder.problem()).toBeNull();
    await change(folder.profile);
    expect(await folder.problem()).toMatchObject({ code: 'session_path_deleted' });
    await folder.check();
    expect(await folder.problem()).toBeNull();
  });

  test('login, emptied under the browser once it was there, is told until the next check', async () => {
    const folder = rig.open();
    await folder.check();
    expect(await folder.problem(), 'a browser that has not written anything yet').toBeNull();
    await mkdir(join(folder.profile, 'Default', 'IndexedDB'), { recursive: true });
    expect(await folder.problem()).toBeNull();
    await rm(join(folder.profile, 'Default'), { recursive: true });
    expect(await folder.problem()).toMatchObject({ code: 'session_path_deleted' });
    expect(await folder.problem(), 'asked again').toMatchObject({ code: 'session_path_deleted' });
    await folder.check();
    expect(await folder.problem()).toBeNull();
  });

  test('the disk runs full under the browser, is told until there is room again', async () => {
    const folder = rig.open();
    await folder.check();
    let bavail: number | null = 0;
    breakFs('statfs', (real) => async (...call) => {
      if (bavail === null) throw new Error('EIO');
      return Object.assign((await real(...call)) as object, { bavail });
    });
    expect(await folder.problem()).toMatchObject({ code: 'session_path_no_space' });
    bavail = 10_000_000;
    expect(await folder.problem()).toBeNull();
    bavail = null;
    expect(await folder.problem(), 'a file system that does not tell').toBeNull();
  });

  test('files that come and go, where a file system knows no time of birth (Linux before 4.11), are no problem', async () => {
    // What Node makes of a kernel without statx.
    breakFs('stat', (real) => async (...call) => {
      const found = (await real(...call)) as Record<string, unknown>;
      return Object.assign(found, { birthtimeNs: found['ctimeNs'], birthtimeMs: found['ctimeMs'] });
    });
    const folder = rig.open();
    await folder.check();
    for (let n = 0; n < 3; n += 1) {
      await writeFile(join(folder.profile, `file ${n}`), 'x');
      expect(await folder.problem()).toBeNull();
    }
  });

  test.each([
    ['EACCES', '', 'session_profile_not_writable'],
    ['EIO', '', null],
    ['ESTALE', '', null],
    ['EACCES', 'Default/IndexedDB', 'session_profile_not_writable'],
    ['EIO', 'Default/IndexedDB', null],
  ])('login, looking at it fails with %s (%s), is not called deleted', async (errno, part, code) => {
    const folder = rig.open();
    await folder.check();
    breakFs('stat', (real) => async (path, ...rest) => {
      if (path !== join(folder.profile, part)) return real(path, ...rest);
      throw Object.assign(new Error(`${errno}: refused`), { code: errno, path });
    });
    expect((await folder.problem())?.code ?? null).toBe(code);
  });

  test.each(['not be opened', 'not say any more what it was'])(
    'profile that can %s, is called deleted when it is, and not before',
    async (what) => {
      breakFs('open', (real) => async (path, ...rest) => {
        const refused = () => Promise.reject(Object.assign(new Error('EIO: refused'), { code: 'EIO' }));
        if (path !== folder.profile) return real(path, ...rest);
        return what === 'not be opened'
          ? refused()
          : Object.assign((await real(path)) as object, { stat: refused });
      });
      const folder = rig.open();
      await folder.check();
      expect(await folder.problem()).toBeNull();
      await rm(folder.profile, { recursive: true });
      expect((await folder.problem())?.code).toBe('session_path_deleted');
    },
  );

  test('share that does not answer, looked at again and again, is asked once', async () => {
    const folder = rig.open({ deadlineMs: 500 });
    await folder.check();
    const { promise: answered, resolve: answer } = Promise.withResolvers<undefined>();
    let asked = 0;
    breakFs('stat', (real) => async (path, ...rest) => {
      if (path === folder.profile && asked++ === 0) await answered;
      return real(path, ...rest);
    });
    for (let look = 0; look < 5; look += 1) expect(await folder.problem()).toBeNull();
    expect(asked).toBe(1);
    answer(undefined);
    await rm(folder.profile, { recursive: true });
    await waitFor(async () => (await folder.problem())?.code === 'session_path_deleted', {
      what: 'the share, once it answers, to be looked at anew',
    });
  });

  test('login, moved away and back, is no problem any more', async () => {
    const folder = rig.open();
    await folder.check();
    await rename(folder.profile, `${folder.profile}-moved`);
    await rename(`${folder.profile}-moved`, folder.profile);
    expect(await folder.problem()).toBeNull();
  });
});

describe('check', () => {
  test('session folder, nothing there, is made private level by level and reported', async () => {
    const folder = rig.open({ path: join(rig.place, 'a/b/login') });
    const report = await folder.check();
    expect(report).toMatchObject({
      path: join(rig.place, 'a/b/login'),
      profile: join(rig.place, 'a/b/login/session-test'),
      owner: { uid: process.geteuid!(), gid: process.getegid!() },
      mode: '0700',
      uid: process.geteuid!(),
      inContainer: false,
      warnings: [],
    });
    expect(report.freeBytes).toBeGreaterThan(0);
    expect(readdirSync(report.profile)).toEqual([]);
  });

  test('session folder, checked twice, is described in the log once', async () => {
    const folder = rig.open();
    await folder.check();
    await folder.check();
    expect(rig.lines.map(({ level, message }) => [level, message])).toEqual([
      [
        'info',
        expect.stringMatching(/^Session folder .*login: owner \d+:\d+.*, mode 0700, running as \d+:\d+, /),
      ],
    ]);
  });

  test('session folder, released while a check runs, is not locked afterwards', async () => {
    const folder = rig.open();
    await Promise.all([folder.check(), folder.release()]);
    expect(readdirSync(folder.root)).toEqual(['session-test']);
  });

  test('session folder, released, leaves no file of the lock behind', async () => {
    const folder = rig.open();
    await folder.check();
    expect(readdirSync(folder.root).sort()).toEqual([
      '.session-test.holder',
      '.session-test.lock',
      'session-test',
    ]);
    await folder.release();
    expect(readdirSync(folder.root)).toEqual(['session-test']);
  });

  test('session folder, a file at its path, is named and can be mended without a restart', async () => {
    await writeFile(join(rig.place, 'login'), 'x');
    const folder = rig.open();
    const error = await failureOf(folder.check());
    expect(error.code).toBe('session_path_not_a_directory');
    expect(error.message).toContain(join(rig.place, 'login'));
    expect(error.action).toBe(`Move it away: mv ${rig.place}/login ${rig.place}/login.old`);
    await rm(join(rig.place, 'login'));
    await expect(folder.check()).resolves.toMatchObject({ mode: '0700' });
  });

  test('session folder, a link that leads nowhere, is named with its target', async () => {
    await symlink('/nowhere/at/all', join(rig.place, 'login'));
    const error = await failureOf(rig.open().check());
    expect(error.code).toBe('session_path_dangling_link');
    expect(error.message).toContain('/nowhere/at/all');
  });

  test('session folder, a link to a folder, is followed', async () => {
    await mkdir(join(rig.place, 'elsewhere'));
    await symlink('elsewhere', join(rig.place, 'login'));
    await rig.open().check();
    expect(existsSync(join(rig.place, 'elsewhere/session-test'))).toBe(true);
  });
});

describe('look', () => {
  const names = (inspection: FolderInspection) =>
    inspection.steps.map(({ name, verdict }) => `${name} ${verdict}`);

  test('session folder, nothing there, is not made', async () => {
    const inspection = await rig.open().inspect('look');
    expect(names(inspection)).toEqual(['path ok', 'mount ok', 'space ok', 'folder ok']);
    expect(inspection.problem).toBeNull();
    expect(inspection.report.owner).toBeNull();
    expect(readdirSync(rig.place)).toEqual([]);
  });

  test('session folder, there without a profile, is probed itself and left as it was', async () => {
    await mkdir(join(rig.place, 'login'));
    const inspection = await rig.open().inspect('look');
    expect(names(inspection)).toEqual([
      'path ok',
      'mount ok',
      'space ok',
      'folder ok',
      'lock ok',
      'write ok',
    ]);
    expect(readdirSync(join(rig.place, 'login'))).toEqual([]);
  });

  test('session folder, in use by a gateway, is fine and its lock stays', async () => {
    const gateway = rig.open();
    await gateway.check();
    const inspection = await rig.open().inspect('look');
    expect(inspection.problem).toBeNull();
    expect(inspection.steps.find(({ name }) => name === 'lock')?.message).toMatch(/^in use by process \d+/);
    expect(names(inspection)).toEqual([
      ...['path ok', 'mount ok', 'space ok', 'folder ok', 'lock ok', 'profile ok', 'write ok', 'contents ok'],
    ]);
    expect((await failureOf(rig.open().check())).code).toBe('profile_in_use');
  });

  test('session folder, looked at by the gateway itself while it checks, keeps its lock', async () => {
    const folder = rig.open();
    await Promise.all([folder.inspect('look'), folder.check(), folder.inspect('look')]);
    expect((await failureOf(rig.open().check())).code).toBe('profile_in_use');
  });

  test('session folder, bad, is a table up to the problem with what to type', async () => {
    await writeFile(join(rig.place, 'login'), 'x');
    const { steps, problem } = await rig.open().inspect('look');
    expect(steps).toEqual([
      {
        name: 'path',
        verdict: 'problem',
        code: 'session_path_not_a_directory',
        message: problem!.message,
        action: problem!.action,
      },
    ]);
  });
});

describe('a disk that does not answer', () => {
  test('session folder, hangs, is a reason of its own and heals by itself', async () => {
    // A FIFO that nobody writes to holds the reader in the kernel, as a dead network share does.
    const fifo = join(rig.place, 'mountinfo');
    execFileSync('mkfifo', [fifo]);
    const folder = rig.open({
      deadlineMs: 200,
      readHost: () => readHost({ ...HOST_FILES, mountInfo: fifo }, {}),
    });
    const errors = await Promise.all([failureOf(folder.check()), failureOf(folder.check())]);
    expect(errors.map(({ code, retryable }) => ({ code, retryable }))).toEqual([
      { code: 'session_path_unusable', retryable: true },
      { code: 'session_path_unusable', retryable: true },
    ]);
    expect(errors[0].message).toContain('does not answer (waited 0.2 s)');
    await folder.release();
    // Both waited for one reader: one writer frees it.
    await writeFile(fifo, '');
    await rm(fifo);
    await waitFor(() => folder.check());
  });
});

describe('folder lock', () => {
  test('session folder, held by another process, is refused by its name and free after SIGKILL', async () => {
    const other = spawn(
      process.execPath,
      ['test/support/hold-session-folder.ts', join(rig.place, 'login'), 'test'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(other.stdout, 'data');
    const folder = rig.open();
    const error = await failureOf(folder.check());
    expect(error).toMatchObject({ code: 'profile_in_use', retryable: true });
    expect(error.message).toContain(`process ${other.pid!} on ${hostname()}`);
    other.kill('SIGKILL');
    await once(other, 'exit');
    await expect(folder.check()).resolves.toBeDefined();
    expect(JSON.parse(await readFile(join(folder.root, '.session-test.holder'), 'utf8'))).toMatchObject({
      pid: process.pid,
    });
  });

  test('session folder, on a share without locks, works with a warning', async () => {
    const folder = rig.open({
      openLock: () => {
        throw Object.assign(new Error('disk I/O error'), { errcode: 3850 });
      },
    });
    const { warnings } = await folder.check();
    expect(warnings).toEqual([
      expect.objectContaining({
        code: 'session_path_unusable',
        message: expect.stringContaining('does not lock files (disk I/O error)') as string,
      }),
    ]);
    expect(rig.lines.map(({ level }) => level)).toEqual(['info', 'warn']);
  });

  test('session folder, lock file refused, is explained by the file system', async () => {
    const folder = rig.open({
      openLock: (path) => {
        rmSync(path);
        symlinkSync(path, path);
        return new DatabaseSync(path);
      },
    });
    expect((await failureOf(folder.check())).message).toContain('.session-test.lock');
  });

  test('session folder, of another client id beside it, is independent', async () => {
    await rig.open().check();
    await expect(rig.open({ clientId: 'other' }).check()).resolves.toBeDefined();
  });
});
