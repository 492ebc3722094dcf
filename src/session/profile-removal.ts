import { randomBytes } from 'node:crypto';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { errnoOf } from './folder-access.ts';

const REMOVED = '.removed-';

/** Another process (a dying Chromium helper, an indexer, a backup) may still write: tried again for about 3 s. */
const RETRIES = { maxRetries: 7, retryDelay: 100 };

/**
 * Removes a profile in two steps: it is renamed, which is atomic, so that no start ever sees half a login, and then
 * deleted. Links are removed and never followed. A profile that is a mount point cannot be renamed and is emptied.
 * @throws the file system's error
 */
export async function removeProfile(profile: string): Promise<void> {
  const doomed = removedPath(profile);
  try {
    await rename(profile, doomed);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    if (errnoOf(error) !== 'EBUSY') throw error;
    for (const name of await readdir(profile)) await removeTree(join(profile, name));
    return;
  }
  await removeTree(doomed);
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

/**
 * Deletes what an interrupted removal or restore has left.
 * @returns what could not be deleted, with the error's code
 */
export async function removeLeftovers(profile: string): Promise<{ path: string; errno: string }[]> {
  const failed: { path: string; errno: string }[] = [];
  const root = dirname(profile);
  const prefixes = [basename(profile) + REMOVED, basename(unpackingPrefix(profile))];
  for (const name of await readdir(root)) {
    if (!prefixes.some((prefix) => name.startsWith(prefix))) continue;
    const path = join(root, name);
    await removeTree(path).catch((error: unknown) => failed.push({ path, errno: errnoOf(error) }));
  }
  return failed;
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

/** Deletes a folder with all that is in it; links are removed and not followed. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, ...RETRIES });
}
