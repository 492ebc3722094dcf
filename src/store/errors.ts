import { statSync } from 'node:fs';
import { dirname } from 'node:path';

import { codeOf, GatewayError, messageOf } from '../errors.ts';
import { ownIds, quoted } from '../shell-text.ts';

/** SQLite's primary result codes that mean something to a person (sqlite.org/rescode.html). */
const SQLITE = { busy: 5, readonly: 8, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 };

/** SQLite's primary result code of something that was thrown, or null when SQLite did not throw it. */
export function sqliteCode(thrown: unknown): number | null {
  if (!(thrown instanceof Error) || !('errcode' in thrown) || typeof thrown.errcode !== 'number') return null;
  return thrown.errcode & 0xff;
}

/** Whether the file itself is damaged, as opposed to a disk or a permission that is in the way. */
export function isCorruption(thrown: unknown): boolean {
  const code = sqliteCode(thrown);
  return code === SQLITE.corrupt || code === SQLITE.notADatabase;
}

/** Whether the disk is at fault and not the statement. */
export function isStorageFailure(thrown: unknown): boolean {
  const code = sqliteCode(thrown);
  return code === SQLITE.full || code === SQLITE.ioError || code === SQLITE.readonly || isCorruption(thrown);
}

/** Gives what SQLite or the file system threw the code and the remedy of this program. */
export function storageError(thrown: unknown, path: string): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  const code = sqliteCode(thrown);
  const errno = codeOf(thrown);
  if (code === SQLITE.full || errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new GatewayError({
      code: 'storage_full',
      message: 'The disk that holds DATA_PATH is full, so nothing can be accepted',
      action: 'Free some space; the gateway goes on by itself',
      retryable: true,
      cause: thrown,
    });
  }
  if (code === SQLITE.busy) {
    return new GatewayError({
      code: 'storage_in_use',
      message: `Another process has ${path} open`,
      action: 'Give each gateway a DATA_PATH of its own, or stop the other one',
      retryable: true,
      cause: thrown,
    });
  }
  const unavailable = (message: string, action: string) =>
    new GatewayError({ code: 'storage_unavailable', message, action, retryable: true, cause: thrown });
  const folder = dirname(path);
  if (errno === 'EEXIST' || errno === 'ENOTDIR') {
    const file = fileInTheWay(path);
    return unavailable(
      `${folder} cannot be made: ${file} is a file`,
      `Move it away: mv ${quoted(file)} ${quoted(`${file}.old`)}; or set DATA_PATH to another folder`,
    );
  }
  if (errno === 'ENOENT') {
    return unavailable(
      `${path} cannot be used: its folder is not there, or was deleted while it was mounted or in use (${messageOf(thrown)})`,
      `Look at it: ls -la ${quoted(folder)}; in a container, make the folder again on the host and create the container again: docker compose up -d --force-recreate`,
    );
  }
  if (errno === 'EROFS') {
    return unavailable(
      `${folder} is on a file system that is mounted read-only`,
      'Mount it writable (in Docker: no :ro in its line under volumes:), or set DATA_PATH to another folder',
    );
  }
  if (code === SQLITE.readonly || code === SQLITE.cannotOpen || errno === 'EACCES' || errno === 'EPERM') {
    return unavailable(
      `${path} cannot be opened for writing: ${messageOf(thrown)}`,
      `Give the folder to the user of the gateway: sudo mkdir -p ${quoted(folder)} && ` +
        `sudo chown -R ${ownIds()} ${quoted(folder)} (on the NAS: sudo ./fix-permissions.sh)`,
    );
  }
  return unavailable(
    `${path} cannot be used: ${messageOf(thrown)}`,
    `Look at the folder and its disk: ls -la ${quoted(folder)}; df -h ${quoted(folder)}; or set DATA_PATH to another folder`,
  );
}

/** The file at the path is not the one that was opened there. */
export function notInPlace(path: string): GatewayError {
  return new GatewayError({
    code: 'storage_unavailable',
    message: `${path} is not the file any more that the gateway has opened: its folder was moved, removed or replaced`,
    action:
      'Put it back, and the gateway goes on by itself; or restart the gateway to begin with what is there now',
    retryable: true,
  });
}

/** The nearest part of a path, going up, that is there and no folder; the path itself when there is none. */
function fileInTheWay(path: string): string {
  for (let part = path; part !== dirname(part); part = dirname(part)) {
    try {
      if (!statSync(part).isDirectory()) return part;
    } catch {
      // Below the file; further up.
    }
  }
  return path;
}
