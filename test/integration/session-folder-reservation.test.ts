import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import type { SessionFolder } from '../../src/session/session-folder.ts';
import { failureOf, folderRig } from '../support/folder-rig.ts';
import { readFiles, writeLogin } from '../support/login-files.ts';

const rig = folderRig();

describe('reservation', () => {
  test('nobody there, makes the folder, takes its lock and no profile', async () => {
    const folder = rig.open();
    const { lock, report } = await folder.reserve();
    expect(lock).toEqual({ state: 'held' });
    expect(report.warnings).toEqual([]);
    expect(readdirSync(folder.root).filter((name) => !name.startsWith('.'))).toEqual([]);
    await folder.release();
    expect(readdirSync(folder.root)).toEqual([]);
  });

  test('a gateway that starts meanwhile, is refused with the reason and starts afterwards', async () => {
    const backup = rig.open();
    await backup.reserve();
    const gateway = rig.open();
    const error = await failureOf(gateway.check());
    expect(error).toMatchObject({ code: 'profile_in_use', retryable: true });
    expect(error.message).toMatch(
      `A backup or restore of this login is under way: process ${process.pid} on`,
    );
    await backup.release();
    await gateway.check();
    expect(readdirSync(gateway.root).sort()).toEqual([
      '.session-test.holder',
      '.session-test.lock',
      'session-test',
    ]);
  });

  test('a gateway that has the folder, is named, and may not start a browser until it is over', async () => {
    const gateway = rig.open();
    await gateway.check();
    const backup = rig.open();
    expect((await backup.reserve()).lock).toMatchObject({ state: 'busy', holder: { pid: process.pid } });
    expect((await failureOf(gateway.check())).message).toContain('A backup or restore');
    await backup.release();
    await gateway.check();
    expect((await rig.open().reserve()).lock.state).toBe('busy');
  });

  test('its own check, is not refused', async () => {
    const folder = rig.open();
    await folder.reserve();
    await folder.check();
    expect((await failureOf(rig.open().check())).message).toContain('A backup or restore');
  });

  test('a second one, is refused and leaves the first alone', async () => {
    const first = rig.open();
    await first.reserve();
    const second = rig.open();
    expect(await failureOf(second.reserve())).toMatchObject({
      code: 'profile_in_use',
      action: 'Wait until it has ended, and run the command again.',
    });
    await second.release();
    expect((await failureOf(rig.open().check())).message).toContain('A backup or restore');
  });

  test('of a process that was killed, does not hold anybody up', async () => {
    const folder = rig.open();
    await mkdir(folder.root);
    await writeFile(join(folder.root, '.session-test.reserved'), '');
    await folder.check();
    expect(existsSync(join(folder.root, '.session-test.reserved'))).toBe(false);
  });

  test('looked at, is told and neither taken nor ended', async () => {
    const backup = rig.open();
    await backup.reserve();
    const { steps, problem } = await rig.open().inspect('look');
    expect(problem).toBeNull();
    expect(steps.find(({ name }) => name === 'lock')?.message).toContain('a backup or restore is under way');
    expect((await failureOf(rig.open().check())).message).toContain('A backup or restore');
  });

  test('a log-out meanwhile, is refused; afterwards it is done', async () => {
    const backup = rig.open();
    await writeLogin(backup.profile, 'one');
    await backup.reserve();
    const gateway = rig.open();
    expect((await failureOf(gateway.remove())).message).toContain(
      'a backup or restore is under way (process',
    );
    await backup.release();
    await writeFile(join(backup.root, '.session-test.reserved'), '');
    await gateway.remove();
    expect(existsSync(gateway.profile)).toBe(false);
  });

  test('where files cannot be locked, is unsure and says so', async () => {
    const folder = rig.open({
      openLock: () => {
        throw Object.assign(new Error('disk I/O error'), { errcode: 3850 });
      },
    });
    const { lock, report } = await folder.reserve();
    expect(lock.state).toBe('unsupported');
    expect(report.warnings).toMatchObject([{ code: 'session_path_unusable' }]);
  });

  test('a file in place of the folder, is the reason that a start has too', async () => {
    await writeFile(join(rig.place, 'login'), 'x');
    expect(await failureOf(rig.open().reserve())).toMatchObject({ code: 'session_path_not_a_directory' });
  });
});

