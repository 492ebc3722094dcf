import { describe, expect, test } from 'vitest';

import { idsInWords, shellWord, volatileFolder } from '../../src/session/folder-advice.ts';
import { deletedFolder, explainFailure } from '../../src/session/folder-failure.ts';
import { permits } from '../../src/session/folder-permission.ts';
import { entry, failure, FOLDER, host, mount, SYNOLOGY_CONTAINER } from '../support/folder-facts.ts';

const IN_CONTAINER = host({ inContainer: true, mounts: SYNOLOGY_CONTAINER });
const OFF_MOUNT = { path: '/app/data/.wwebjs_auth', realPath: '/app/data/.wwebjs_auth' };

describe('refused by permissions', () => {
  test('wrong owner, on a plain machine, names ids, mode and commands', () => {
    expect(explainFailure(failure(), host())).toMatchObject({
      code: 'session_path_not_writable',
      message:
        'Cannot write to /app/.wwebjs_auth: permission denied; it belongs to 0:0 (root:root) with mode 0755, and the gateway runs as 1026:100 (admin:users)',
      action:
        'sudo ./fix-permissions.sh  (or: sudo chown -R 1026:100 /app/.wwebjs_auth && sudo chmod -R u+rwX /app/.wwebjs_auth)',
      retryable: false,
    });
  });

  test('wrong owner, in a container on a Synology, gives the commands for the host', () => {
    expect(explainFailure(failure(), IN_CONTAINER).action).toBe(
      'On the host, in the folder of the compose file: sudo ./fix-permissions.sh  ' +
        '(or: sudo chown -R 1026:100 /volume*/docker/whatsapp-server/.wwebjs_auth && sudo chmod -R u+rwX /volume*/docker/whatsapp-server/.wwebjs_auth)',
    );
  });

  test('wrong owner, in a container whose mount hides its path, gives the path inside', () => {
    const mounts = [mount({ point: '/' }), mount({ root: '/' })];
    expect(explainFailure(failure(), host({ inContainer: true, mounts })).action).toContain(
      'chown -R 1026:100 /app/.wwebjs_auth',
    );
  });

  test("the report's case, EACCES off the mount, gives the path that is mounted", () => {
    const parent = entry({ path: '/app/data' });
    const refused = failure({
      operation: 'create',
      path: OFF_MOUNT.path,
      folder: OFF_MOUNT,
      blocker: parent,
    });
    expect(explainFailure(refused, IN_CONTAINER)).toMatchObject({
      code: 'session_path_not_creatable',
      message:
        'Cannot create /app/data/.wwebjs_auth: permission denied; /app/data belongs to 0:0 (root:root) with mode 0755, ' +
        'and the gateway runs as 1026:100 (admin:users). /app/data/.wwebjs_auth is not on a mount of the container',
      action:
        'Set WHATSAPP_SESSION_PATH=/app/.wwebjs_auth (that is where the folder is mounted), or change the line under volumes: to  - ./.wwebjs_auth:/app/data/.wwebjs_auth',
    });
  });

  test('wrong owner, in a container without a mount, gives the line to add and what helps until then', () => {
    const mounts = [mount({ point: '/', type: 'overlay' })];
    const refused = explainFailure(failure(), host({ inContainer: true, mounts }));
    expect(refused.action).toBe(
      'Add this line under volumes: in the compose file and create the container again:  - ./.wwebjs_auth:/app/.wwebjs_auth' +
        '  (or, for as long as this container lives, as root in it: chown -R 1026:100 /app/.wwebjs_auth)',
    );
  });

  test('owner that cannot be seen, still names who runs', () => {
    expect(explainFailure(failure({ blocker: null }), host())).toMatchObject({
      message:
        'Cannot write to /app/.wwebjs_auth: permission denied; the gateway runs as 1026:100 (admin:users)',
      action: 'sudo ./fix-permissions.sh  (or: sudo chown -R 1026:100 /app/.wwebjs_auth)',
    });
  });

  test('parent of somebody else, says what to make and never to chown the parent', () => {
    const refused = failure({ operation: 'create', blocker: entry({ path: '/app' }) });
    const { code, action } = explainFailure(refused, host());
    expect(code).toBe('session_path_not_creatable');
    expect(action).toContain('sudo mkdir -p /app/.wwebjs_auth && sudo chown -R 1026:100 /app/.wwebjs_auth');
  });

  test('folder above that may not be entered, is opened and not given away', () => {
    const refused = failure({ operation: 'reach', blocker: entry({ path: '/app', mode: 0o700 }) });
    expect(explainFailure(refused, host())).toMatchObject({
      code: 'session_path_not_writable',
      action: 'sudo chmod a+x /app',
    });
  });

  test('mode 0000, names the Synology share', () => {
    const { message } = explainFailure(failure({ blocker: entry({ mode: 0 }) }), host());
    expect(message).toContain('mode 0000 is what a Synology share with an access control list gives');
  });

  test.each([
    ['a user of the system', host(), 'user:admin:allow:'],
    ['an id without a name', host({ uid: 5 }), 'user:5:allow:'],
  ])('access control list, for %s, gives the Synology command', (_, running, expected) => {
    const { message, action } = explainFailure(failure({ blocker: entry({ mode: 0o777 }) }), running);
    expect(message).toContain('an access control list or a security module refuses');
    expect(action).toContain(expected);
  });

  test('root without the capability, is told which', () => {
    const { message, action } = explainFailure(
      failure({ blocker: entry({ uid: 7, gid: 8 }) }),
      host({ uid: 0 }),
    );
    expect(message).toContain('DAC_OVERRIDE');
    expect(action).toContain('user: "7:8"');
  });

  test('root with the capability, refused by a list, is not told of the capability', () => {
    const root = host({ uid: 0, overridesPermissions: true });
    expect(explainFailure(failure(), root).message).not.toContain('DAC_OVERRIDE');
  });

  test('owner without an id in the user namespace, is told of the namespace', () => {
    const mapped = host({ idsAreMapped: true });
    const { message } = explainFailure(failure({ blocker: entry({ uid: 65_534 }) }), mapped);
    expect(message).toContain('no id in this user namespace');
    expect(explainFailure(failure(), mapped).message).not.toContain('namespace');
  });

  test('file in the profile, is counted with those like it', () => {
    const path = '/app/.wwebjs_auth/session-x/Local State';
    const blocker = entry({ path, kind: 'file', mode: 0o600 });
    const refused = failure({ path, blocker, inProfile: true, others: 4 });
    expect(explainFailure(refused, host())).toMatchObject({
      code: 'session_profile_not_writable',
      message: expect.stringContaining(
        `Cannot write to ${path} (and 4 more like it): permission denied; it belongs`,
      ) as string,
    });
  });

  test('folder reached by a link, counts as the own one by its real path', () => {
    const folder = { path: '/app/link', realPath: '/volume1/wa' };
    const refused = failure({ folder, path: '/app/link', blocker: entry({ path: '/volume1/wa/session-x' }) });
    expect(explainFailure(refused, host()).action).toContain('chown -R 1026:100 /app/link');
  });
});

