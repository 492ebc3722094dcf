import { lstat, open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { errnoOf } from './folder-access.ts';
import { removedPath, removeTree } from './profile-removal.ts';

/**
 * Puts a whole profile in the place of the present one and deletes that. Every step is a rename, and after each
 * `recoverExchange` finds the way: back to the old login while that still has its name, on to the new one from then on.
 * @param fresh on the same file system, and flushed to the disk
 * @throws the file system's error, which `recoverExchange` then puts right
 */
export async function exchangeProfile(fresh: string, profile: string): Promise<void> {
  const waiting = waitingPath(profile);
  const aside = removedPath(profile);
  await rename(fresh, waiting);
  await syncFolder(dirname(profile));
  await isThere(rename(profile, aside));
  await rename(waiting, profile);
  await syncFolder(dirname(profile));
  // What resists is named, and tried again, by the next check of the session folder.
  await removeTree(aside).catch(() => undefined);
}

/**
 * Brings an interrupted exchange to an end. Call it while nobody uses the profile.
 * @returns whether the new login has come to its place just now
 * @throws the file system's error
 */
export async function recoverExchange(profile: string): Promise<boolean> {
  const waiting = waitingPath(profile);
  if (!(await isThere(lstat(waiting)))) return false;
  if (await isThere(lstat(profile))) {
    await removeTree(waiting);
    return false;
  }
  await rename(waiting, profile);
  await syncFolder(dirname(profile));
  return true;
}

/** The new login until it has the place of the old one. Hidden, so that no pattern `session-*` takes it for a login. */
function waitingPath(profile: string): string {
  return join(dirname(profile), `.${basename(profile)}.restored`);
}

/** Whether an operation finds its path. @throws every other error */
async function isThere(operation: Promise<unknown>): Promise<boolean> {
  try {
    await operation;
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return false;
  }
}

/** Makes renames survive a power cut. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
