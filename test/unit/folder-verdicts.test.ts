import { describe, expect, test } from 'vitest';

import { GatewayError } from '../../src/errors.ts';
import { Refusal } from '../../src/session/folder-access.ts';
import { asGatewayError } from '../../src/session/folder-inspection.ts';
import type { LockResult } from '../../src/session/folder-lock.ts';
import { judgeLock, judgeMount, judgeReservation, judgeSpace } from '../../src/session/folder-verdicts.ts';
import { describeFolder, type FolderReport } from '../../src/session/session-folder.ts';
import { entry, FOLDER, host, mount, SYNOLOGY_CONTAINER } from '../support/folder-facts.ts';

function thrownBy(run: () => unknown): GatewayError {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
  }
  throw new Error('expected a GatewayError');
}

describe('judgeMount', () => {
  test('mount, writable, is named', () => {
    expect(judgeMount(2, FOLDER, host({ mounts: [mount()] }))).toBe('/app/.wwebjs_auth (ext4 /dev/sda1)');
  });

  test('mount, none known, is said to be unknown', () => {
    expect(judgeMount(2, FOLDER, host({ mounts: [] }))).toBe('the platform does not tell');
  });

  test('mount, read-only, is a problem', () => {
    const mounts = [mount({ readOnly: true })];
    expect(thrownBy(() => judgeMount(2, FOLDER, host({ mounts })))).toMatchObject({
      code: 'session_path_read_only',
      message: 'Cannot write to /app/.wwebjs_auth: the file system (ext4 at /app/.wwebjs_auth) is read-only',
    });
  });

  test.each([
    ['no name left', 0, mount()],
    ['mark of the kernel on btrfs', 1, mount({ root: '/srv/wa//deleted' })],
  ])('mount, deleted by the sign "%s", is a problem', (_, nlink, on) => {
    expect(thrownBy(() => judgeMount(nlink, FOLDER, host({ mounts: [on] }))).code).toBe(
      'session_path_deleted',
    );
  });

  test('mount, none under the folder in a container, is a warning', () => {
    const folder = { path: '/app/data/.wwebjs_auth', realPath: '/app/data/.wwebjs_auth' };
    expect(judgeMount(2, folder, host({ inContainer: true, mounts: SYNOLOGY_CONTAINER }))).toMatchObject({
      code: 'session_path_not_mounted',
    });
  });
});

describe('judgeSpace', () => {
  test.each([
    ['plenty', { bytes: 5e9, inodes: 1e6 }, '5000 MB and 1000000 inodes free'],
    ['plenty, inodes without number', { bytes: 5e9, inodes: null }, '5000 MB free'],
    ['plenty of inodes, bytes without number', { bytes: null, inodes: 1e6 }, '1000000 inodes free'],
    ['without any number', { bytes: null, inodes: null }, 'the file system does not tell'],
  ])('space, %s, is told', (_, space, expected) => {
    expect(judgeSpace(space, '/x')).toBe(expected);
  });

  test.each([
    ['bytes', { bytes: 499e6, inodes: 1e6 }],
    ['inodes', { bytes: 5e9, inodes: 4_999 }],
  ])('space, low in %s, is a warning', (_, space) => {
    expect(judgeSpace(space, '/x')).toMatchObject({
      code: 'session_path_no_space',
      action: expect.stringContaining('df -h /x') as string,
    });
  });

  test.each([
    ['bytes', { bytes: 49e6, inodes: null }],
    ['inodes', { bytes: 5e9, inodes: 499 }],
  ])('space, out of %s, is a problem', (_, space) => {
    expect(thrownBy(() => judgeSpace(space, '/x')).code).toBe('session_path_no_space');
  });
});