describe('refused for another reason', () => {
  test.each([
    ['EPERM', 'session_path_not_writable', 'sudo chattr -i /app/.wwebjs_auth'],
    ['ENOSPC', 'session_path_no_space', 'df -i /app/.wwebjs_auth'],
    ['EDQUOT', 'session_path_no_space', 'Raise the quota'],
    ['ENOTDIR', 'session_path_not_a_directory', 'mv /app/.wwebjs_auth /app/.wwebjs_auth.old'],
    ['ELOOP', 'session_path_unusable', 'ls -ld /app/.wwebjs_auth'],
    ['ENAMETOOLONG', 'session_path_unusable', 'shorter path'],
    ['EINVAL', 'session_path_unusable', 'Check the disk or share'],
    ['EROFS', 'session_path_read_only', 'Mount it writable'],
    ['ENOENT', 'session_path_deleted', 'mkdir -p /app/.wwebjs_auth'],
  ])('%s, is %s with its own remedy', (errno, code, remedy) => {
    expect(explainFailure(failure({ errno }), host())).toMatchObject({
      code,
      action: expect.stringContaining(remedy) as string,
      retryable: false,
    });
  });

  test.each(['EIO', 'ESTALE', 'EMFILE'])('%s, may pass by itself', (errno) => {
    expect(explainFailure(failure({ errno }), host()).retryable).toBe(true);
  });

  test('no owner to be seen, names the path itself', () => {
    expect(explainFailure(failure({ errno: 'ENOTDIR', blocker: null }), host()).message).toContain(
      '/app/.wwebjs_auth is a file',
    );
  });

  test('link that leads nowhere, is told apart from a folder that was deleted', () => {
    const blocker = entry({ path: '/app/link', kind: 'link', target: '/gone' });
    expect(explainFailure(failure({ errno: 'ENOENT', blocker }), host())).toMatchObject({
      code: 'session_path_dangling_link',
      message: 'Cannot use /app/.wwebjs_auth: /app/link is a link to /gone, which does not exist',
      action: 'Make its target, or remove the link: rm /app/link',
    });
  });

  test.each(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS'])(
    'symbolic link refused with %s, names the file system',
    (errno) => {
      const mounts = [mount({ type: 'cifs' })];
      expect(explainFailure(failure({ operation: 'link', errno }), host({ mounts }))).toMatchObject({
        code: 'session_path_unusable',
        message:
          'The file system of /app/.wwebjs_auth (cifs at /app/.wwebjs_auth) cannot hold symbolic links, which Chromium needs',
      });
    },
  );

  test('symbolic link refused by permissions, is a matter of permissions', () => {
    expect(explainFailure(failure({ operation: 'link' }), host()).code).toBe('session_path_not_writable');
  });

  test('no mounts known, leaves the place out', () => {
    expect(explainFailure(failure({ errno: 'EROFS' }), host({ mounts: [] })).message).toBe(
      'Cannot write to /app/.wwebjs_auth: the file system is read-only',
    );
  });

  test('read-only, on a mount of a container, names :ro', () => {
    expect(explainFailure(failure({ errno: 'EROFS' }), IN_CONTAINER).action).toContain('Remove :ro');
  });

  test('read-only root of a container, off the mount, gives the path that is mounted', () => {
    const { action } = explainFailure(failure({ errno: 'EROFS', folder: OFF_MOUNT }), IN_CONTAINER);
    expect(action).toContain('Set WHATSAPP_SESSION_PATH=/app/.wwebjs_auth');
  });

  test('a place where the kernel makes no folders, is not called deleted', () => {
    const folder = { path: '/proc/x', realPath: '/proc/x' };
    const refused = failure({ operation: 'create', errno: 'ENOENT', path: '/proc/x', folder });
    const mounts = [mount({ point: '/' }), mount({ point: '/proc', type: 'proc' })];
    expect(explainFailure(refused, host({ inContainer: true, mounts }))).toMatchObject({
      code: 'session_path_not_creatable',
      message: 'Cannot create /proc/x: nothing can be kept there (proc at /proc)',
    });
  });

  test('deleted, in a container, gives the commands of the host', () => {
    expect(deletedFolder(FOLDER, IN_CONTAINER)).toMatchObject({
      code: 'session_path_deleted',
      action:
        'On the host, in the folder of the compose file: mkdir -p ./.wwebjs_auth && sudo ./fix-permissions.sh && docker compose up -d --force-recreate',
    });
  });
});

