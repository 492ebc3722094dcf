import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import tar from 'tar-fs';
import { codeOf, GatewayError, messageOf } from '../errors.ts';
import { LOGIN_PARTS, loginParts, type Owner } from './login-parts.ts';

/** A login unpacks to a few hundred MB and some hundred files; an archive that claims more is not one. */
const MAX_BYTES = 4 * 1024 ** 3;
const MAX_ENTRIES = 50_000;

const ACTION = 'Take a file that npm run backup or deploy.sh has made';

/**
 * Opens a backup for `unpackLogin`. The caller closes it.
 * @throws GatewayError `backup_failed` when there is no such file, or it may not be read
 */
export async function openBackup(file: string): Promise<FileHandle> {
  const path = resolve(file);
  try {
    // To open a pipe would wait for ever.
    if (!(await stat(path)).isFile()) throw new Error('it is not a file');
    return await open(path, 'r');
  } catch (error) {
    const refused = codeOf(error) === 'EACCES';
    throw new GatewayError({
      code: 'backup_failed',
      message: `The backup ${path} cannot be read: ${messageOf(error)}`,
      action: refused
        ? `Give it to the user that runs the gateway: sudo chown ${process.geteuid?.()}:${process.getegid?.()} FILE`
        : 'Give the path of a backup: npm run restore -- FILE',
      cause: error,
    });
  }
}

/**
 * Unpacks the login of a backup. Whatever else an archive holds or claims, nothing is written outside of `into`, no
 * link is made, and nobody but the owner may read what comes out.
 * @param options.archive from `openBackup`
 * @param options.file what to call it
 * @param options.into an empty folder, for nothing else
 * @param options.profile the name of the profile to look for when the archive has several, such as `session-<client id>`
 * @param options.owner gets all that comes out; null: it stays this process's
 * @returns the folder in `into` that holds the login, flushed to the disk
 * @throws GatewayError `backup_invalid` when the file is no such archive, `backup_failed` when there is no room for it or
 *   no right to write; the signal's reason
 */
export async function unpackLogin(options: {
  readonly archive: FileHandle;
  readonly file: string;
  readonly into: string;
  readonly profile: string;
  readonly owner: Owner | null;
  readonly signal: AbortSignal;
}): Promise<string> {
  const { archive, file, into, profile, owner, signal } = options;
  try {
    await extract(archive, into, signal);
    const found = await chooseLogin(into, profile, file);
    await settle(found, owner);
    return found;
  } catch (error) {
    signal.throwIfAborted();
    throw asBackupError(error, file);
  }
}

async function extract(archive: FileHandle, into: string, signal: AbortSignal): Promise<void> {
  let bytes = 0;
  let entries = 0;
  const extraction = tar.extract(into, {
    // Owner and mode come from this side, in `settle`, and not from the archive.
    map: (header) => ({ ...header, mode: header.type === 'directory' ? 0o700 : 0o600, uid: 0, gid: 0 }),
    // Asked before anything is made of an entry.
    ignore: (_path, header) => {
      if (header === undefined) return true;
      bytes += header.size;
      entries += 1;
      const kind = kindOf(header.name, header.type);
      if (kind === 'foreign') {
        extraction.destroy(
          new Error(`it holds ${JSON.stringify(header.name.slice(0, 200))}, which is no part of a login`),
        );
      } else if (bytes > MAX_BYTES || entries > MAX_ENTRIES) {
        extraction.destroy(new Error('it is larger than any login'));
      }
      return kind !== 'login' || extraction.destroyed;
    },
  });
  // The body of the entry that is refused ends with the same error, and nobody else listens there.
  extraction.prependListener('entry', (_header, body) => {
    body.on('error', () => undefined);
  });
  await pipeline(archive.createReadStream({ autoClose: false }), createGunzip(), extraction, { signal });
}

/** Whether an entry belongs to a login, to a login that was removed and is left over, or to something else. */
function kindOf(name: string, type: string | null): 'login' | 'leftover' | 'foreign' {
  const folder = type === 'directory';
  if (!folder && type !== 'file') return 'foreign';
  const [, profile, rest] =
    /^(?:\.\/)?session-([^/\0]+)\/Default\/(?:IndexedDB|Local Storage)(\/[^\0]*)?$/.exec(name) ?? [];
  if (profile === undefined || name.split('/').includes('..')) return 'foreign';
  if (!folder && (rest ?? '/') === '/') return 'foreign';
  if (/^[A-Za-z0-9_-]{1,64}$/.test(profile)) return 'login';
  return /^[A-Za-z0-9_-]{1,64}\.removed-[\w-]+$/.test(profile) ? 'leftover' : 'foreign';
}

/** The login that is wanted: the one of this client id, or the only one, whatever client id it was made under. */
async function chooseLogin(into: string, profile: string, file: string): Promise<string> {
  const profiles = await readdir(into);
  const wanted = profiles.includes(profile) ? profile : profiles.length === 1 ? profiles[0] : undefined;
  if (wanted === undefined) {
    const ids = profiles.map((name) => name.slice('session-'.length)).join(', ');
    throw new GatewayError({
      code: 'backup_invalid',
      message:
        profiles.length === 0
          ? `${file} holds no login`
          : `${file} holds several logins (${ids}), and none is ${profile.slice('session-'.length)}`,
      action:
        profiles.length === 0 ? ACTION : `Say which one: WHATSAPP_CLIENT_ID=${ids.split(', ')[0] ?? ''}`,
    });
  }
  await loginParts(join(into, wanted)).catch(() => {
    throw new GatewayError({
      code: 'backup_invalid',
      message: `${file} holds no login: ${basename(LOGIN_PARTS[0])} is missing`,
      action: ACTION,
    });
  });
  return join(into, wanted);
}

/** Gives everything to its owner alone and flushes it to the disk: after a power cut a rename must not lead to empty files. */
async function settle(folder: string, owner: Owner | null): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await settle(path, owner);
    else await settleOne(path, 0o600, owner);
  }
  await settleOne(folder, 0o700, owner);
}

async function settleOne(path: string, mode: number, owner: Owner | null): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.chmod(mode);
    if (owner !== null) await handle.chown(owner.uid, owner.gid);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What the machine refuses is no fault of the archive. */
function asBackupError(error: unknown, file: string): GatewayError {
  if (error instanceof GatewayError) return error;
  if (/^(?:ENOSPC|EDQUOT|EROFS|EACCES|EPERM|EIO|EMFILE|ENFILE|ENOMEM)$/.test(codeOf(error) ?? '')) {
    return new GatewayError({
      code: 'backup_failed',
      message: `${file} could not be unpacked: ${messageOf(error)}. The present login is unchanged`,
      action: 'Check the free space and the owner of the session folder: npm run doctor',
      cause: error,
    });
  }
  return new GatewayError({
    code: 'backup_invalid',
    message: `${file} is not a whole backup of a login: ${messageOf(error)}. The present login is unchanged`,
    action: ACTION,
    cause: error,
  });
}