describe('judgeLock', () => {
  const holder = { pid: 7, host: 'nas', since: '2026-01-01T00:00:00.000Z' };
  function judge(result: LockResult, purpose: 'start' | 'look' | 'reserve' = 'start', type = 'ext4') {
    return judgeLock(result, { folder: FOLDER, lockPath: '/app/.lock', mount: mount({ type }), purpose });
  }

  test('lock, held, is fine', () => {
    expect(judge({ state: 'held' })).toBe('no other process uses the folder');
  });

  test.each([
    ['known', holder, 'process 7 on nas, since 2026-01-01T00:00:00.000Z'],
    ['unknown', null, 'another process'],
  ])('lock, of a holder that is %s, is a problem for a start and none for a look', (_, by, words) => {
    expect(thrownBy(() => judge({ state: 'busy', holder: by }))).toMatchObject({
      code: 'profile_in_use',
      message: `The session folder /app/.wwebjs_auth is in use by another gateway: ${words}`,
      retryable: true,
    });
    expect(judge({ state: 'busy', holder: by }, 'look')).toBe(`in use by ${words}`);
    expect(judge({ state: 'busy', holder: by }, 'reserve')).toBe(`in use by ${words}`);
  });

  test('lock, busy on a share and nobody has left a name, is a share without locks', () => {
    expect(judge({ state: 'busy', holder: null }, 'start', 'nfs4')).toMatchObject({
      code: 'session_path_unusable',
      message: expect.stringContaining('does not lock files (nfs4 at /app/.wwebjs_auth)') as string,
    });
    expect(thrownBy(() => judge({ state: 'busy', holder }, 'start', 'nfs4')).code).toBe('profile_in_use');
  });

  test('lock, busy and no mounts known, is in use', () => {
    const context = { folder: FOLDER, lockPath: '/x', mount: null, purpose: 'start' } as const;
    expect(thrownBy(() => judgeLock({ state: 'busy', holder: null }, context)).code).toBe('profile_in_use');
  });

  test('lock, not supported, is a warning', () => {
    expect(judge({ state: 'unsupported', reason: 'disk I/O error' })).toMatchObject({
      message: expect.stringContaining('(disk I/O error)') as string,
    });
  });

  test.each([
    [{ state: 'refused' } as const, 'The lock file /app/.lock cannot be used'],
    [
      { state: 'broken', reason: 'file is not a database' } as const,
      'The lock file /app/.lock cannot be used: file is not a database',
    ],
  ])('lock, unusable, names the file to remove', (result, message) => {
    expect(thrownBy(() => judge(result))).toMatchObject({
      code: 'session_path_unusable',
      message,
      action: 'When no other gateway runs on this folder, remove it: rm -r /app/.lock',
    });
  });
});

describe('reservation', () => {
  const holder = { pid: 7, host: 'nas', since: '2026-01-01T00:00:00.000Z' };
  const judge = (result: LockResult, purpose: 'start' | 'look' | 'reserve' = 'start', type = 'ext4') =>
    judgeReservation(result, {
      folder: FOLDER,
      lockPath: '/app/.reserved',
      mount: mount({ type }),
      purpose,
    });

  test('held, is free', () => {
    expect(judge({ state: 'held' })).toBeNull();
  });

  test.each([
    ['start', 'Wait until it has ended; the gateway then goes on by itself.'],
    ['reserve', 'Wait until it has ended, and run the command again.'],
  ] as const)('busy, for %s, names who has it and what to do', (purpose, action) => {
    expect(thrownBy(() => judge({ state: 'busy', holder }, purpose))).toMatchObject({
      code: 'profile_in_use',
      message:
        'A backup or restore of this login is under way: process 7 on nas, since 2026-01-01T00:00:00.000Z',
      action,
      retryable: true,
    });
  });

  test('busy, for a look, is no fault', () => {
    expect(judge({ state: 'busy', holder: null }, 'look')).toBe(
      'a backup or restore is under way: another process',
    );
  });

  test.each([
    [{ state: 'busy', holder: null } as const, 'nfs4', '(nfs4 at /app/.wwebjs_auth)'],
    [{ state: 'unsupported', reason: 'disk I/O error' } as const, 'ext4', '(disk I/O error)'],
  ])('%j on %s, is a warning', (result, type, words) => {
    expect(judge(result, 'reserve', type)).toMatchObject({
      code: 'session_path_unusable',
      message: expect.stringContaining(`does not lock files ${words}`) as string,
    });
  });

  test('unusable file, names it', () => {
    expect(thrownBy(() => judge({ state: 'refused' }))).toMatchObject({
      code: 'session_path_unusable',
      message: 'The lock file /app/.reserved cannot be used',
      action: 'When no backup or restore is under way, remove it: rm -r /app/.reserved',
    });
  });
});

