import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { checkElsewhere, WITHOUT_ROOT, type ChildOptions } from '../support/session-folder-child.ts';
import { removeFolder } from '../support/remove-folder.ts';

/** Ids that no account of a usual machine has. */
const SOMEBODY = { uid: 51_026, gid: 51_100 };

let place = '';
let path = '';

beforeEach(async (context) => {
  context.skip(WITHOUT_ROOT !== false, String(WITHOUT_ROOT));
  place = await mkdtemp(join(tmpdir(), 'session-folder-'));
  await chmod(place, 0o755);
  path = join(place, 'login');
});

afterEach(async () => {
  if (place !== '') await removeFolder(place);
});

async function check(options: Partial<ChildOptions> = {}) {
  return checkElsewhere({ path, ids: SOMEBODY, ...options });
}

async function folder(at: string, owner: { uid: number; gid: number }, mode: number): Promise<void> {
  await mkdir(at, { recursive: true });
  await chown(at, owner.uid, owner.gid);
  await chmod(at, mode);
}

/** Writes the extended attribute that setfacl would: `user::rwx user:UID:--- group::rwx mask::rwx other::rwx` (acl(5)). */
const DENY_BY_ACL = `
import os, struct, sys
none = 0xffffffff
entries = [(1, 7, none), (2, 0, int(sys.argv[2])), (4, 7, none), (16, 7, none), (32, 7, none)]
acl = struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *entry) for entry in entries)
os.setxattr(sys.argv[1], 'system.posix_acl_access', acl)`;