describe('replacement', () => {
  /** A new login beside the present one, as it is before it takes its place. */
  async function unpacked(folder: SessionFolder, mark: string): Promise<string> {
    const path = join(folder.root, '.session-test.unpacking-1', 'session-test');
    await writeLogin(path, mark);
    return path;
  }

  function visible(folder: SessionFolder): string[] {
    return readdirSync(folder.root).filter((name) => !/\.(lock|holder|reserved|reserved-by)$/.test(name));
  }

  test.each([true, false])('a login there before: %s, the new one is whole and alone', async (before) => {
    const folder = rig.open();
    if (before) await writeLogin(folder.profile, 'old');
    await folder.reserve();
    await writeLogin(join(rig.place, 'wanted'), 'new');
    await folder.replace(await unpacked(folder, 'new'));
    expect(await readFiles(folder.profile)).toEqual(await readFiles(join(rig.place, 'wanted')));
    await folder.release();
    await folder.check();
    expect(visible(folder)).toEqual(['session-test']);
  });

  test('it cannot be moved, says so and the old login stays', async () => {
    const folder = rig.open();
    await writeLogin(folder.profile, 'old');
    const old = await readFiles(folder.profile);
    await folder.reserve();
    const error = await failureOf(folder.replace(join(folder.root, 'nothing')));
    expect(error).toMatchObject({ code: 'backup_failed', cause: { code: 'ENOENT' } });
    expect(error.message).toContain('The login could not be put in its place');
    await folder.check();
    expect(await readFiles(folder.profile)).toEqual(old);
  });

  test('its name is taken, says so', async () => {
    const folder = rig.open();
    await folder.reserve();
    await mkdir(join(folder.root, '.session-test.restored/in-the-way'), { recursive: true });
    expect(await failureOf(folder.replace(await unpacked(folder, 'new')))).toMatchObject({
      code: 'backup_failed',
      cause: { code: 'ENOTEMPTY' },
    });
  });

  /** What an interruption leaves, by the step that it follows. */
  const interruptions: Record<string, { make: (folder: SessionFolder) => Promise<void>; is: 'old' | 'new' }> =
    {
      'while it is unpacked': {
        make: async (folder) => {
          await writeLogin(folder.profile, 'old');
          await unpacked(folder, 'new');
        },
        is: 'old',
      },
      'before the old one is moved': {
        make: async (folder) => {
          await writeLogin(folder.profile, 'old');
          await rename(await unpacked(folder, 'new'), join(folder.root, '.session-test.restored'));
        },
        is: 'old',
      },
      'between the two moves': {
        make: async (folder) => {
          await writeLogin(join(folder.root, 'session-test.removed-1-ab'), 'old');
          await rename(await unpacked(folder, 'new'), join(folder.root, '.session-test.restored'));
        },
        is: 'new',
      },
      'before the old one is deleted': {
        make: async (folder) => {
          await writeLogin(join(folder.root, 'session-test.removed-1-ab'), 'old');
          await rename(await unpacked(folder, 'new'), folder.profile);
        },
        is: 'new',
      },
    };

  test.each(Object.entries(interruptions))(
    'interrupted %s, the next start finds a whole login',
    async (_, { make, is }) => {
      const folder = rig.open();
      await make(folder);
      await folder.inspect('look');
      await folder.check();
      await writeLogin(join(rig.place, 'wanted'), is);
      expect(await readFiles(folder.profile)).toEqual(await readFiles(join(rig.place, 'wanted')));
      expect(visible(folder)).toEqual(['session-test']);
    },
  );

  test('interrupted between the two moves, the start says that it has been finished', async () => {
    const folder = rig.open();
    await interruptions['between the two moves']!.make(folder);
    const { steps } = await folder.inspect('start');
    expect(steps.find(({ name }) => name === 'restore')?.message).toContain('has been finished');
    expect(steps.find(({ name }) => name === 'profile')?.message).toContain('exists');
  });

  test('interrupted between the two moves, the next restore and a log-out know both', async () => {
    const folder = rig.open();
    await interruptions['between the two moves']!.make(folder);
    await folder.reserve();
    expect(visible(folder)).toEqual(['session-test']);
    await folder.release();

    await rename(folder.profile, join(folder.root, '.session-test.restored'));
    await folder.remove();
    expect(visible(folder)).toEqual([]);
  });
});