describe('a login that would be lost', () => {
  test('container, path not on its mount but named alike, gives both remedies', () => {
    expect(volatileFolder(OFF_MOUNT, IN_CONTAINER)).toEqual({
      message:
        '/app/data/.wwebjs_auth is inside the container and not on a mount: the login is lost with the container. Mounted are: /app/.wwebjs_auth',
      action:
        'Set WHATSAPP_SESSION_PATH=/app/.wwebjs_auth (that is where the folder is mounted), or change the line under volumes: to  - ./.wwebjs_auth:/app/data/.wwebjs_auth',
    });
  });

  test('container, no mount at all, gives the line to add', () => {
    expect(volatileFolder(FOLDER, host({ inContainer: true }))).toEqual({
      message:
        '/app/.wwebjs_auth is inside the container and not on a mount: the login is lost with the container. The container has no data mounts',
      action:
        'Add this line under volumes: in the compose file and create the container again:  - ./.wwebjs_auth:/app/.wwebjs_auth',
    });
  });

  test('container, its root as the folder, advises no mount over all of it', () => {
    const folder = { path: '/', realPath: '/' };
    expect(volatileFolder(folder, host({ inContainer: true }))?.action).toBe(
      'Set WHATSAPP_SESSION_PATH to a folder of its own, such as /app/.wwebjs_auth',
    );
  });

  test('container, very many mounts, names the first ones', () => {
    const mounts = [
      mount({ point: '/' }),
      ...Array.from({ length: 30 }, (_, i) => mount({ point: `/data/${i}` })),
    ];
    const { message } = volatileFolder(FOLDER, host({ inContainer: true, mounts }))!;
    expect(message).toMatch(/Mounted are: \/data\/0, .*\/data\/3, and 26 more$/);
  });

  test('container, root on btrfs as on some NAS, is recognised by the mount point', () => {
    const mounts = [mount({ point: '/', type: 'btrfs' })];
    expect(volatileFolder(FOLDER, host({ inContainer: true, mounts }))).not.toBeNull();
  });

  test('container, folder on its mount, is fine', () => {
    expect(volatileFolder(FOLDER, IN_CONTAINER)).toBeNull();
  });

  test('folder in memory, inside and outside a container, has different remedies', () => {
    const mounts = [mount({ point: '/' }), mount({ type: 'tmpfs' })];
    expect(volatileFolder(FOLDER, host({ mounts }))?.action).toBe(
      'Set WHATSAPP_SESSION_PATH to a folder on a disk.',
    );
    expect(volatileFolder(FOLDER, host({ mounts, inContainer: true }))?.action).toContain('Add this line');
  });

  test('plain machine, or none known, is fine', () => {
    expect(volatileFolder(FOLDER, host())).toBeNull();
    expect(volatileFolder(FOLDER, host({ mounts: [], inContainer: true }))).toBeNull();
  });
});

