import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { packLogin } from '../../src/backup/pack-login.ts';
import { openBackup, unpackLogin } from '../../src/backup/unpack-login.ts';
import { failureOf } from '../support/folder-rig.ts';
import { loginFiles, readFiles, writeLogin } from '../support/login-files.ts';
import { WITHOUT_ROOT } from '../support/session-folder-child.ts';
import { paxEntry, tarBytes, type TarEntry } from '../support/tar-bytes.ts';
import { removeFolder } from '../support/remove-folder.ts';

const run = promisify(execFile);
const isRoot = process.geteuid!() === 0;
const OTHER_UID = 12_345;
const OTHER_GID = 23_456;

let place: string;
let root: string;
let profile: string;
let file: string;

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'backup-'));
  root = join(place, '.wwebjs_auth');
  profile = join(root, 'session-main');
  file = join(place, 'backups/login.tar.gz');
  await mkdir(root);
});

afterEach(async () => {
  await removeFolder(place);
});

const never = new AbortController().signal;

async function pack(signal: AbortSignal = never): Promise<number> {
  return packLogin({ profile, file, signal });
}

/** Unpacks into an empty folder. @returns the path of the login in it */
async function unpack(
  options: { into?: string; id?: string; owner?: { uid: number; gid: number }; signal?: AbortSignal } = {},
): Promise<string> {
  const { into = join(place, 'unpacked'), id = 'main', owner = null, signal = never } = options;
  await mkdir(into, { recursive: true });
  await using archive = await openBackup(file);
  return await unpackLogin({ archive, file, into, profile: `session-${id}`, owner, signal });
}

async function archiveOf(entries: readonly TarEntry[]): Promise<void> {
  await mkdir(join(place, 'backups'), { recursive: true });
  await writeFile(file, gzipSync(tarBytes(entries)));
}

/** The smallest login that is one. */
function login(id = 'main'): TarEntry[] {
  return [
    { name: `session-${id}/Default/IndexedDB/`, type: '5', mode: 0o755 },
    { name: `session-${id}/Default/IndexedDB/a.log`, data: `keys of ${id}` },
  ];
}

async function modesBelow(folder: string): Promise<Set<string>> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const modes = new Set<string>();
  for (const entry of entries) {
    const { mode } = await lstat(join(entry.parentPath, entry.name));
    modes.add(`${entry.isDirectory() ? 'folder' : 'file'} ${(mode & 0o7777).toString(8)}`);
  }
  return modes;
}

describe('backup', () => {
  test('login, packed and unpacked, is the same and for its owner alone', async () => {
    await writeLogin(profile, 'one');
    const bytes = await pack();
    expect((await stat(file)).size).toBe(bytes);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(place, 'backups'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(place, 'backups'))).toEqual(['login.tar.gz']);
    const umask = process.umask(0o000);
    let unpacked: string;
    try {
      unpacked = await unpack();
    } finally {
      process.umask(umask);
    }
    expect(await readFiles(unpacked)).toEqual(await loginFiles(profile));
    expect(Object.keys(await readFiles(unpacked))).toHaveLength(4);
    expect(await modesBelow(join(place, 'unpacked'))).toEqual(new Set(['folder 700', 'file 600']));
  });

  test('login, none there, says so and makes nothing', async () => {
    expect(await failureOf(pack())).toMatchObject({ code: 'no_login' });
    await mkdir(join(profile, 'Default/Local Storage'), { recursive: true });
    expect(await failureOf(pack())).toMatchObject({ code: 'no_login' });
    expect(await readdir(place)).toEqual(['.wwebjs_auth']);
  });

  test('file, one that is there, is replaced', async () => {
    await writeLogin(profile, 'one');
    await pack();
    await writeLogin(profile, 'two');
    await pack();
    expect(await readFiles(await unpack())).toEqual(await loginFiles(profile));
  });

  test('file, a file where its folder should be, names it and leaves nothing', async () => {
    await writeLogin(profile, 'one');
    await writeFile(join(place, 'backups'), 'in the way');
    const error = await failureOf(pack());
    expect(error).toMatchObject({
      code: 'backup_failed',
      action: expect.stringContaining('npm run backup') as string,
    });
    expect(error.message).toContain('ENOTDIR');
    expect(await readFile(join(place, 'backups'), 'utf8')).toBe('in the way');
  });

  test('interrupted, throws the reason and leaves no half file', async () => {
    await writeLogin(profile, 'one');
    await writeFile(join(profile, 'Default/IndexedDB/large'), Buffer.alloc(20_000_000, 'x'));
    const controller = new AbortController();
    const packing = pack(controller.signal);
    controller.abort(new Error('enough'));
    await expect(packing).rejects.toThrow('enough');
    expect(await readdir(join(place, 'backups')).catch(() => [])).toEqual([]);
  });

  test.skipIf(!isRoot)(
    'as root (needs root), file and folders belong to whom the login belongs to',
    async () => {
      await writeLogin(profile, 'one');
      await chown(root, OTHER_UID, OTHER_GID);
      file = join(place, 'data/backups/login.tar.gz');
      await pack();
      for (const path of ['data', 'data/backups', 'data/backups/login.tar.gz']) {
        expect(await stat(join(place, path))).toMatchObject({ uid: OTHER_UID, gid: OTHER_GID });
      }
    },
  );

  test.skipIf(WITHOUT_ROOT)(
    'disk full (needs mounts), says so, keeps the earlier backup and leaves nothing half',
    async () => {
      await writeLogin(profile, 'one');
      await writeFile(join(profile, 'Default/IndexedDB/noise'), randomBytes(3_000_000));
      const disk = join(place, 'backups');
      await mkdir(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', disk]);
      try {
        await writeFile(file, 'an earlier backup');
        const error = await failureOf(pack());
        expect(error.message).toContain('ENOSPC');
        expect(await readdir(disk)).toEqual(['login.tar.gz']);
        expect(await readFile(file, 'utf8')).toBe('an earlier backup');
      } finally {
        execFileSync('umount', [disk]);
      }
    },
  );
});