describe('permissions', () => {
  test('own folder, is fine and leaves nothing but the profile', async () => {
    await folder(path, SOMEBODY, 0o700);
    const { code, steps, warnings } = await check();
    expect({ code, warnings }).toEqual({ code: null, warnings: [] });
    expect(steps.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual([
      'path ok',
      'mount ok',
      'space ok',
      'folder ok',
      'lock ok',
      'profile ok',
      'write ok',
    ]);
    expect(await stat(join(path, 'session-test'))).toMatchObject(SOMEBODY);
  });

  test('folder of somebody else, names both owners, the mode and the commands', async () => {
    await folder(path, { uid: 0, gid: 0 }, 0o755);
    const { code, message, action } = await check();
    expect(code).toBe('session_path_not_writable');
    expect(message).toBe(
      `Cannot write to ${path}: permission denied; it belongs to 0:0 (root:root) with mode 0755, and the gateway runs as 51026:51100`,
    );
    expect(action).toBe(
      `sudo ./fix-permissions.sh  (or: sudo chown -R 51026:51100 ${path} && sudo chmod -R u+rwX ${path})`,
    );
  });

  test('given to somebody else while the browser runs, told like at a start', async () => {
    await folder(path, SOMEBODY, 0o700);
    const { code, message, action } = await check({
      meanwhile: async () => {
        await chown(join(path, 'session-test'), 0, 0);
        await chmod(join(path, 'session-test'), 0o755);
      },
    });
    expect(code).toBe('session_profile_not_writable');
    expect(message).toContain(
      'it belongs to 0:0 (root:root) with mode 0755, and the gateway runs as 51026:51100',
    );
    expect(action).toContain('sudo chown -R 51026:51100');
  });

  test('folder given to somebody else, a log-out names it and not the profile in it, with the command', async () => {
    await folder(path, SOMEBODY, 0o700);
    const { code, message, action } = await check({
      removes: true,
      meanwhile: async () => {
        await chown(path, 0, 0);
        await chmod(path, 0o755);
      },
    });
    expect(code).toBe('login_not_removed');
    expect(message).toContain(`Cannot write to ${path}: permission denied`);
    expect(message).toContain('it belongs to 0:0 (root:root) with mode 0755');
    expect(action).toContain('sudo chown -R 51026:51100');
  });

  test('folder of somebody else, after the printed command, is fine', async () => {
    await folder(path, { uid: 0, gid: 0 }, 0o000);
    const { action } = await check();
    const command = /\(or: (.*)\)$/.exec(action)![1]!;
    execFileSync('sh', ['-c', command.replaceAll('sudo ', '')]);
    expect(await check()).toMatchObject({ code: null });
  });

  test('folder of its group, writable for the group, is fine', async () => {
    await folder(path, { uid: 0, gid: 51_200 }, 0o770);
    expect(await check({ ids: { ...SOMEBODY, groups: [51_200] } })).toMatchObject({ code: null });
  });

  test('folder with mode 0000, is told apart as what a Synology share does', async () => {
    await folder(path, { uid: 0, gid: 0 }, 0o000);
    const { code, message, action } = await check();
    expect(code).toBe('session_path_not_writable');
    expect(message).toContain('mode 0000 is what a Synology share');
    expect(action).toContain(`chmod -R u+rwX ${path}`);
  });

  test('missing folder, in a parent of somebody else, cannot be made and says what to make', async () => {
    const { code, message, action } = await check();
    expect(code).toBe('session_path_not_creatable');
    expect(message).toContain(
      `Cannot create ${path}: permission denied; ${place} belongs to 0:0 (root:root) with mode 0755`,
    );
    expect(action).toContain(`sudo mkdir -p ${path} && sudo chown -R 51026:51100 ${path}`);
  });

  test('folder below one that may not be entered, names that one', async () => {
    await folder(join(place, 'closed'), { uid: 0, gid: 0 }, 0o700);
    await folder(join(place, 'closed/a/login'), SOMEBODY, 0o700);
    const { code, message, action } = await check({ path: join(place, 'closed/a/login') });
    expect(code).toBe('session_path_not_writable');
    expect(message).toContain(`${place}/closed belongs to 0:0 (root:root) with mode 0700`);
    expect(action).toBe(`sudo chmod a+x ${place}/closed`);
  });

  test('link through a folder that may not be entered, names that folder', async () => {
    await folder(join(place, 'closed'), { uid: 0, gid: 0 }, 0o700);
    await folder(join(place, 'closed/login'), SOMEBODY, 0o700);
    await symlink('closed/login', path);
    const { code, action } = await check();
    expect({ code, action }).toEqual({
      code: 'session_path_not_writable',
      action: `sudo chmod a+x ${place}/closed`,
    });
  });

  test('profile of somebody else, is told apart from the folder', async () => {
    await folder(path, SOMEBODY, 0o700);
    await folder(join(path, 'session-test'), { uid: 0, gid: 0 }, 0o755);
    const { code, message } = await check();
    expect(code).toBe('session_profile_not_writable');
    expect(message).toContain(`${path}/session-test: permission denied; it belongs to 0:0`);
  });

  test('profile with files of somebody else, names the first and counts the rest', async () => {
    const profile = join(path, 'session-test');
    for (const at of [path, profile, join(profile, 'Default'), join(profile, 'Default/Local Storage')]) {
      await folder(at, SOMEBODY, 0o700);
    }
    await folder(join(profile, 'Default/IndexedDB'), { uid: 0, gid: 0 }, 0o700);
    for (const name of ['Local State', 'Default/Preferences']) {
      await writeFile(join(profile, name), '{}', { mode: 0o600 });
    }
    const { code, message, action } = await check();
    expect(code).toBe('session_profile_not_writable');
    expect(message).toMatch(
      /^Cannot write to \S+\/session-test\/.+ \(and 2 more like it\): permission denied; it belongs to 0:0/,
    );
    expect(action).toContain(`sudo chown -R 51026:51100 ${path}`);
  });

  test('lock file of somebody else, is refused instead of being held by nobody', async () => {
    await folder(path, SOMEBODY, 0o700);
    await writeFile(join(path, '.session-test.lock'), '', { mode: 0o644 });
    const { code, message } = await check();
    expect(code).toBe('session_path_not_writable');
    expect(message).toContain(`${path}/.session-test.lock`);
  });

  test('root without the capability, names the capability', async (context) => {
    context.skip(!runs('setpriv', '--version'), 'needs setpriv');
    await folder(path, SOMEBODY, 0o700);
    const without = '-dac_override,-dac_read_search';
    const { code, message, action } = await check({
      ids: { uid: 0, gid: 0 },
      wrapper: ['setpriv', '--bounding-set', without, '--inh-caps', without],
    });
    expect(code).toMatch(/session_path_not_writable/);
    expect(message).toContain('DAC_OVERRIDE');
    expect(action).toContain('user: "51026:51100"');
  });

  test('owner that a user namespace does not map, names the namespace', async (context) => {
    context.skip(!runs('unshare', '--user', '--map-root-user', 'true'), 'needs user namespaces');
    await folder(path, SOMEBODY, 0o700);
    const { message, action } = await check({
      ids: undefined,
      wrapper: ['unshare', '--user', '--map-root-user'],
    });
    expect(message).toContain('that owner has no id in this user namespace');
    expect(action).toContain('podman unshare chown -R 0:0');
  });

  test('immutable folder, names chattr', async (context) => {
    await folder(path, SOMEBODY, 0o700);
    context.skip(!runs('chattr', '+i', path), 'needs a file system with the immutable flag');
    try {
      const { code, action } = await check({ ids: { uid: 0, gid: 0 } });
      expect(code).toBe('session_path_not_writable');
      expect(action).toContain(`sudo chattr -i ${path}`);
    } finally {
      execFileSync('chattr', ['-i', path]);
    }
  });

  test('access control list that refuses, is told apart from the bits', async (context) => {
    await folder(path, { uid: 0, gid: 0 }, 0o777);
    context.skip(!runs('python3', '-c', DENY_BY_ACL, path, String(SOMEBODY.uid)), 'needs python3 and ACLs');
    const { code, message, action } = await check();
    expect(code).toBe('session_path_not_writable');
    expect(message).toContain('the permission bits allow it, so an access control list');
    expect(action).toContain(`synoacltool -add ${path} user:51026:allow:`);
  });
});

describe('mounts', () => {
  test('read-only file system, is named with its mount point', async () => {
    await mkdir(path);
    const { code, message } = await check({
      ids: { uid: 0, gid: 0 },
      setup: `mount -t tmpfs none ${path} && mount -o remount,ro ${path}`,
    });
    expect(code).toBe('session_path_read_only');
    expect(message).toContain(`(tmpfs at ${path}) is read-only`);
  });

  test('read-only bind mount of a container, names :ro', async () => {
    await folder(path, SOMEBODY, 0o700);
    const { code, action } = await check({
      host: { inContainer: true },
      setup: `mount --bind ${path} ${path} && mount -o remount,bind,ro ${path}`,
    });
    expect(code).toBe('session_path_read_only');
    expect(action).toContain('Remove :ro');
  });

  test('full disk, says how much is free', async () => {
    await mkdir(path);
    const { code, message } = await check({
      ids: { uid: 0, gid: 0 },
      setup: `mount -t tmpfs -o size=1m none ${path}`,
    });
    expect(code).toBe('session_path_no_space');
    expect(message).toContain('1 MB');
  });

  test('no inodes left, says so', async () => {
    await mkdir(path);
    const { code, message } = await check({
      ids: { uid: 0, gid: 0 },
      setup: `mount -t tmpfs -o nr_inodes=10 none ${path}`,
    });
    expect(code).toBe('session_path_no_space');
    expect(message).toContain('9 inodes');
  });

  test('bind source deleted, is found without a hang', async () => {
    await mkdir(path);
    const { code, action } = await check({
      ids: { uid: 0, gid: 0 },
      host: { inContainer: true },
      setup: `mkdir ${place}/source && mount --bind ${place}/source ${path} && rmdir ${place}/source`,
    });
    expect(code).toBe('session_path_deleted');
    expect(action).toContain(
      'mkdir -p ./login && sudo ./fix-permissions.sh && docker compose up -d --force-recreate',
    );
  });

  test('folder in memory, works and warns', async () => {
    await mkdir(path);
    const { code, warnings } = await check({
      ids: { uid: 0, gid: 0 },
      setup: `mount -t tmpfs none ${path}`,
    });
    expect(code).toBeNull();
    expect(warnings.map((warning) => warning.code)).toContain('session_path_not_mounted');
  });

  test("the report's case: path and mount differ in a container, names the mount and both remedies", async () => {
    const mounted = join(place, 'app/.wwebjs_auth');
    await folder(mounted, SOMEBODY, 0o777);
    await folder(join(place, 'app/data'), { uid: 0, gid: 0 }, 0o755);
    const configured = join(place, 'app/data/.wwebjs_auth');
    const setup = `mount --bind ${mounted} ${mounted}`;
    const refused = await check({ path: configured, host: { inContainer: true }, setup });
    expect(refused.code).toBe('session_path_not_creatable');
    expect(refused.message).toContain(`${configured} is not on a mount of the container`);
    const remedy =
      `Set WHATSAPP_SESSION_PATH=${mounted} (that is where the folder is mounted), ` +
      `or change the line under volumes: to  - ./.wwebjs_auth:${configured}`;
    expect(refused.action).toBe(remedy);

    await chmod(join(place, 'app/data'), 0o777);
    const warned = await check({ path: configured, host: { inContainer: true }, setup });
    expect(warned.code).toBeNull();
    expect(warned.warnings).toEqual([
      {
        code: 'session_path_not_mounted',
        message: expect.stringContaining('the login is lost with the container. Mounted are: ') as string,
        action: remedy,
      },
    ]);
    expect(warned.warnings[0]!.message).toContain(mounted);
    expect(await check({ path: mounted, host: { inContainer: true }, setup })).toMatchObject({
      warnings: [],
    });
  });

  test('folder of somebody else on a bind mount of a container, names the path on the host', async () => {
    await folder(join(place, 'host/my login'), { uid: 0, gid: 0 }, 0o755);
    await mkdir(path);
    const { action } = await check({
      host: { inContainer: true },
      setup: `mount --bind '${place}/host/my login' ${path}`,
    });
    expect(action).toContain('On the host, in the folder of the compose file: sudo ./fix-permissions.sh');
    expect(action).toContain(`sudo chown -R 51026:51100 '${place}/host/my login'`);
  });
});

function runs(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
