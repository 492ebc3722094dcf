import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { removeProfile } from '../../src/session/profile-removal.ts';
import type { SessionFolder } from '../../src/session/session-folder.ts';
import { breakFs } from '../support/broken-fs.ts';
import { end, failureOf, folderRig, undeletable } from '../support/folder-rig.ts';

const rig = folderRig();

describe('removal', () => {
  test('login, removed, is gone with all that is in it and nothing that its links lead to', async () => {
    const folder = rig.open();
    await folder.check();
    await writeFile(join(rig.place, 'outside'), 'kept');
    await mkdir(join(folder.profile, 'Default/IndexedDB'), { recursive: true });
    await symlink(rig.place, join(folder.profile, 'Default/link'));
    await folder.remove();
    expect(readdirSync(folder.root).filter((name) => name.startsWith('session'))).toEqual([]);
    expect(await readFile(join(rig.place, 'outside'), 'utf8')).toBe('kept');
    await folder.remove();
  });

  test('login, while a browser runs on it, is not removed', async () => {
    const folder = rig.open();
    await folder.check();
    const browser = await rig.pretendBrowser(folder.profile);
    const error = await failureOf(folder.remove());
    expect(error).toMatchObject({ code: 'login_not_removed', action: `kill ${browser.pid}` });
    expect(existsSync(folder.profile)).toBe(true);
    await end(browser);
    await folder.remove();
    expect(existsSync(folder.profile)).toBe(false);
  });

  test('login, of another gateway that has no browser just now, is not removed', async () => {
    const theirs = rig.open();
    await theirs.check();
    const ours = rig.open();
    const error = await failureOf(ours.remove());
    expect(error).toMatchObject({ code: 'login_not_removed', cause: { code: 'profile_in_use' } });
    expect(error.message).toContain('is in use by another gateway');
    expect(existsSync(theirs.profile)).toBe(true);
    await theirs.release();
    await ours.remove();
    expect(existsSync(theirs.profile)).toBe(false);
  });

  test('login, of another gateway with a browser on it, is not removed, nor is its end advised', async () => {
    const theirs = rig.open();
    await theirs.check();
    await rig.pretendBrowser(theirs.profile);
    const error = await failureOf(rig.open().remove());
    expect(error.message).toContain('is in use by another gateway');
    expect(error.action).not.toContain('kill');
  });

  test('login, a link in its place, is neither used nor removed', async () => {
    const folder = rig.open();
    await mkdir(folder.root);
    await mkdir(join(rig.place, 'elsewhere'));
    await symlink(join(rig.place, 'elsewhere'), folder.profile);
    expect((await failureOf(folder.check())).message).toContain('session-test is a link');
    expect((await failureOf(folder.remove())).code).toBe('login_not_removed');
    expect(existsSync(join(rig.place, 'elsewhere'))).toBe(true);
  });

  test('login, in a folder that does not exist, needs no removal', async () => {
    await rig.open().remove();
  });

  test('login, what is left of it cannot be looked for, is not called removed', async () => {
    const folder = rig.open();
    await folder.check();
    breakFs('readdir', (real) => async (path, ...rest) => {
      if (path !== folder.root) return real(path, ...rest);
      throw Object.assign(new Error('EIO: refused'), { code: 'EIO', path });
    });
    expect((await failureOf(folder.remove())).code).toBe('login_not_removed');
  });

  test('login, the file system refuses, says why', async () => {
    await writeFile(join(rig.place, 'login'), 'x');
    const error = await failureOf(rig.open().remove());
    expect(error.code).toBe('login_not_removed');
    expect(error.message).toContain('could not be removed: Cannot use');
    expect(error.cause).toMatchObject({ code: 'ENOTDIR' });
    await expect(removeProfile(join(rig.place, 'login/session-test'))).rejects.toThrow('ENOTDIR');
  });

  test('login, a mount point that cannot be renamed, is emptied', async () => {
    const profile = join(rig.place, 'session-x');
    await mkdir(join(profile, 'Default/IndexedDB'), { recursive: true });
    await writeFile(join(profile, 'Local State'), '{}');
    // rename(2) answers EBUSY for a path that ends in a dot, as it does for a mount point.
    await removeProfile(`${profile}/.`);
    expect(readdirSync(profile)).toEqual([]);
  });

  test('login, a folder in it cannot be deleted, is not called removed, at the first try or a later one', async (context) => {
    const folder = rig.open();
    await folder.check();
    const undo = await undeletable(join(folder.profile, 'Default/IndexedDB'), context);
    let left = folder.profile;
    try {
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const error = await failureOf(folder.remove());
        left = readdirSync(folder.root).find((name) => name.startsWith('session-test.removed-')) ?? '';
        expect(error.code).toBe('login_not_removed');
        expect(error.message).toContain('it is out of use, and still on the disk');
        expect(error.action).toBe(`sudo rm -r ${join(folder.root, left)}`);
      }
    } finally {
      undo(join(folder.root, left, 'Default/IndexedDB'));
    }
    await folder.remove();
    expect(readdirSync(folder.root).filter((name) => name.startsWith('session'))).toEqual([]);
  });

  test('login, on a share that does not answer, is not removed, and one removal waits for it', async () => {
    const folder = rig.open({ deadlineMs: 500 });
    await folder.check();
    const { promise: answered, resolve: answer } = Promise.withResolvers<undefined>();
    let renamed = 0;
    breakFs('rename', (real) => async (...call) => {
      renamed += 1;
      await answered;
      return real(...call);
    });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const error = await failureOf(folder.remove());
      expect(error).toMatchObject({ code: 'login_not_removed' });
      expect(error.message).toContain('does not answer (waited 2 s)');
    }
    expect(renamed).toBe(1);
    answer(undefined);
    await folder.remove();
    expect(existsSync(folder.profile)).toBe(false);
  });

  test('login, its removal given up and still at work, no start goes before it: the next login would go with it', async () => {
    const folder = rig.open({ deadlineMs: 500 });
    await folder.check();
    const { promise: answered, resolve: answer } = Promise.withResolvers<undefined>();
    breakFs('rename', (real) => async (...call) => {
      await answered;
      return real(...call);
    });
    expect((await failureOf(folder.remove())).code).toBe('login_not_removed');
    expect((await failureOf(folder.check())).message).toContain('does not answer');
    answer(undefined);
    await folder.check();
    await writeFile(join(folder.profile, 'new login'), 'x');
    await folder.remove();
    expect(readdirSync(folder.root).filter((name) => name.startsWith('session'))).toEqual([]);
  });

  test('login, removed while what is left of an earlier one cannot be deleted, is called removed', async (context) => {
    const folder = rig.open();
    await folder.check();
    const undo = await undeletable(join(folder.root, 'session-test.removed-1-ab'), context);
    try {
      await folder.remove();
      expect(existsSync(folder.profile)).toBe(false);
    } finally {
      undo();
    }
  });

  test('login, a part of it cannot be deleted, is a warning for the next login and no failure of its removal', async (context) => {
    const folder = rig.open();
    await folder.check();
    const undo = await undeletable(join(folder.profile, 'Default/IndexedDB'), context);
    let left = folder.profile;
    try {
      expect((await failureOf(folder.remove())).code).toBe('login_not_removed');
      left = readdirSync(folder.root).find((name) => name.startsWith('session-test.removed-')) ?? '';
      expect((await folder.check()).warnings).toMatchObject([{ code: 'login_not_removed' }]);
      await folder.remove();
    } finally {
      undo(join(folder.root, left, 'Default/IndexedDB'));
    }
  });

  test('login, what is left of an earlier removal cannot be deleted, is a warning', async (context) => {
    const folder = rig.open();
    const left = join(folder.root, 'session-test.removed-1-ab');
    const undo = await undeletable(left, context);
    try {
      const { warnings } = await folder.check();
      expect(warnings).toEqual([
        expect.objectContaining({ code: 'login_not_removed', action: `sudo rm -r ${left}` }),
      ]);
    } finally {
      undo();
    }
    expect((await folder.check()).warnings).toEqual([]);
  });

  test('login, removal interrupted, is finished by the next check', async () => {
    const folder = rig.open();
    await mkdir(join(folder.root, 'session-test.removed-1-ab/Default'), { recursive: true });
    await mkdir(join(folder.root, 'session-testing'), { recursive: true });
    await folder.check();
    expect(
      readdirSync(folder.root)
        .filter((name) => name.startsWith('session'))
        .sort(),
    ).toEqual(['session-test', 'session-testing']);
  });
});