test.each([
  ['/plain/path', '/plain/path'],
  ['/with space', "'/with space'"],
  ["/it's", "'/it'\\''s'"],
  ['/volume*/docker', '/volume*/docker'],
  ['/volume*/my docker', "/volume*'/my docker'"],
])('shellWord, %s, is one word of a shell', (path, word) => {
  expect(shellWord(path)).toBe(word);
});

test.each([
  [1026, 100, '1026:100 (admin:users)'],
  [1026, 7, '1026:7 (admin:7)'],
  [7, 100, '7:100 (7:users)'],
  [7, 8, '7:8'],
])('idsInWords, %i and %i, have the names that are known', (uid, gid, expected) => {
  expect(idsInWords(uid, gid, host())).toBe(expected);
});

test.each([
  ['owner', { uid: 1026, mode: 0o700 }, true],
  ['owner without x on a folder', { uid: 1026, mode: 0o600 }, false],
  ['owner of a file', { uid: 1026, mode: 0o600, kind: 'file' as const }, true],
  ['owner, where only others may', { uid: 1026, mode: 0o077 }, false],
  ['group', { gid: 100, mode: 0o070 }, true],
  ['supplementary group', { gid: 101, mode: 0o070 }, true],
  ['others', { mode: 0o007 }, true],
  ['nobody', { mode: 0o000 }, false],
])('permits, %s, follows the bits', (_, changes, expected) => {
  expect(permits(entry(changes), host({ groups: [101] }))).toBe(expected);
});
