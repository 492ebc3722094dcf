import { setTimeout as delay } from 'node:timers/promises';
import { listProcesses, processesAreVisible, type ProcessInfo, withDescendants } from './process-table.ts';

export interface KillOptions {
  /** How long the processes may take to end by themselves after SIGTERM, in milliseconds; 0: SIGKILL at once. */
  readonly graceMs: number;
  /** The start time of the process that is meant ({@link ProcessInfo}): a later one of the same pid is spared. */
  readonly startTime?: string | undefined;
  /** How long to wait for the kernel after SIGKILL, in milliseconds. A process in disk sleep takes its time. */
  readonly killTimeoutMs?: number | undefined;
}

export type KillResult =
  /** There is no /proc: nothing was done. */
  | { readonly outcome: 'unsupported' }
  /** None of them runs any more; `pids` are those that did. */
  | { readonly outcome: 'gone'; readonly pids: readonly number[] }
  /** These could not be ended: another user's, or stuck in the kernel. */
  | { readonly outcome: 'survived'; readonly pids: readonly number[] };

const POLL_MS = 20;

/**
 * Ends a process, its descendants, and its process group if it leads one, and does not believe it before
 * /proc says so: SIGTERM, a grace period, SIGKILL. Works as well when the leader is dead and only its
 * group remains. Stopped processes are continued, so that SIGTERM reaches them.
 *
 * @param pid never this process itself
 * @throws RangeError for a pid that cannot be meant: 1, this process, no positive integer
 */
export async function killProcessTree(pid: number, options: KillOptions): Promise<KillResult> {
  if (!Number.isSafeInteger(pid) || pid <= 1 || pid === process.pid) {
    throw new RangeError(`process ${pid} is not one to kill`);
  }
  if (!processesAreVisible()) return { outcome: 'unsupported' };
  const all = listProcesses();
  const leader = all.find((entry) => entry.pid === pid);
  const isMeant = leader === undefined || leader.startTime === (options.startTime ?? leader.startTime);
  // The kernel gives out no pid that is still the number of a group, so a group without leader is the old one.
  const roots = isMeant ? all.filter((entry) => entry.pid === pid || entry.groupId === pid) : [];
  return await killProcesses(roots, options);
}

/** {@link killProcessTree} for processes that have just been listed. */
export async function killProcesses(
  roots: readonly ProcessInfo[],
  { graceMs, killTimeoutMs = 5_000 }: KillOptions,
): Promise<KillResult> {
  const known = new Map<string, ProcessInfo>();
  let alive = members(roots, known);
  const pids = () => [...new Set([...known.values()].map((entry) => entry.pid))];

  // Chromium ends its helpers itself, and needs them to write the profile; they are recognised by their type.
  const asked = alive.filter(({ argv }) => !argv.some((arg) => arg.includes('--type=')));
  if (graceMs > 0) {
    for (const entry of asked) signal(entry, 'SIGTERM');
    for (const entry of alive) signal(entry, 'SIGCONT');
  }
  for (const deadline = performance.now() + graceMs; alive.length > 0 && performance.now() < deadline;) {
    await delay(POLL_MS);
    alive = members(alive, known);
  }
  for (const deadline = performance.now() + killTimeoutMs; alive.length > 0;) {
    if (performance.now() > deadline) return { outcome: 'survived', pids: alive.map((entry) => entry.pid) };
    for (const entry of alive) signal(entry, 'SIGKILL');
    await delay(POLL_MS);
    alive = members(alive, known);
  }
  return { outcome: 'gone', pids: pids() };
}

/**
 * Which of the known processes run now, with those that have come to them since. Looked up by pid and start
 * time in a fresh list, so that a pid that was given to somebody else is out of it.
 */
function members(of: readonly ProcessInfo[], known: Map<string, ProcessInfo>): ProcessInfo[] {
  const all = listProcesses();
  const keyOf = ({ pid, startTime }: ProcessInfo) => `${pid}/${startTime}`;
  for (const entry of of) known.set(keyOf(entry), entry);
  const running = all.filter((entry) => known.has(keyOf(entry)));
  const found = withDescendants(all, running).filter((entry) => entry.pid !== process.pid);
  for (const entry of found) known.set(keyOf(entry), entry);
  return found;
}

function signal({ pid }: ProcessInfo, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone in between (ESRCH), or another user's (EPERM): the next look at /proc tells which.
  }
}
