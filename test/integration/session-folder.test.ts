import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { GatewayError } from '../../src/errors.ts';
import { readHost } from '../../src/session/folder-host.ts';
import { SessionFolder, type SessionFolderOptions } from '../../src/session/session-folder.ts';

interface Line {
  level: string;
  fields: object;
  message: string;
}

let place: string;
let lines: Line[];
const opened: SessionFolder[] = [];

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'session-folder-'));
  lines = [];
});

afterEach(async () => {
  for (const folder of opened.splice(0)) await folder.release();
  await rm(place, { recursive: true, force: true });
});

function sessionFolder(options: Partial<SessionFolderOptions> = {}): SessionFolder {
  const write = (level: string) => (fields: object, message: string) =>
    lines.push({ level, fields, message });
  const folder = new SessionFolder({
    path: join(place, 'login'),
    clientId: 'test',
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    // Where these tests run is no part of what they test.
    readHost: async () => ({ ...(await readHost()), inContainer: false }),
    ...options,
  });
  opened.push(folder);
  return folder;
}

async function failureOf(promise: Promise<unknown>): Promise<GatewayError> {
  const result = await promise.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  expect(result).toBeInstanceOf(GatewayError);
  return result as GatewayError;
}

describe('check', () => {
  test('session folder, nothing there, is made private level by level and reported', async () => {
    const folder = sessionFolder({ path: join(place, 'a/b/login') });
    const report = await folder.check();
    expect(report).toMatchObject({
      path: join(place, 'a/b/login'),
      profile: join(place, 'a/b/login/session-test'),
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
    const folder = sessionFolder();
    await folder.check();
    await folder.check();
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      [
        'info',
        expect.stringMatching(
          /^Session folder .*login: owner \d+:\d+.*, mode 0700, running as \d+:\d+, on \//,
        ),
      ],
    ]);
  });

  test('session folder, released, leaves no file of the lock behind', async () => {
    const folder = sessionFolder();
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
    await writeFile(join(place, 'login'), 'x');
    const folder = sessionFolder();
    const error = await failureOf(folder.check());
    expect(error.code).toBe('session_path_not_a_directory');
    expect(error.message).toContain(join(place, 'login'));
    expect(error.action).toBe(`Move it away: mv ${place}/login ${place}/login.old`);
    await rm(join(place, 'login'));
    await expect(folder.check()).resolves.toMatchObject({ mode: '0700' });
  });

  test('session folder, a link that leads nowhere, is named with its target', async () => {
    await symlink('/nowhere/at/all', join(place, 'login'));
    const error = await failureOf(sessionFolder().check());
    expect(error.code).toBe('session_path_dangling_link');
    expect(error.message).toContain('/nowhere/at/all');
  });

  test('session folder, a link to a folder, is followed', async () => {
    await mkdir(join(place, 'elsewhere'));
    await symlink('elsewhere', join(place, 'login'));
    await sessionFolder().check();
    expect(existsSync(join(place, 'elsewhere/session-test'))).toBe(true);
  });
});

describe('folder lock', () => {
  test('session folder, held by another process, is refused by its name and free after SIGKILL', async () => {
    const other = spawn(
      process.execPath,
      ['test/support/hold-session-folder.ts', join(place, 'login'), 'test'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(other.stdout, 'data');
    const folder = sessionFolder();
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

  test('session folder, of another client id beside it, is independent', async () => {
    await sessionFolder().check();
    await expect(sessionFolder({ clientId: 'other' }).check()).resolves.toBeDefined();
  });
});

describe('removal', () => {
  test('login, removed, is gone with all that is in it and nothing that its links lead to', async () => {
    const folder = sessionFolder();
    await folder.check();
    await writeFile(join(place, 'outside'), 'kept');
    await mkdir(join(folder.profile, 'Default/IndexedDB'), { recursive: true });
    await symlink(place, join(folder.profile, 'Default/link'));
    await folder.remove();
    expect(readdirSync(folder.root).filter((name) => name.startsWith('session'))).toEqual([]);
    expect(await readFile(join(place, 'outside'), 'utf8')).toBe('kept');
    await folder.remove();
  });

  test('login, removal interrupted, is finished by the next check', async () => {
    const folder = sessionFolder();
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

describe('locks of Chromium', () => {
  test.each([
    ['another host', 'some-container-9'],
    ['a dead process', `${hostname()}-4194304`],
    ['a process that is no Chromium', `${hostname()}-${process.pid}`],
    ['nobody that could be read', 'garbage'],
  ])('singleton links, of %s, are removed and their targets kept', async (_, owner) => {
    const folder = sessionFolder();
    await folder.check();
    await writeFile(join(place, 'socket'), '');
    await symlink(owner, join(folder.profile, 'SingletonLock'));
    await symlink(join(place, 'socket'), join(folder.profile, 'SingletonSocket'));
    await symlink('1234', join(folder.profile, 'SingletonCookie'));
    expect(await folder.clearStaleLocks()).toEqual({
      removed: ['SingletonLock', 'SingletonSocket', 'SingletonCookie'],
      live: null,
    });
    expect(readdirSync(folder.profile)).toEqual([]);
    expect(existsSync(join(place, 'socket'))).toBe(true);
  });

  test('singleton links, none there, are no reason to say anything', async () => {
    const folder = sessionFolder();
    await folder.check();
    expect(await folder.clearStaleLocks()).toEqual({ removed: [], live: null });
    expect(lines).toHaveLength(1);
  });
});