describe('caches', () => {
  const CACHES = [
    'Default/Cache',
    'Default/Code Cache',
    'Default/GPUCache',
    'GPUPersistentCache',
    'component_crx_cache',
  ];
  const KEPT = ['Default/IndexedDB', 'Default/Local Storage', 'Default/blob_storage', 'Local State'];

  async function filledProfile(folder: SessionFolder): Promise<void> {
    await folder.check();
    for (const name of [...CACHES, ...KEPT]) {
      await mkdir(join(folder.profile, name, 'below'), { recursive: true });
      await writeFile(join(folder.profile, name, 'data'), 'x');
    }
  }

  test('caches, no browser running, are removed and the login is kept', async () => {
    const folder = rig.open();
    await filledProfile(folder);
    expect(await folder.pruneCaches()).toEqual(CACHES);
    for (const name of CACHES) expect(existsSync(join(folder.profile, name))).toBe(false);
    for (const name of KEPT) expect(existsSync(join(folder.profile, name, 'data'))).toBe(true);
    expect(await folder.pruneCaches()).toEqual([]);
  });

  test('caches, behind links, are left alone', async () => {
    const folder = rig.open();
    await folder.check();
    await mkdir(join(rig.place, 'outside/Cache'), { recursive: true });
    await symlink(join(rig.place, 'outside'), join(folder.profile, 'Default'));
    await symlink(join(rig.place, 'outside'), join(folder.profile, 'GPUPersistentCache'));
    expect(await folder.pruneCaches()).toEqual([]);
    expect(existsSync(join(rig.place, 'outside/Cache'))).toBe(true);
  });

  test('caches, while a browser runs on them, are left alone', async () => {
    const folder = rig.open();
    await filledProfile(folder);
    await rig.pretendBrowser(folder.profile);
    expect(await folder.pruneCaches()).toEqual([]);
    expect(existsSync(join(folder.profile, 'Default/Cache/data'))).toBe(true);
  });

  test('caches, cannot be removed, are a line in the log and no failure', async (context) => {
    const folder = rig.open();
    await folder.check();
    const undo = await undeletable(join(folder.profile, 'GPUPersistentCache'), context);
    try {
      expect(await folder.pruneCaches()).toEqual([]);
      expect(rig.lines.at(-1)).toMatchObject({
        level: 'warn',
        message: 'The caches of the browser could not be removed',
      });
    } finally {
      undo();
    }
  });
});