describe('asGatewayError', () => {
  const context = { folder: FOLDER, profile: '/app/.wwebjs_auth/session-x', host: host() };

  test('thrown, the own error, stays what it is', () => {
    const error = new GatewayError({ code: 'profile_in_use', message: 'x' });
    expect(asGatewayError(error, context)).toBe(error);
  });

  test('thrown, an error of the file system, is explained', () => {
    const error = Object.assign(new Error('x'), { code: 'EIO' });
    expect(asGatewayError(error, context)).toMatchObject({
      code: 'session_path_unusable',
      message: 'Cannot write to /app/.wwebjs_auth: the file system (ext4 at /) answers EIO',
    });
  });

  test('thrown, no error at all, is repeated', () => {
    expect(asGatewayError('odd', context).message).toContain('answers odd');
  });

  test('thrown, a refusal in the profile, has the code of the profile', () => {
    const path = '/app/.wwebjs_auth/session-x/Default';
    const inside = new Refusal({ operation: 'write', errno: 'EACCES', path, blocker: entry({ path }) });
    expect(asGatewayError(inside, context).code).toBe('session_profile_not_writable');
    const unseen = new Refusal({ operation: 'write', errno: 'EACCES', path, blocker: null });
    expect(asGatewayError(unseen, context).code).toBe('session_profile_not_writable');
  });
});

describe('describeFolder', () => {
  const report: FolderReport = {
    path: '/app/.wwebjs_auth',
    profile: '/app/.wwebjs_auth/session-x',
    owner: { uid: 1026, gid: 100, user: 'admin', group: 'users' },
    mode: '0750',
    uid: 1026,
    gid: 100,
    mount: { point: '/app/.wwebjs_auth', type: 'btrfs', source: '/dev/mapper/cachedev_0', readOnly: false },
    inContainer: true,
    freeBytes: 5e9,
    freeInodes: null,
    warnings: [],
  };

  test.each([
    [
      'all known',
      {},
      'Session folder /app/.wwebjs_auth: owner 1026:100 (admin:users), mode 0750, running as 1026:100, on /app/.wwebjs_auth (btrfs /dev/mapper/cachedev_0), in a container, 5000 MB free',
    ],
    [
      'nothing known',
      { owner: null, mode: null, mount: null, inContainer: false, freeBytes: null },
      'Session folder /app/.wwebjs_auth: not there yet, running as 1026:100, mount unknown',
    ],
    [
      'no names and read-only',
      {
        owner: { uid: 7, gid: 8, user: null, group: null },
        mount: { point: '/', type: 'ext4', source: '/dev/sda1', readOnly: true },
        inContainer: false,
      },
      'Session folder /app/.wwebjs_auth: owner 7:8, mode 0750, running as 1026:100, on / (ext4 /dev/sda1, read-only), 5000 MB free',
    ],
    [
      'a user whose group has no name',
      { owner: { uid: 7, gid: 8, user: 'u', group: null }, inContainer: false, mount: null, freeBytes: null },
      'Session folder /app/.wwebjs_auth: owner 7:8 (u:8), mode 0750, running as 1026:100, mount unknown',
    ],
  ])('report, %s, is one line', (_, changes, expected) => {
    expect(describeFolder({ ...report, ...changes })).toBe(expected);
  });
});