describe('deploy.sh and the commands', () => {
  /** Calls a function of deploy.sh's library in the folder of the compose file, with the shell that a NAS has. */
  async function deploy(command: string): Promise<void> {
    const folder = join(import.meta.dirname, '../../docker/host');
    const library = `. ${folder}/engine.sh; . ${folder}/login.sh`;
    const ids = `RUN_UID=${process.geteuid!()} RUN_GID=${process.getegid!()}`;
    await run('sh', ['-euc', `${ids}; fail() { echo "$@" >&2; }; ${library}; ${command}`], { cwd: place });
  }

  test('a backup of deploy.sh, is unpacked by restore', async () => {
    await writeLogin(profile, 'one');
    await mkdir(join(place, 'backups'));
    await deploy('backup_login sha256:abc');
    const [name] = (await readdir(join(place, 'backups'))).filter((found) => found.endsWith('.tar.gz'));
    file = join(place, 'backups', name!);
    expect(await readFiles(await unpack())).toEqual(await loginFiles(profile));
  });

  test('a backup of deploy.sh that took what a log-out has left with it, is unpacked without that', async () => {
    await writeLogin(profile, 'one');
    await writeLogin(join(root, 'session-main.removed-1700000000000-0a1b2c3d'), 'logged out');
    await mkdir(join(place, 'backups'));
    await deploy('backup_login sha256:abc');
    const [name] = (await readdir(join(place, 'backups'))).filter((found) => found.endsWith('.tar.gz'));
    file = join(place, 'backups', name!);
    expect(await readFiles(await unpack())).toEqual(await loginFiles(profile));
    expect(await readdir(join(place, 'unpacked'))).toEqual(['session-main']);
  });

  test('a file of backup, is put back by deploy.sh', async () => {
    await writeLogin(profile, 'one');
    await pack();
    const wanted = await loginFiles(profile);
    await writeLogin(profile, 'two');
    await deploy(`unpack_login ${file} && put_login_back`);
    expect(await loginFiles(profile)).toEqual(wanted);
  });

  test('a login that waits for its place, is none for deploy.sh', async () => {
    await writeLogin(join(root, '.session-main.restored'), 'waiting');
    await expect(deploy('has_login')).rejects.toThrow();
  });
});

