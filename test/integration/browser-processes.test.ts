import { readFile, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import puppeteer from 'puppeteer';
import { describe, expect, onTestFinished, test } from 'vitest';
import { browserArgs, launchOptions } from '../../src/whatsapp/browser-launch.ts';
import { findBrowser } from '../../src/whatsapp/browser.ts';
import { killProcessTree } from '../../src/whatsapp/kill-process-tree.ts';
import { readProcess } from '../../src/whatsapp/process-table.ts';
import { findProcessesUsingProfile, processGroupMembers, reapOrphans } from '../../src/whatsapp/processes.ts';
import { temporaryFolder } from '../support/fake-browser.ts';
import { firstLine, gone, holderOf, shell, start } from '../support/real-process.ts';
import { waitFor } from '../support/wait-for.ts';

const onLinux = process.platform === 'linux';
const isRoot = process.getuid?.() === 0;

describe.skipIf(!onLinux)('processes of a profile (needs /proc)', () => {
  /** A stand-in for a browser whose starter is dead: the shell in between has ended. */
  async function orphan(profile: string): Promise<number> {
    const command = [process.execPath, ...holderOf(profile)].map((word) => `'${word}'`).join(' ');
    const starter = shell(`setsid ${command} >/dev/null & echo $!`);
    const pid = Number(await firstLine(starter));
    onTestFinished(async () => {
      await killProcessTree(pid, { graceMs: 0 });
    });
    await waitFor(() => starter.exitCode !== null, { what: 'the end of the starter' });
    await waitFor(() => readProcess(pid)?.argv[1] === '-e', { what: 'the orphan' });
    return pid;
  }

  test('profile, nobody uses it, none', async () => {
    const profile = await temporaryFolder();
    expect(await findProcessesUsingProfile(profile)).toEqual([]);
    expect(await reapOrphans(profile)).toEqual({ outcome: 'none' });
  });

  test('profile, another one with the same beginning is in use, not taken for it', async () => {
    const profile = await temporaryFolder();
    const other = start(process.execPath, holderOf(`${profile}-2`));
    await waitFor(async () => (await findProcessesUsingProfile(`${profile}-2`)).length > 0);
    expect(await findProcessesUsingProfile(profile)).toEqual([]);
    expect(readProcess(other.pid)).not.toBeNull();
  });

  test('profile, given by a link or with dots, it is the same', async () => {
    const folder = await temporaryFolder();
    await symlink(folder, join(folder, 'link'));
    start(process.execPath, holderOf(folder));
    await waitFor(async () => (await findProcessesUsingProfile(folder)).length === 1);
    expect(await findProcessesUsingProfile(join(folder, 'link'))).toHaveLength(1);
    expect(await findProcessesUsingProfile(`${folder}/x/..`)).toHaveLength(1);
  });

  test('orphan, its starter is dead, reaped', async () => {
    const profile = await temporaryFolder();
    const pid = await orphan(profile);
    expect(await reapOrphans(profile)).toEqual({ outcome: 'reaped', pids: [pid] });
    expect(readProcess(pid)).toBeNull();
  });

  test('browser of another live process, reported and left alone', async () => {
    const profile = await temporaryFolder();
    const spawnIt = `require('node:child_process').spawn(process.execPath, ${JSON.stringify(holderOf(profile))}, { detached: true, stdio: 'ignore' })`;
    const gateway = start(process.execPath, ['-e', `${spawnIt}; setInterval(() => {}, 1e6)`]);
    const [holder] = await waitFor(async () => {
      const found = await findProcessesUsingProfile(profile);
      return found.length > 0 ? found : null;
    });
    onTestFinished(async () => {
      await killProcessTree(holder?.pid ?? 0, { graceMs: 0 });
    });
    expect(holder?.parentPid).toBe(gateway.pid);
    expect(await reapOrphans(profile)).toEqual({ outcome: 'busy', busyBy: gateway.pid });
    expect(readProcess(holder?.pid ?? 0)).not.toBeNull();

    process.kill(gateway.pid, 'SIGKILL');
    await gone(gateway.pid);
    expect(await reapOrphans(profile)).toEqual({ outcome: 'reaped', pids: [holder?.pid] });
  });

  test('browser behind a wrapper script of a live process, that process is the owner', async () => {
    const profile = await temporaryFolder();
    const wrapper = start('/bin/sh', [
      '-c',
      `'${process.execPath}' -e 'setInterval(() => {}, 1e6)' -- "$0"; :`,
      `--user-data-dir=${profile}`,
    ]);
    await waitFor(async () => (await findProcessesUsingProfile(profile)).length === 2);
    expect(await reapOrphans(profile, { ownPid: wrapper.pid + 1_000_000 })).toEqual({
      outcome: 'busy',
      busyBy: process.pid,
    });
    expect(await reapOrphans(profile)).toMatchObject({
      outcome: 'reaped',
      pids: expect.arrayContaining([wrapper.pid]) as unknown,
    });
  });

  test('browser that this gateway has started itself, a leftover', async () => {
    const profile = await temporaryFolder();
    const holder = start(process.execPath, holderOf(profile));
    await waitFor(async () => (await findProcessesUsingProfile(profile)).length > 0);
    expect(await reapOrphans(profile)).toEqual({ outcome: 'reaped', pids: [holder.pid] });
  });

  test.skipIf(!isRoot)(
    'same path in another mount namespace, another folder (needs root to set up)',
    async () => {
      const profile = await temporaryFolder();
      const holder = start('unshare', ['--mount', process.execPath, ...holderOf(profile)]);
      const own = await readlink('/proc/self/ns/mnt');
      await waitFor(async () => (await readlink(`/proc/${holder.pid}/ns/mnt`)) !== own, {
        what: 'a namespace',
      });
      expect(await reapOrphans(profile)).toEqual({ outcome: 'none' });
      expect(readProcess(holder.pid)).not.toBeNull();
    },
  );
});

describe.skipIf(!onLinux)('processes of a real browser (needs /proc)', () => {
  test('browser, launched, a process group of its own that is empty after it was closed', async () => {
    const folder = await temporaryFolder();
    const env = { ...process.env, API_KEY: 'not-for-browsers' };
    const browser = await puppeteer.launch(
      launchOptions({
        found: await findBrowser({ executablePath: process.env['PUPPETEER_EXECUTABLE_PATH'] }),
        args: browserArgs({ extraArgs: ['--lang=de'], sandbox: !isRoot }),
        userDataDir: join(folder, 'profile'),
        protocolTimeoutMs: 60_000,
        launchTimeoutMs: 60_000,
        env,
      }),
    );
    const pid = browser.process()?.pid ?? 0;
    onTestFinished(async () => {
      await killProcessTree(pid, { graceMs: 0 });
    });
    await browser.newPage();
    expect(readProcess(pid)).toMatchObject({ pid, groupId: pid });
    const users = (await findProcessesUsingProfile(join(folder, 'profile'))).map((entry) => entry.pid).sort();
    expect(users).toEqual(
      processGroupMembers(pid)
        .map((entry) => entry.pid)
        .sort(),
    );
    expect(users.length).toBeGreaterThan(3);

    const flags = readProcess(pid)?.argv ?? [];
    for (const flag of [
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--mute-audio',
      '--remote-debugging-pipe',
      '--lang=de',
    ]) {
      expect(flags).toContain(flag);
    }
    for (const user of users) {
      expect(await readFile(`/proc/${user}/environ`, 'utf8')).not.toContain('not-for-browsers');
    }

    await browser.close();
    await waitFor(() => processGroupMembers(pid).length === 0, {
      what: 'an empty process group',
    });
  });

  const gateway = (profile: string, ...flags: string[]) =>
    start(process.execPath, [
      join(import.meta.dirname, '../support/gateway-with-browser.ts'),
      profile,
      ...flags,
    ]);

  test('browser on a pipe, its gateway is killed, it ends by itself', async () => {
    const profile = join(await temporaryFolder(), 'profile');
    const owner = gateway(profile);
    const pid = Number(await firstLine(owner));
    expect(processGroupMembers(pid).length).toBeGreaterThan(3);
    process.kill(owner.pid, 'SIGKILL');
    await waitFor(() => processGroupMembers(pid).length === 0, {
      what: 'the end of the browser',
    });
    expect(await reapOrphans(profile)).toEqual({ outcome: 'none' });
  });

  test('browser, frozen while its gateway is killed, reaped with every helper', async () => {
    const profile = join(await temporaryFolder(), 'profile');
    const owner = gateway(profile);
    const pid = Number(await firstLine(owner));
    onTestFinished(async () => {
      await killProcessTree(pid, { graceMs: 0 });
    });
    for (const member of processGroupMembers(pid)) process.kill(member.pid, 'SIGSTOP');
    process.kill(owner.pid, 'SIGKILL');
    await gone(owner.pid);
    expect(await reapOrphans(profile)).toMatchObject({ outcome: 'reaped' });
    expect(processGroupMembers(pid)).toEqual([]);
    expect(await findProcessesUsingProfile(profile)).toEqual([]);
  });

  test('browser that outlives its gateway, busy while it lives and reaped afterwards', async () => {
    const profile = join(await temporaryFolder(), 'profile');
    const owner = gateway(profile, '--no-pipe');
    const pid = Number(await firstLine(owner));
    onTestFinished(async () => {
      await killProcessTree(pid, { graceMs: 0 });
    });
    expect(await reapOrphans(profile)).toEqual({ outcome: 'busy', busyBy: owner.pid });
    process.kill(owner.pid, 'SIGKILL');
    await gone(owner.pid);
    expect(await reapOrphans(profile)).toMatchObject({ outcome: 'reaped' });
    expect(processGroupMembers(pid)).toEqual([]);
  });
});
