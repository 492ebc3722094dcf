import { randomBytes } from 'node:crypto';
import {
  access,
  chmod,
  constants,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  stat,
  symlink,
  unlink,
} from 'node:fs/promises';
import { join } from 'node:path';

import { attempt, entryOf, errnoOf, Refusal } from './folder-access.ts';

/** The login is a credential: what is made here is for its owner alone. */
const PRIVATE = 0o700;

/**
 * Makes folders one by one. A recursive mkdir reports a read-only file system as ENOENT and spins for ever in
 * a deleted bind source (nodejs/node#47098).
 * @throws Refusal
 */
export async function makeFolders(existing: string, missing: readonly string[]): Promise<void> {
  let path = existing;
  for (const name of missing) {
    path = join(path, name);
    await makeFolder(path);
  }
}

async function makeFolder(path: string): Promise<void> {
  await attempt('create', path, async () => {
    await mkdir(path, PRIVATE).catch((error: unknown) => {
      // Somebody else was faster; what it is, is looked at next.
      if (errnoOf(error) !== 'EEXIST') throw error;
    });
  });
  // An inherited ACL or an odd umask can make a folder that its owner may not use. Where the mode is good it
  // is left alone: chmod switches the ACL of a Synology share off.
  const { mode } = await stat(path);
  if ((mode & PRIVATE) !== PRIVATE) await attempt('write', path, () => chmod(path, PRIVATE));
}

/** @throws Refusal when this process may not list, enter and change the folder */
export async function assertUsable(path: string): Promise<void> {
  await attempt('write', path, () => access(path, constants.R_OK | constants.W_OK | constants.X_OK));
}

const PROBE = '.whatsapp-gateway-probe-';
const PROBE_BYTES = 4096;
/** A younger one may be the probe of a doctor that looks in the same moment. */
const PROBE_LEFT_MS = 60_000;

/**
 * Proves that files can be made, filled, flushed, renamed and removed in a folder, and links made: what
 * Chromium does there first. Leaves nothing behind, and removes what a killed process has left of an earlier probe.
 * @throws Refusal
 */
export async function probeFolder(path: string): Promise<void> {
  await attempt('write', path, () => removeOldProbes(path));
  const probe = join(path, PROBE + randomBytes(6).toString('hex'));
  await attempt('write', path, async () => {
    try {
      const file = await open(probe, 'wx', 0o600);
      try {
        await file.writeFile(Buffer.alloc(PROBE_BYTES));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(probe, `${probe}-renamed`);
      await unlink(`${probe}-renamed`);
    } catch (error) {
      await unlink(probe).catch(() => undefined);
      throw error;
    }
  });
  await attempt('link', path, async () => {
    await symlink('nowhere', `${probe}-link`);
    await unlink(`${probe}-link`);
  });
}

async function removeOldProbes(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(PROBE)) continue;
    const { mtimeMs } = await lstat(join(folder, name));
    if (Date.now() - mtimeMs > PROBE_LEFT_MS) await unlink(join(folder, name));
  }
}

/** Where the login is, and what Chromium writes first. Deeper folders and caches are left out: they only cost. */
const LOGIN_FOLDERS = [
  '.',
  'Default',
  'Default/IndexedDB',
  'Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb',
  'Default/Local Storage',
  'Default/Local Storage/leveldb',
];

/**
 * Looks for files of an existing profile that this process may not change: a profile written as another user.
 * Chromium misreports that as "the browser is already running".
 * @throws Refusal naming the first, and how many more there are
 */
export async function assertProfileWritable(profile: string): Promise<void> {
  const refused: Refused[] = [];
  for (const folder of LOGIN_FOLDERS) {
    const entries = await entriesOf(join(profile, folder));
    const answers = await Promise.all(
      entries.map(async ({ path, wanted }) => ({
        path,
        errno: await access(path, wanted).then(() => '', errnoOf),
      })),
    );
    refused.push(...answers.filter(({ errno }) => errno !== ''));
  }
  await assertNoneRefused(refused);
}

interface Refused {
  readonly path: string;
  readonly errno: string;
}

/** @throws Refusal for the first, counting the others */
export async function assertNoneRefused([first, ...others]: readonly Refused[]): Promise<void> {
  if (first === undefined) return;
  const blocker = await entryOf(first.path);
  throw new Refusal({ ...first, operation: 'write', blocker, others: others.length });
}

async function entriesOf(folder: string): Promise<{ path: string; wanted: number }[]> {
  // A folder that is not there yet is fine, and one that may not be listed is named by its parent's listing.
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() || entry.isFile())
    .map((entry) => ({
      path: join(folder, entry.name),
      wanted: constants.R_OK | constants.W_OK | (entry.isDirectory() ? constants.X_OK : 0),
    }));
}
