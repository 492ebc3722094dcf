import { readdir, readFile, readlink, realpath, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import { codeOf } from '../errors.ts';

/** What Chromium leaves in a profile while it runs, and when it is killed. */
const SINGLETON_FILES = ['SingletonLock', 'SingletonSocket', 'SingletonCookie'];

/** The owner that a `SingletonLock` names: the link's text is `host-pid`. */
export interface SingletonOwner {
  readonly host: string;
  readonly pid: number;
}

export type ProfileUse =
  /** No browser, and no lock of one. */
  | { readonly kind: 'free' }
  /** No browser, but a lock: of another host, a dead process, or a process that is no Chromium on this profile. */
  | { readonly kind: 'stale'; readonly owner: SingletonOwner | null }
  /** A browser runs on the profile, or the lock's owner lives and cannot be looked at. */
  | { readonly kind: 'live'; readonly owner: SingletonOwner };

/** @returns null for a text that no Chromium has written */
export function parseSingletonLock(text: string): SingletonOwner | null {
  const match = /^(.+)-([1-9]\d{0,9})$/.exec(text);
  const [, host, pid] = match ?? [];
  return host === undefined ? null : { host, pid: Number(pid) };
}

/**
 * Says whether a browser uses the profile. It assumes that the folder lock is held: then a lock of another host
 * can only be what a re-created container has left.
 *
 * The processes are looked at too, because the lock alone says little: chromium-headless-shell makes none
 * (measured with version 156), and it is gone when somebody has removed it under a running browser.
 * @param options.proc where procfs is; a seam for tests
 */
export async function profileUse(options: {
  profile: string;
  hostname: string;
  proc: string;
}): Promise<ProfileUse> {
  const { profile, hostname, proc } = options;
  const running = await browserOn(profile, proc);
  if (running !== null) return { kind: 'live', owner: { host: hostname, pid: running } };
  const text = await linkText(join(profile, 'SingletonLock'));
  if (text === null) return { kind: 'free' };
  const owner = parseSingletonLock(text);
  if (owner?.host !== hostname || !isAlive(owner.pid)) return { kind: 'stale', owner };
  // Where its command line cannot be read the owner may be a Chromium: only what is certainly stale is removed.
  const command = await commandLine(proc, owner.pid);
  return { kind: command === null ? 'live' : 'stale', owner };
}

/** @returns the lowest pid of the processes that were started on this profile, or null */
async function browserOn(profile: string, proc: string): Promise<number | null> {
  const names = await readdir(proc).catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const real = await realOf(profile);
  for (const pid of pids.sort((a, b) => a - b)) {
    const folder = userDataDirOf((await commandLine(proc, pid)) ?? []);
    if (folder === null || (await realOf(folder)) !== real) continue;
    if (await seesOurFiles(proc, pid)) return pid;
  }
  return null;
}

/** In another container or chroot the same path is another folder. What may not be looked at counts as seeing ours. */
async function seesOurFiles(proc: string, pid: number): Promise<boolean> {
  for (const link of ['ns/mnt', 'root']) {
    const theirs = await readlink(join(proc, String(pid), link)).catch(() => null);
    if (theirs !== null && theirs !== (await readlink(join(proc, 'self', link)))) return false;
  }
  return true;
}

/** Removes the three links, never what they point to. @returns the names of those that were there */
export async function removeSingletons(profile: string): Promise<string[]> {
  const removed: string[] = [];
  for (const name of SINGLETON_FILES) {
    try {
      await unlink(join(profile, name));
      removed.push(name);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return removed;
}

/** @returns null when there is nothing, and nothing readable when it is no link: no Chromium has written that */
async function linkText(path: string): Promise<string | null> {
  try {
    return await readlink(path);
  } catch (error) {
    return isMissing(error) ? null : '';
  }
}

/** Signal 0 asks whether the process exists; EPERM means that it does, as somebody else's. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

async function commandLine(proc: string, pid: number): Promise<string[] | null> {
  return readFile(join(proc, String(pid), 'cmdline'), 'utf8').then(
    (text) => text.split('\0'),
    () => null,
  );
}

function userDataDirOf(command: readonly string[]): string | null {
  const flag = '--user-data-dir=';
  return command.find((word) => word.startsWith(flag))?.slice(flag.length) ?? null;
}

async function realOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
