import { randomBytes } from 'node:crypto';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { attempt, errnoOf } from './folder-access.ts';

const REMOVED = '.removed-';

/** Another process (a dying Chromium helper, an indexer, a backup) may still write: tried again for about 3 s. */
const RETRIES = 7;
const RETRY_MS = 100;
const MAY_PASS = new Set(['EBUSY', 'EMFILE', 'ENFILE', 'ENOTEMPTY', 'EPERM']);

/**
 * Removes a profile in two steps: it is renamed, which is atomic, so that no start ever sees half a login, and then
 * deleted, together with what earlier tries have left. Links are removed and never followed. A profile that is a mount
 * point cannot be renamed and is emptied.
 * @returns where it was put out of use, null when there was none to put there; and what is still on the disk, of this
 *   removal and of earlier ones
 * @throws Refusal when the profile is still in its place, and the file system's error
 */
export async function removeProfile(
  profile: string,
): Promise<{ readonly moved: string | null; readonly left: Leftover[] }> {
  const target = removedPath(profile);
  let moved: string | null = target;
  try {
    await rename(profile, target);
  } catch (error) {
    moved = null;
    if (errnoOf(error) === 'EBUSY') {
      for (const name of await readdir(profile)) await removeTree(join(profile, name));
    } else if (errnoOf(error) !== 'ENOENT') {
      // The folder above decides who may rename.
      await attempt('write', dirname(profile), () => Promise.reject(error as Error));
    }
  }
  return { moved, left: await removeLeftovers(profile) };
}

/** A name for a profile that is out of use; what has such a name is deleted by `removeLeftovers`. */
export function removedPath(profile: string): string {
  return `${profile}${REMOVED}${Date.now()}-${randomBytes(4).toString('hex')}`;
}

/**
 * How the name of a folder begins in which a login is being put together. Hidden, so that no pattern `session-*`
 * takes it for a login.
 */
export function unpackingPrefix(profile: string): string {
  return join(dirname(profile), `.${basename(profile)}.unpacking-`);
}

/** A folder of a login that could not be deleted. */
export interface Leftover {
  readonly path: string;
  /** The error's code. */
  readonly errno: string;
}

/**
 * Deletes what an interrupted removal or restore has left.
 * @returns what could not be deleted
 */
export async function removeLeftovers(profile: string): Promise<Leftover[]> {
  const failed: Leftover[] = [];
  const root = dirname(profile);
  const prefixes = [basename(profile) + REMOVED, basename(unpackingPrefix(profile))];
  for (const name of await namesIn(root)) {
    if (!prefixes.some((prefix) => name.startsWith(prefix))) continue;
    const path = join(root, name);
    await removeTree(path).catch((error: unknown) => failed.push({ path, errno: errnoOf(error) }));
  }
  return failed;
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
}

/** A link in place of the profile would be removed and the login behind it would stay. */
export async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );
}

const CACHES = [
  'Default/Cache',
  'Default/Code Cache',
  'Default/GPUCache',
  'Default/DawnGraphiteCache',
  'Default/DawnWebGPUCache',
  'GPUPersistentCache',
  'component_crx_cache',
];

/**
 * Deletes what Chromium can make again; a profile grows by 1.8 GB in two days otherwise (wppconnect #2686). Only
 * while no browser runs on it. The login is in none of these folders.
 * @returns the names of those that were there
 */
export async function removeCaches(profile: string): Promise<string[]> {
  const removed: string[] = [];
  for (const name of CACHES) {
    const path = join(profile, name);
    // A link on the way would lead the deletion out of the profile.
    if (!(await isFolder(dirname(path))) || !(await isFolder(path))) continue;
    await removeTree(path);
    removed.push(name);
  }
  return removed;
}

async function isFolder(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/**
 * Deletes a folder with all that is in it; links are removed and not followed.
 * @throws the file system's error
 */
export async function removeTree(path: string): Promise<void> {
  // Not with the retries of `rm`: it waits at every level anew, for hours where a file deep down resists.
  for (let retry = 1; ; retry += 1) {
    try {
      await rm(path, { recursive: true, force: true });
      return;
    } catch (error) {
      if (retry > RETRIES || !MAY_PASS.has(errnoOf(error))) throw error;
      await delay(retry * RETRY_MS);
    }
  }
}