describe('archive', () => {
  test('paths that begin with ./, are the same', async () => {
    await archiveOf(login().map((entry) => ({ ...entry, name: `./${entry.name}` })));
    expect(await readFiles(await unpack())).toEqual({ 'Default/IndexedDB/a.log': 'keys of main' });
  });

  test('folders that are not listed, are made for the owner alone', async () => {
    await archiveOf(login().slice(1));
    await unpack();
    expect(await modesBelow(join(place, 'unpacked'))).toEqual(new Set(['folder 700', 'file 600']));
  });

  test('another client id, is taken when it is the only one', async () => {
    await archiveOf(login('other'));
    expect(await readFiles(await unpack())).toEqual({ 'Default/IndexedDB/a.log': 'keys of other' });
  });

  test('several client ids, the configured one is taken; without it they are named', async () => {
    await archiveOf([...login('first'), ...login('main')]);
    expect(await readFiles(await unpack())).toEqual({ 'Default/IndexedDB/a.log': 'keys of main' });
    const error = await failureOf(unpack({ id: 'third', into: join(place, 'again') }));
    expect(error).toMatchObject({
      code: 'backup_invalid',
      action: 'Say which one: WHATSAPP_CLIENT_ID=first',
    });
    expect(error.message).toContain('several logins (first, main), and none is third');
  });

  test.skipIf(!isRoot)(
    'as root (needs root), all of it belongs to whom the session folder belongs to',
    async () => {
      await archiveOf(login());
      const unpacked = await unpack({ owner: { uid: OTHER_UID, gid: OTHER_GID } });
      for (const path of ['.', 'Default', 'Default/IndexedDB', 'Default/IndexedDB/a.log']) {
        expect(await stat(join(unpacked, path))).toMatchObject({ uid: OTHER_UID, gid: OTHER_GID });
      }
    },
  );

  test('interrupted, throws the reason', async () => {
    await archiveOf(login());
    await expect(unpack({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });
});

describe('archive that is none, or a trap', () => {
  const inside = 'session-main/Default/IndexedDB';
  const traps: Record<string, { entries: TarEntry[]; says: string }> = {
    'a path that climbs out': {
      entries: [{ name: `${inside}/../../../../outside`, data: 'x' }],
      says: 'which is no part of a login',
    },
    'a path that climbs out, by an extended header': {
      entries: [paxEntry('path', '../outside'), { name: `${inside}/a`, data: 'x' }],
      says: 'it holds "../outside"',
    },
    'an absolute path': { entries: [{ name: '/outside', data: 'x' }], says: 'it holds "/outside"' },
    'a name with a zero byte': {
      entries: [paxEntry('path', `${inside}/a\0b`), { name: 'x', data: 'x' }],
      says: 'which is no part of a login',
    },
    'a symbolic link': {
      entries: [{ name: `${inside}/link`, type: '2', link: '/etc/passwd' }],
      says: `it holds "${inside}/link"`,
    },
    'a symbolic link in place of the folder': {
      entries: [
        { name: inside, type: '2', link: '..' },
        { name: `${inside}/outside`, data: 'x' },
      ],
      says: `it holds "${inside}"`,
    },
    'a hard link': {
      entries: [{ name: `${inside}/link`, type: '1', link: 'session-main/../../outside' }],
      says: `it holds "${inside}/link"`,
    },
    'a device': { entries: [{ name: `${inside}/null`, type: '3' }], says: `it holds "${inside}/null"` },
    'a pipe': { entries: [{ name: `${inside}/pipe`, type: '6' }], says: `it holds "${inside}/pipe"` },
    'a kind that nobody knows': {
      entries: [{ name: `${inside}/x`, type: 'Z' }],
      says: `it holds "${inside}/x"`,
    },
    'a file in place of the folder': { entries: [{ name: inside, data: 'x' }], says: `it holds "${inside}"` },
    'a file that is a folder too': {
      entries: [
        { name: `${inside}/a`, data: 'x' },
        { name: `${inside}/a/b`, data: 'x' },
      ],
      says: 'is not a whole backup',
    },
    'other parts of a profile': {
      entries: [{ name: 'session-main/Default/Cookies', data: 'x' }],
      says: 'it holds "session-main/Default/Cookies"',
    },
    'a client id that is none': {
      entries: [{ name: 'session-a b/Default/IndexedDB/x', data: 'x' }],
      says: 'which is no part of a login',
    },
    'a file of 5 GB': { entries: [{ name: `${inside}/a`, size: 5e9 }], says: 'it is larger than any login' },
    'an extended header of 100 MB': {
      entries: [{ name: 'PaxHeader', type: 'x', size: 100e6 }],
      says: 'Header exceeds max size',
    },
    'more files than any login': {
      entries: Array.from({ length: 50_001 }, () => ({
        name: 'session-main.removed-1-a/Default/IndexedDB/',
        type: '5',
      })),
      says: 'it is larger than any login',
    },
    'nothing at all': { entries: [], says: 'holds no login' },
    'Local Storage only': {
      entries: [{ name: 'session-main/Default/Local Storage/a', data: 'x' }],
      says: 'IndexedDB is missing',
    },
  };

  test.each(Object.entries(traps))('%s, is refused and nothing is outside', async (_, { entries, says }) => {
    await writeFile(join(place, 'outside'), 'as it was');
    await archiveOf(entries);
    const error = await failureOf(unpack());
    expect(error.code).toBe('backup_invalid');
    expect(error.message).toContain(says);
    expect(error.message).toContain(file);
    expect(await readFile(join(place, 'outside'), 'utf8')).toBe('as it was');
    expect((await readdir(place)).sort()).toEqual(['.wwebjs_auth', 'backups', 'outside', 'unpacked']);
    expect((await readdir(root)).sort()).toEqual([]);
    for (const entry of await readdir(join(place, 'unpacked'), { withFileTypes: true, recursive: true })) {
      expect(entry.isFile() || entry.isDirectory()).toBe(true);
    }
  });

  test.each([
    ['an empty file', Buffer.alloc(0)],
    ['a text', Buffer.from('not an archive')],
    ['an archive that is not compressed', tarBytes(login())],
    ['a compressed text', gzipSync('x'.repeat(2_000))],
  ])('%s, is refused', async (_, bytes) => {
    await mkdir(join(place, 'backups'));
    await writeFile(file, bytes);
    expect(await failureOf(unpack())).toMatchObject({ code: 'backup_invalid' });
  });

  test('cut off anywhere, is refused', async () => {
    await archiveOf([...login(), { name: `${inside}/b`, data: Buffer.alloc(4_000, 'b') }]);
    const whole = await readFile(file);
    for (let at = 1; at < whole.length; at += 7) {
      await writeFile(file, whole.subarray(0, at));
      const into = join(place, `unpacked-${at}`);
      expect(await failureOf(unpack({ into })), `${at} bytes`).toMatchObject({ code: 'backup_invalid' });
    }
  });

  test('damaged in the middle, is refused', async () => {
    await archiveOf([...login(), { name: `${inside}/b`, data: randomBytes(4_000) }]);
    const bytes = await readFile(file);
    bytes.fill(0x55, bytes.length >> 1, (bytes.length >> 1) + 16);
    await writeFile(file, bytes);
    expect(await failureOf(unpack())).toMatchObject({ code: 'backup_invalid' });
  });

  test.each([
    ['nothing there', async () => Promise.resolve()],
    ['a folder', async () => mkdir(file, { recursive: true })],
    [
      'a pipe',
      async () => {
        await mkdir(join(place, 'backups'));
        await run('mkfifo', [file]);
      },
    ],
    [
      'a link that leads nowhere',
      async () => {
        await mkdir(join(place, 'backups'));
        await symlink('nowhere', file);
      },
    ],
  ])('%s, cannot be read and says what to type', async (_, make) => {
    await make();
    expect(await failureOf(openBackup(file))).toMatchObject({
      code: 'backup_failed',
      message: expect.stringContaining(`The backup ${file} cannot be read`) as string,
      action: 'Give the path of a backup: npm run restore -- FILE',
    });
  });

  test.skipIf(WITHOUT_ROOT)(
    'no room for it (needs mounts), says so and not that the backup is bad',
    async () => {
      await archiveOf([...login(), { name: `${inside}/large`, data: Buffer.alloc(3_000_000, 'x') }]);
      const into = join(place, 'unpacked');
      await mkdir(into);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', into]);
      try {
        const error = await failureOf(unpack({ into }));
        expect(error.code).toBe('backup_failed');
        expect(error.message).toMatch(/could not be unpacked: ENOSPC.*The present login is unchanged/);
      } finally {
        execFileSync('umount', [into]);
      }
    },
  );

  test.skipIf(isRoot)('no right to write (not for root), says so', async () => {
    await archiveOf(login());
    const into = join(place, 'unpacked');
    await mkdir(into, { mode: 0o500 });
    expect(await failureOf(unpack({ into }))).toMatchObject({ code: 'backup_failed' });
    await chmod(into, 0o700);
  });
});
