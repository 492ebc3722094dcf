import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { FolderLock, makeLockFile } from '../../src/session/folder-lock.ts';
import { removeFolder } from '../support/remove-folder.ts';

let place: string;
const locks: FolderLock[] = [];

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'folder-lock-'));
});

afterEach(async () => {
  for (const lock of locks.splice(0)) lock.release();
  await removeFolder(place);
});

function newLock(open?: (path: string) => DatabaseSync): FolderLock {
  const lock = new FolderLock({
    path: join(place, '.lock'),
    holderPath: join(place, '.holder'),
    ...(open !== undefined && { open }),
  });
  locks.push(lock);
  return lock;
}

test('folder lock, taken twice by its owner, stays held', () => {
  const lock = newLock();
  expect(lock.held).toBe(false);
  expect(lock.acquire()).toEqual({ state: 'held' });
  expect(lock.acquire()).toEqual({ state: 'held' });
  expect(lock.held).toBe(true);
});

test('folder lock, wanted by another part of the same process, is refused with the name of the holder', () => {
  newLock().acquire();
  expect(newLock().acquire()).toEqual({
    state: 'busy',
    holder: { pid: process.pid, host: hostname(), since: expect.stringMatching(/^\d{4}-.*Z$/) as string },
  });
});

test('folder lock, released, leaves nothing and is free', () => {
  const lock = newLock();
  lock.acquire();
  lock.release();
  lock.release();
  expect(lock.held).toBe(false);
  expect(readdirSync(place)).toEqual([]);
  expect(newLock().acquire()).toEqual({ state: 'held' });
});

test('folder lock, whose folder has been moved away and made anew, is taken on the new one', () => {
  const lock = newLock();
  lock.acquire();
  renameSync(place, `${place}-moved`);
  mkdirSync(place);
  try {
    expect(lock.acquire()).toEqual({ state: 'held' });
    expect(newLock().acquire()).toMatchObject({ state: 'busy' });
  } finally {
    rmSync(`${place}-moved`, { recursive: true });
  }
});

test('folder lock, whose file was removed and made anew by another one, leaves that file alone when it is released', () => {
  const lock = newLock();
  lock.acquire();
  rmSync(join(place, '.lock'));
  newLock().acquire();
  lock.release();
  expect(newLock().acquire()).toMatchObject({ state: 'busy' });
});

test('folder lock, whose folder has become a file, is given up quietly', async () => {
  const lock = newLock();
  lock.acquire();
  rmSync(place, { recursive: true });
  await writeFile(place, '');
  lock.release();
  expect(lock.held).toBe(false);
});

test('folder lock, held, keeps one empty file and no journal beside it', () => {
  newLock().acquire();
  expect(readdirSync(place).sort()).toEqual(['.holder', '.lock']);
});

test.each([
  ['missing', null],
  ['no JSON', 'x'],
  ['JSON of another form', '{"pid":"7"}'],
  ['no object', 'null'],
  ['incomplete', '{"pid":7,"host":"x","since":1}'],
])('folder lock, busy and the name of its holder is %s, says so', async (_, text) => {
  newLock().acquire();
  rmSync(join(place, '.holder'));
  if (text !== null) await writeFile(join(place, '.holder'), text);
  expect(newLock().acquire()).toEqual({ state: 'busy', holder: null });
});

test('folder lock, the name of the holder cannot be written or removed, is held and released all the same', async () => {
  await mkdir(join(place, '.holder'));
  const lock = newLock();
  expect(lock.acquire()).toEqual({ state: 'held' });
  lock.release();
  expect(readdirSync(place)).toEqual(['.holder']);
});

test('folder lock, file replaced between opening and locking, is taken on the file that is there', () => {
  let opened = 0;
  const lock = newLock((path) => {
    const database = new DatabaseSync(path);
    opened += 1;
    if (opened === 1) rmSync(path);
    return database;
  });
  expect(lock.acquire()).toEqual({ state: 'held' });
  expect(opened).toBe(2);
  expect(newLock().acquire()).toMatchObject({ state: 'busy' });
});

test('folder lock, file that is no lock, is broken', async () => {
  await writeFile(
    join(place, '.lock'),
    'something that somebody has written here, longer than a header\n'.repeat(99),
  );
  expect(newLock().acquire()).toEqual({ state: 'broken', reason: 'file is not a database' });
});

