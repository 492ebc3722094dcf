import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { killProcessTree } from '../../src/whatsapp/kill-process-tree.ts';
import { listProcesses, parseStat, readProcess, withDescendants } from '../../src/whatsapp/process-table.ts';
import { findProcessesUsingProfile, processGroupMembers, reapOrphans } from '../../src/whatsapp/processes.ts';
import { temporaryFolder } from '../support/fake-browser.ts';
import { firstLine, gone, shell, start } from '../support/real-process.ts';
import { waitFor } from '../support/wait-for.ts';

const onLinux = process.platform === 'linux';
const isRoot = process.getuid?.() === 0;
const GRACE_MS = 20_000;

describe('process table', () => {
  test.each(['a b', 'a) R 1 (b', '((', ')'])(
    'stat line, the name is "%s", the fields after it are right',
    (name) => {
      const after = 'S 7 8 9 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 123 45';
      expect(parseStat(`42 (${name}) ${after}\n`)).toEqual({
        pid: 42,
        name,
        state: 'S',
        parentPid: 7,
        groupId: 8,
        startTime: '4711',
      });
    },
  );

  test.each(['', '42', '42 (x', '42 (x) S 1 2'])('stat line, "%s" is none, null', (line) => {
    expect(parseStat(line)).toBeNull();
  });

  test.skipIf(!onLinux)('this process, read, as it knows itself (needs /proc)', async () => {
    const self = readProcess(process.pid);
    expect(self).toMatchObject({ pid: process.pid, parentPid: process.ppid });
    expect(self?.argv[0]).toBe((await readFile('/proc/self/cmdline', 'utf8')).split('\0')[0]);
    expect(listProcesses().map(({ pid }) => pid)).toContain(process.pid);
  });

  test.skipIf(!onLinux)('zombie, read, as good as gone (needs /proc)', async () => {
    // The inner shell ends and its parent, being sleep by then, never asks for it.
    const parent = shell('sh -c "echo \\$\\$" & exec sleep 1000');
    const zombie = Number(await firstLine(parent));
    await waitFor(async () => (await readFile(`/proc/${zombie}/stat`, 'utf8')).includes(') Z '), {
      what: 'a zombie',
    });
    expect(readProcess(zombie)).toBeNull();
    expect(processGroupMembers(parent.pid).map(({ pid }) => pid)).toEqual([parent.pid]);
  });

  test('descendants, children, grandchildren and led groups, each once and no stranger', () => {
    const entry = (pid: number, parentPid: number, groupId: number) => ({
      pid,
      parentPid,
      groupId,
      state: 'S',
      startTime: '1',
      name: 'x',
      argv: [],
    });
    const root = entry(10, 1, 10);
    const all = [
      entry(1, 0, 1),
      entry(13, 12, 13),
      root,
      entry(11, 10, 10),
      entry(12, 11, 10),
      entry(14, 1, 10),
      entry(20, 1, 20),
      entry(21, 20, 20),
    ];
    expect(
      withDescendants(all, [root])
        .map(({ pid }) => pid)
        .sort(),
    ).toEqual([10, 11, 12, 13, 14]);
    // A member of somebody else's group brings only what it has started.
    expect(withDescendants(all, [entry(21, 20, 20)]).map(({ pid }) => pid)).toEqual([21]);
  });
});

