import { readlink, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { killProcesses } from './kill-process-tree.ts';
import { listProcesses, processesAreVisible, type ProcessInfo, withDescendants } from './process-table.ts';

export interface ReapOptions {
  /** The gateway that asks; browsers that it has started itself are leftovers too. Default: this process. */
  readonly ownPid?: number;
  /** How long a browser may take to end by itself, in milliseconds. */
  readonly graceMs?: number;
}

export type ReapResult =
  /** There is no /proc: nothing was looked at. */
  | { readonly outcome: 'unsupported' }
  /** No process uses this profile. */
  | { readonly outcome: 'none' }
  /** The processes of a gateway that is dead were ended. */
  | { readonly outcome: 'reaped'; readonly pids: readonly number[] }
  /** A live process owns the browser on this profile; nothing was done. */
  | { readonly outcome: 'busy'; readonly busyBy: number }
  /** Orphans were found and could not be ended: another user's, or stuck in the kernel. */
  | { readonly outcome: 'survived'; readonly pids: readonly number[] };

/** What adopts orphans when it is not process 1 itself (prctl(2), PR_SET_CHILD_SUBREAPER). */
const REAPERS =
  /^(?:systemd|init|tini|dumb-init|docker-init|catatonit|conmon|containerd-shim.*|s6-.*|SessionLeader|Relay\(\d+\))$/;

/** Those people start a browser from. */
const SHELLS = /^(?:ba|da|z|fi|a|k|tc)?sh$/;

/**
 * Ends browsers that hold a profile and whose gateway is dead. A profile has one browser; a second one is
 * turned away with "The browser is already running".
 *
 * Killing takes the right process only when nobody stands behind it: a browser whose parent lives is
 * reported as `busy`, unless that parent is this gateway or one that adopts orphans.
 */
export async function reapOrphans(userDataDir: string, options: ReapOptions = {}): Promise<ReapResult> {
  if (!processesAreVisible()) return { outcome: 'unsupported' };
  const { ownPid = process.pid, graceMs = 5_000 } = options;
  const all = listProcesses();
  const holders = await holdersOf(userDataDir, all);
  if (holders.length === 0) return { outcome: 'none' };
  for (const holder of holders) {
    const owner = ownerOf(holder, all, ownPid);
    if (owner !== null) return { outcome: 'busy', busyBy: owner.pid };
  }
  const killed = await killProcesses(holders, { graceMs });
  return killed.outcome === 'gone' ? { outcome: 'reaped', pids: killed.pids } : killed;
}

/** The processes that were started on a profile, with all that belong to them. Empty where there is no /proc. */
export async function findProcessesUsingProfile(userDataDir: string): Promise<ProcessInfo[]> {
  const all = listProcesses();
  return withDescendants(all, await holdersOf(userDataDir, all));
}

async function holdersOf(userDataDir: string, all: readonly ProcessInfo[]): Promise<ProcessInfo[]> {
  const wanted = await spellingsOf(userDataDir);
  const named = all.filter(({ argv }) => {
    const given = profileOf(argv);
    return given !== null && wanted.has(resolve(given));
  });
  const here = await Promise.all(named.map(seesOurFiles));
  return named.filter((_, index) => here[index]);
}

function profileOf(argv: readonly string[]): string | null {
  const flag = '--user-data-dir=';
  // The last one of a name wins in Chromium.
  return argv.findLast((arg) => arg.startsWith(flag))?.slice(flag.length) ?? null;
}

async function spellingsOf(path: string): Promise<Set<string>> {
  const absolute = resolve(path);
  return new Set([absolute, await realpath(absolute).catch(() => absolute)]);
}

/** In a container or a chroot the same path is another folder. What may not be looked at counts as seeing ours. */
async function seesOurFiles({ pid }: ProcessInfo): Promise<boolean> {
  for (const link of ['ns/mnt', 'root']) {
    const theirs = await readlink(`/proc/${pid}/${link}`).catch(() => null);
    if (theirs !== null && theirs !== (await readlink(`/proc/self/${link}`))) return false;
  }
  return true;
}

/** The live process that started the browser, or null when it is an orphan or this gateway's own. */
function ownerOf(holder: ProcessInfo, all: readonly ProcessInfo[], ownPid: number): ProcessInfo | null {
  const byPid = new Map(all.map((entry) => [entry.pid, entry]));
  let top = holder;
  // A wrapper script carries the same flags as the browser that it runs.
  for (let up = byPid.get(top.parentPid); up !== undefined && profileOf(up.argv) === profileOf(top.argv);) {
    top = up;
    up = byPid.get(top.parentPid);
  }
  const parent = byPid.get(top.parentPid);
  if (parent === undefined || parent.pid === 1 || parent.pid === ownPid) return null;
  if (REAPERS.test(parent.name)) return null;
  // One that has adopted the gateway's ancestors adopts its orphans too, unless it starts things itself.
  const startsThings =
    SHELLS.test(parent.name) || /^node\b/.test(parent.name) || /\bnode$/.test(parent.argv[0] ?? '');
  return !startsThings && isAncestor(parent.pid, ownPid, byPid) ? null : parent;
}

function isAncestor(pid: number, of: number, byPid: ReadonlyMap<number, ProcessInfo>): boolean {
  for (let entry = byPid.get(of); entry !== undefined; entry = byPid.get(entry.parentPid)) {
    if (entry.parentPid === pid) return true;
  }
  return false;
}