test('folder lock, a folder in its place, is broken', () => {
  mkdirSync(join(place, '.lock'));
  expect(newLock().acquire()).toEqual({ state: 'broken', reason: 'unable to open database file' });
});

test('folder lock, file that may not be written, is refused', () => {
  const lock = newLock((path) => {
    rmSync(path);
    return new DatabaseSync(join(path, 'below', 'nothing'));
  });
  expect(lock.acquire()).toEqual({ state: 'refused' });
});

test('folder lock, opened read-only by SQLite itself, is not taken for held', () => {
  const lock = newLock((path) => new DatabaseSync(path, { readOnly: true }));
  expect(lock.acquire().state).not.toBe('held');
});

test.each([
  ['I/O error of the lock', 3850],
  ['protocol error', 15],
  ['no large files', 22],
])('folder lock, %s of a share, is unsupported', (_, errcode) => {
  const lock = newLock(() => {
    throw Object.assign(new Error('as SQLite says it'), { errcode });
  });
  expect(lock.acquire()).toEqual({ state: 'unsupported', reason: 'as SQLite says it' });
});

test('folder lock, an error that is not SQLite, is broken', () => {
  const lock = newLock(() => {
    throw new Error('odd');
  });
  expect(lock.acquire()).toEqual({ state: 'broken', reason: 'odd' });
});

test('folder lock, another file each time it is looked at, is unsupported and ends', () => {
  const lock = newLock((path) => {
    const database = new DatabaseSync(path);
    rmSync(path);
    return database;
  });
  expect(lock.acquire()).toMatchObject({ state: 'unsupported' });
  expect(lock.held).toBe(false);
});

test('folder lock, a refused attempt in the same process, does not free it for other processes', async () => {
  newLock().acquire();
  expect(newLock().acquire()).toMatchObject({ state: 'busy' });
  const script =
    `import { FolderLock } from ${JSON.stringify(new URL('../../src/session/folder-lock.ts', import.meta.url).href)};` +
    `const lock = new FolderLock(${JSON.stringify({ path: join(place, '.lock'), holderPath: join(place, '.holder') })});` +
    `process.stdout.write(lock.acquire().state)`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'close');
  expect(output).toBe('busy');
});

test('lock file, made by somebody else in the same moment, is fine', () => {
  makeLockFile(join(place, '.lock'));
  makeLockFile(join(place, '.lock'));
  expect(readdirSync(place)).toEqual(['.lock']);
});

test.skipIf(process.geteuid!() !== 0)(
  'lock file, made by root in the folder of somebody else (needs root), can be opened by that one',
  () => {
    chownSync(place, 12_345, 23_456);
    newLock().acquire();
    for (const name of ['.lock', '.holder']) {
      expect(statSync(join(place, name))).toMatchObject({ uid: 12_345, gid: 23_456 });
      expect(statSync(join(place, name)).mode & 0o777).toBe(0o600);
    }
  },
);

test('folder lock, a link in place of the name of the holder, is not written through', () => {
  writeFileSync(join(place, 'outside'), 'as it was');
  symlinkSync('outside', join(place, '.holder'));
  newLock().acquire();
  expect(readFileSync(join(place, 'outside'), 'utf8')).toBe('as it was');
  expect(newLock().acquire()).toMatchObject({ state: 'busy', holder: { pid: process.pid } });
});

test('folder lock, below a file, throws what the file system says', async () => {
  await writeFile(join(place, 'file'), '');
  const lock = new FolderLock({ path: join(place, 'file/.lock'), holderPath: join(place, '.holder') });
  expect(() => lock.acquire()).toThrow(/ENOTDIR/);
});

test('folder lock, folder gone, throws what the file system says', async () => {
  await rm(place, { recursive: true });
  expect(() => newLock().acquire()).toThrow(/ENOENT/);
});

test('folder lock, fought for by four processes, is held by one at a time', async () => {
  const results = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, ['test/support/fight-for-lock.ts', place, '150'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      await once(child, 'close');
      return output;
    }),
  );
  expect(results).toEqual(['0', '0', '0', '0']);
  expect(readdirSync(place)).toEqual([]);
});
