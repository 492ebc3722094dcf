import { readdirSync } from 'node:fs';
import { mkdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { Refusal } from '../../src/session/folder-access.ts';
import { assertNoneRefused, makeFolders, probeFolder } from '../../src/session/folder-contents.ts';
import { readHost } from '../../src/session/folder-host.ts';
import { spaceOf } from '../../src/session/folder-verdicts.ts';
import { SessionFolder } from '../../src/session/session-folder.ts';
import { failureOf, folderRig } from '../support/folder-rig.ts';

const rig = folderRig();

describe('single steps', () => {
  test('path, a link that leads in a circle, is named', async () => {
    await symlink('login', join(rig.place, 'login'));
    const error = await failureOf(rig.open().check());
    expect(error.code).toBe('session_path_unusable');
    expect(error.message).toContain('lead in a circle');
  });

  test('path, a link to a file, is named', async () => {
    await writeFile(join(rig.place, 'file'), 'x');
    await symlink('file', join(rig.place, 'login'));
    expect((await failureOf(rig.open().check())).code).toBe('session_path_not_a_directory');
  });

  test('path, below a file that a link leads to, names the file', async () => {
    await writeFile(join(rig.place, 'file'), 'x');
    await symlink('file/below', join(rig.place, 'login'));
    const error = await failureOf(rig.open().check());
    expect(error.code).toBe('session_path_not_a_directory');
    expect(error.message).toContain(`${rig.place}/file is a file`);
  });

  test('path, a name too long for any file system, is named', async () => {
    const error = await failureOf(rig.open({ path: join(rig.place, 'x'.repeat(300)) }).check());
    expect(error.code).toBe('session_path_unusable');
    expect(error.message).toContain('the name is too long');
  });

  test('folder, made under an umask that takes everything away, is usable for its owner', async () => {
    const umask = process.umask(0o777);
    try {
      await makeFolders(rig.place, ['login', 'below']);
    } finally {
      process.umask(umask);
    }
    for (const made of ['login', 'login/below']) {
      expect((await stat(join(rig.place, made))).mode & 0o777).toBe(0o700);
    }
  });

  test('folder, made by somebody else in the same moment, is fine', async () => {
    await mkdir(join(rig.place, 'there'));
    await makeFolders(rig.place, ['there', 'new']);
    expect(readdirSync(rig.place)).toEqual(['there']);
    expect(readdirSync(join(rig.place, 'there'))).toEqual(['new']);
  });

  test('folder, a file where it is to be made, is refused with the owner of the parent', async () => {
    await writeFile(join(rig.place, 'file'), 'x');
    const refused = await makeFolders(join(rig.place, 'file'), ['new']).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refusal);
    expect((refused as Refusal).failure).toMatchObject({
      operation: 'create',
      errno: 'ENOTDIR',
      blocker: { path: join(rig.place, 'file'), kind: 'file' },
    });
  });

  test('probe, what a killed process has left of one, is removed and a fresh one is not', async () => {
    await writeFile(join(rig.place, '.whatsapp-gateway-probe-old'), 'x');
    await utimes(join(rig.place, '.whatsapp-gateway-probe-old'), 1, 1);
    await writeFile(join(rig.place, '.whatsapp-gateway-probe-new'), 'x');
    await writeFile(join(rig.place, 'login'), 'x');
    await probeFolder(rig.place);
    expect(readdirSync(rig.place).sort()).toEqual(['.whatsapp-gateway-probe-new', 'login']);
  });

  test('probe, in no folder, is refused and leaves nothing', async () => {
    await expect(probeFolder(join(rig.place, 'nothing'))).rejects.toThrow('write');
  });

  test('probe, in a folder that takes no files, is refused', async () => {
    await expect(probeFolder('/proc/self/fdinfo')).rejects.toBeInstanceOf(Refusal);
  });

  test('space, of a file system that counts neither bytes nor inodes, leaves them out', async () => {
    expect(await spaceOf('/proc')).toEqual({ bytes: null, inodes: null });
  });

  test('report, of ids and mounts that nobody knows, has no names', async () => {
    const folder = rig.open({
      readHost: async () => ({ ...(await readHost()), users: new Map(), groupNames: new Map(), mounts: [] }),
    });
    expect(await folder.check()).toMatchObject({ owner: { user: null, group: null }, mount: null });
  });

  test('contents, nobody refuses, is silent; somebody does, names the first and counts the others', async () => {
    await expect(assertNoneRefused([])).resolves.toBeUndefined();
    const refused = ['a', 'b', 'c'].map((name) => ({ path: join(rig.place, name), errno: 'EACCES' }));
    await expect(assertNoneRefused(refused)).rejects.toMatchObject({
      failure: { path: join(rig.place, 'a'), errno: 'EACCES', others: 2, blocker: null },
    });
  });

  test('profile, with files that can be changed, is fine', async () => {
    const folder = rig.open();
    await mkdir(join(folder.profile, 'Default/IndexedDB/x'), { recursive: true });
    await writeFile(join(folder.profile, 'Default/Preferences'), '{}');
    await symlink('some-host-1', join(folder.profile, 'SingletonLock'));
    const { steps } = await folder.inspect('start');
    expect(steps.at(-1)).toMatchObject({ name: 'contents', verdict: 'ok' });
  });

  test('profile, a file in its place, is named', async () => {
    await mkdir(join(rig.place, 'login'));
    await writeFile(join(rig.place, 'login/session-test'), 'x');
    const error = await failureOf(rig.open().check());
    expect(error.code).toBe('session_path_not_a_directory');
    expect(error.message).toContain(`${rig.place}/login/session-test is a file`);
  });

  test('surroundings, not given, are those of this process', async () => {
    const silent = () => undefined;
    const log = { debug: silent, info: silent, warn: silent, error: silent };
    const folder = new SessionFolder({ path: join(rig.place, 'login'), clientId: 'test', log });
    expect((await folder.check()).uid).toBe(process.geteuid!());
    await folder.release();
  });
});