describe.skipIf(!onLinux)('killing a process tree (needs /proc)', () => {
  test('tree, ends at SIGTERM, gone without SIGKILL', async () => {
    const folder = await temporaryFolder();
    const child = shell(
      `trap 'echo clean > ${folder}/end; exit 0' TERM; echo up; while :; do sleep 0.05; done`,
    );
    await firstLine(child);
    expect(await killProcessTree(child.pid, { graceMs: GRACE_MS })).toMatchObject({ outcome: 'gone' });
    expect(await readFile(join(folder, 'end'), 'utf8')).toBe('clean\n');
    expect(processGroupMembers(child.pid)).toEqual([]);
  });

  test('tree, ignores SIGTERM with all its children, killed after the grace period', async () => {
    const child = shell(`trap '' TERM; sleep 1000 & sleep 1000 & echo up; wait; wait`);
    await firstLine(child);
    await waitFor(() => processGroupMembers(child.pid).length === 3);
    const killed = await killProcessTree(child.pid, { graceMs: 100 });
    expect(killed.outcome === 'gone' && killed.pids.length).toBe(3);
    expect(processGroupMembers(child.pid)).toEqual([]);
  });

  test('tree, no grace, killed at once and nothing hears of it before', async () => {
    const folder = await temporaryFolder();
    const child = shell(`trap 'echo asked > ${folder}/end' TERM; echo up; while :; do sleep 0.05; done`);
    await firstLine(child);
    expect(await killProcessTree(child.pid, { graceMs: 0 })).toMatchObject({ outcome: 'gone' });
    await expect(readFile(join(folder, 'end'))).rejects.toThrow('ENOENT');
  });

  test('tree, stopped, it is continued and ends by itself', async () => {
    const folder = await temporaryFolder();
    const child = shell(
      `trap 'echo clean > ${folder}/end; exit 0' TERM; echo up; while :; do sleep 0.05; done`,
    );
    await firstLine(child);
    process.kill(child.pid, 'SIGSTOP');
    expect(await killProcessTree(child.pid, { graceMs: GRACE_MS })).toMatchObject({ outcome: 'gone' });
    expect(await readFile(join(folder, 'end'), 'utf8')).toBe('clean\n');
  });

  test('tree, a child has left the group, it is ended too', async () => {
    const child = shell('setsid sleep 1000 & echo up; wait');
    await firstLine(child);
    const stray = await waitFor(
      () => listProcesses().find(({ parentPid, name }) => parentPid === child.pid && name === 'sleep'),
      { what: 'the stray child' },
    );
    expect(stray.groupId).not.toBe(child.pid);
    onTestFinished(async () => {
      await killProcessTree(stray.pid, { graceMs: 0 });
    });
    await killProcessTree(child.pid, { graceMs: 0 });
    expect(readProcess(stray.pid)).toBeNull();
  });

  test('tree, the leader is dead and its group lives, the group is ended', async () => {
    const child = shell('sleep 1000 & echo up; exec sleep 1000');
    await firstLine(child);
    await waitFor(() => processGroupMembers(child.pid).length === 2);
    process.kill(child.pid, 'SIGKILL');
    await gone(child.pid);
    expect(processGroupMembers(child.pid)).toHaveLength(1);
    expect(await killProcessTree(child.pid, { graceMs: 0 })).toMatchObject({ outcome: 'gone' });
    expect(processGroupMembers(child.pid)).toEqual([]);
  });

  test('tree, another process has the pid by now, it is spared', async () => {
    const child = shell('exec sleep 1000');
    const startTime = readProcess(child.pid)?.startTime;
    const killed = await killProcessTree(child.pid, { graceMs: 0, startTime: `${Number(startTime) - 1}` });
    expect(killed).toEqual({ outcome: 'gone', pids: [] });
    expect(readProcess(child.pid)).not.toBeNull();
    expect(await killProcessTree(child.pid, { graceMs: 0, startTime })).toEqual({
      outcome: 'gone',
      pids: [child.pid],
    });
  });

  test('tree, long gone, nothing to do', async () => {
    const child = shell('exit 0');
    await once(child, 'exit');
    expect(await killProcessTree(child.pid, { graceMs: 0 })).toEqual({ outcome: 'gone', pids: [] });
  });

  test('tree, not the leader of its group, the rest of the group lives', async () => {
    const child = shell('sleep 1000 & echo $!; wait; exec sleep 1000');
    const member = Number(await firstLine(child));
    expect(await killProcessTree(member, { graceMs: 0 })).toEqual({ outcome: 'gone', pids: [member] });
    expect(readProcess(child.pid)).not.toBeNull();
  });

  test.each([process.pid, 1, 0, -5, Number.NaN, 1.5])('tree, pid %s, refused', async (pid) => {
    await expect(killProcessTree(pid, { graceMs: 0 })).rejects.toThrow(RangeError);
  });

  test.skipIf(!isRoot)("tree, another user's, survivors are named (needs root to set up)", async () => {
    const child = shell('exec sleep 1000');
    const script = `import(${JSON.stringify(join(import.meta.dirname, '../../src/whatsapp/kill-process-tree.ts'))})
      .then(({ killProcessTree }) => killProcessTree(${child.pid}, { graceMs: 0, killTimeoutMs: 50 }))
      .then((result) => console.log(JSON.stringify(result)))`;
    const stranger = start(process.execPath, ['-e', script], { uid: 65534, gid: 65534, cwd: '/' });
    expect(JSON.parse(await firstLine(stranger))).toEqual({ outcome: 'survived', pids: [child.pid] });
    expect(readProcess(child.pid)).not.toBeNull();
  });
});

describe('no /proc', () => {
  test('another platform, every answer says that nothing was done', async () => {
    const platform = Object.getOwnPropertyDescriptor(process, 'platform');
    Object.defineProperty(process, 'platform', { ...platform, value: 'darwin' });
    onTestFinished(() => {
      Object.defineProperty(process, 'platform', platform ?? {});
    });
    expect(await killProcessTree(99_999_999, { graceMs: 0 })).toEqual({ outcome: 'unsupported' });
    expect(await reapOrphans('/tmp/x')).toEqual({ outcome: 'unsupported' });
    expect(await findProcessesUsingProfile('/tmp/x')).toEqual([]);
    expect(processGroupMembers(process.pid)).toEqual([]);
  });
});
