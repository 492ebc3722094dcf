import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chown, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import tar from 'tar-fs';
import { GatewayError, messageOf } from '../errors.ts';
import { locate } from '../session/folder-access.ts';
import { makeFolders } from '../session/folder-contents.ts';
import { loginParts, ownerFor, type Owner } from './login-parts.ts';

/**
 * Packs the login of a stopped browser: whole or not at all, and for its owner alone. The layout is that of
 * `tar -C <session folder> -czf FILE 'session-<id>/Default/IndexedDB' 'session-<id>/Default/Local Storage'`.
 * @param options.profile the folder `session-<client id>`
 * @param options.file the `.tar.gz` to write; one that is there is replaced only by a whole one
 * @returns its size in bytes
 * @throws GatewayError `no_login`; `backup_failed` when it cannot be read or written; the signal's reason
 */
export async function packLogin(options: {
  readonly profile: string;
  readonly file: string;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { profile, signal } = options;
  const file = resolve(options.file);
  const unfinished = `${file}.${randomBytes(4).toString('hex')}.part`;
  const entries = (await loginParts(profile)).map((part) => `${basename(profile)}/${part}`);
  try {
    const owner = await ownerFor(dirname(profile));
    await makeFolder(dirname(file), owner);
    await pipeline(
      tar.pack(dirname(profile), { entries, strict: false }),
      createGzip(),
      createWriteStream(unfinished, { mode: 0o600, flags: 'wx', flush: true }),
      { signal },
    );
    if (owner !== null) await chown(unfinished, owner.uid, owner.gid);
    await rename(unfinished, file);
    await syncFolder(dirname(file));
    return (await stat(file)).size;
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    signal.throwIfAborted();
    throw new GatewayError({
      code: 'backup_failed',
      message: `The backup ${file} could not be written: ${messageOf(error)}`,
      action:
        'Check the free space and the owner of that folder, or name another file: npm run backup -- FILE',
      cause: error,
    });
  }
}

async function makeFolder(path: string, owner: Owner | null): Promise<void> {
  const { existing, missing } = await locate(path);
  await makeFolders(existing, missing);
  let made = existing;
  for (const name of missing) {
    made = join(made, name);
    if (owner !== null) await chown(made, owner.uid, owner.gid);
  }
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
