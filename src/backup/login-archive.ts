import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import tar from 'tar-fs';
import { GatewayError, messageOf } from '../errors.ts';

/**
 * What of a profile is the login. The rest is cache and preferences, which Chromium makes anew; it would make
 * the archive a hundred times as large.
 */
const LOGIN_PARTS = ['Default/IndexedDB', 'Default/Local Storage'] as const;

/** A login unpacks to a few hundred MB at most; an archive that claims more is not one. */
const MAX_BYTES = 4 * 1024 ** 3;

export interface LoginPlace {
  /** The session folder, absolute. */
  readonly root: string;
  readonly clientId: string;
}

/**
 * Packs the login of a stopped browser: whole or not at all, readable by nobody else.
 * @param file the `.tar.gz` to write; an existing one is replaced only by a whole one
 * @returns its size in bytes
 * @throws GatewayError `no_login` when there is nothing to keep, `backup_failed` when it cannot be written
 */
export async function packLogin({ root, clientId }: LoginPlace, file: string): Promise<number> {
  const profile = `session-${clientId}`;
  const parts: string[] = [];
  for (const part of LOGIN_PARTS) {
    if (await isFolder(join(root, profile, part))) parts.push(`${profile}/${part}`);
  }
  if (parts.length === 0) {
    throw new GatewayError({ code: 'no_login', message: `There is no login in ${join(root, profile)}` });
  }
  const target = resolve(file);
  const unfinished = `${target}.${randomBytes(4).toString('hex')}.part`;
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await pipeline(
      tar.pack(root, { entries: parts }),
      createGzip(),
      createWriteStream(unfinished, { mode: 0o600, flags: 'wx', flush: true }),
    );
    await rename(unfinished, target);
    await syncFolder(dirname(target));
    return (await stat(target)).size;
  } catch (error) {
    await rm(unfinished, { force: true });
    throw new GatewayError({
      code: 'backup_failed',
      message: `The backup ${target} could not be written: ${messageOf(error)}`,
      action: 'Check the free space and the owner of that folder',
      cause: error,
    });
  }
}

/**
 * Puts a login back in place of the present one. The present one is moved aside first and comes back when
 * anything fails.
 * @throws GatewayError `backup_invalid` when the file is not such an archive, `backup_failed` when it cannot be put back
 */
export async function unpackLogin({ root, clientId }: LoginPlace, file: string): Promise<void> {
  const room = await mkdtemp(join(root, '.restore-'));
  try {
    await extract(file, join(room, 'new'));
    const found = await loginIn(join(room, 'new'), file);
    await exchange(found, join(root, `session-${clientId}`), join(room, 'old'));
  } finally {
    await rm(room, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function extract(file: string, into: string): Promise<void> {
  let bytes = 0;
  const extraction = tar.extract(into, {
    // Whoever restores owns what comes out, and nobody else reads it.
    dmode: 0o700,
    fmode: 0o600,
    strict: false,
    map: (header) => {
      bytes += header.size;
      const expected = /^session-[A-Za-z0-9_-]{1,64}\/Default\/(?:IndexedDB|Local Storage)(?:\/|$)/;
      const plain = header.type === 'file' || header.type === 'directory';
      // Links and foreign names have no business in a login, and could point out of the folder.
      if (!plain || !expected.test(header.name) || header.name.includes('..') || bytes > MAX_BYTES) {
        extraction.destroy(new Error(`unexpected entry ${JSON.stringify(header.name)}`));
      }
      return header;
    },
  });
  try {
    await pipeline(createReadStream(file), createGunzip(), extraction);
  } catch (error) {
    throw new GatewayError({
      code: 'backup_invalid',
      message: `${file} is not a whole backup of a login: ${messageOf(error)}`,
      action: 'Take a file that npm run backup or deploy.sh has made',
      cause: error,
    });
  }
}

/** The profile folder in an archive, whatever client id it was made under. */
async function loginIn(folder: string, file: string): Promise<string> {
  const profiles = await readdir(folder).catch(() => []);
  const [profile] = profiles;
  if (
    profiles.length === 1 &&
    profile !== undefined &&
    (await isFolder(join(folder, profile, LOGIN_PARTS[0])))
  ) {
    return join(folder, profile);
  }
  throw new GatewayError({
    code: 'backup_invalid',
    message: `${file} holds ${profiles.length === 0 ? 'no login' : 'no single login with its IndexedDB'}`,
    action: 'Take a file that npm run backup or deploy.sh has made',
  });
}

/** Moves the parts of a login into a profile, and those that it has into `aside`. Undone when a step fails. */
async function exchange(from: string, profile: string, aside: string): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  const move = async (source: string, target: string) => {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await rename(source, target);
    undo.push(() => rename(target, source));
  };
  try {
    for (const part of LOGIN_PARTS) {
      if (await isFolder(join(profile, part))) await move(join(profile, part), join(aside, part));
      if (await isFolder(join(from, part))) await move(join(from, part), join(profile, part));
    }
    await syncFolder(join(profile, 'Default'));
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw new GatewayError({
      code: 'backup_failed',
      message: `The login could not be put back; the present one is kept: ${messageOf(error)}`,
      action: 'Check the owner of the session folder: npm run doctor',
      cause: error,
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isDirectory() === true;
}

/** Makes a rename survive a power cut. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
