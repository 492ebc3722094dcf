import { readFile, readlink, realpath, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** What Chromium leaves in a profile while it runs, and when it is killed. */
const SINGLETON_FILES = ['SingletonLock', 'SingletonSocket', 'SingletonCookie'];

/** The owner that a `SingletonLock` names: the link's text is `host-pid`. */
export interface SingletonOwner {
  readonly host: string;
  readonly pid: number;
}

export type SingletonState =
  | { readonly kind: 'none' }
  /** Its owner is another host, a dead process, or a process that is not a Chromium on this profile. */
  | { readonly kind: 'stale'; readonly owner: SingletonOwner | null }
  /** Its owner lives, and is a Chromium on this profile or cannot be looked at. */
  | { readonly kind: 'live'; readonly owner: SingletonOwner };

/** @returns null for a text that no Chromium has written */
export function parseSingletonLock(text: string): SingletonOwner | null {
  const match = /^(.+)-([1-9]\d{0,9})$/.exec(text);
  const [, host, pid] = match ?? [];
  return host === undefined ? null : { host, pid: Number(pid) };
}

/**
 * Says whose lock is in the profile. It assumes that the folder lock is held: then a lock of another host can only
 * be what a re-created container has left.
 * @param proc where procfs is; a seam for tests
 */
export async function singletonState(options: {
  profile: string;
  hostname: string;
  proc?: string;
}): Promise<SingletonState> {
  const text = await linkText(join(options.profile, 'SingletonLock'));
  if (text === null) return { kind: 'none' };
  const owner = parseSingletonLock(text);
  if (owner?.host !== options.hostname || !isAlive(owner.pid)) return { kind: 'stale', owner };
  const command = await commandLine(join(options.proc ?? '/proc', String(owner.pid), 'cmdline'));
  // Where it cannot be read the owner may be a Chromium: only what is certainly stale is removed.
  const live = command === null || (await runsOn(command, options.profile));
  return live ? { kind: 'live', owner } : { kind: 'stale', owner };
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

async function linkText(path: string): Promise<string | null> {
  try {
    return await readlink(path);
  } catch (error) {
    // Something that is no link at all: Chromium has not written it and could not use it.
    return isMissing(error) ? null : '';
  }
}

/** Signal 0 asks whether the process exists; EPERM means that it does, as somebody else's. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function commandLine(path: string): Promise<string[] | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  return text === null ? null : text.split('\0');
}

async function runsOn(command: readonly string[], profile: string): Promise<boolean> {
  const flag = '--user-data-dir=';
  const folder = command.find((word) => word.startsWith(flag))?.slice(flag.length);
  return folder !== undefined && (await realOf(folder)) === (await realOf(profile));
}

async function realOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
