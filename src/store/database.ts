import { chmodSync, closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { ensureFolder } from '../ensure-folder.ts';
import { isCorruption, storageError } from './errors.ts';
import { migrate, refuseNewer } from './migrations.ts';

/** What follows the name of a database in that of one that was moved aside. */
export const DAMAGED = '.damaged-';

/**
 * Opens the database of the gateway and brings its schema forward.
 *
 * - Exclusive lock for the life of the connection: two gateways on one outbox would send everything twice.
 *   It also keeps SQLite's WAL index in memory instead of in a shared mapping, which network file systems
 *   (a NAS!) do not offer reliably.
 * - WAL with `synchronous=FULL`: a commit is one append and one fsync. NORMAL would not fsync at commit, and a
 *   power cut could then take back what was answered with 202, or hand out a sequence number twice.
 *
 * @throws GatewayError `storage_in_use`, `storage_newer`, `storage_full`, `storage_unavailable`
 * @throws the SQLite error itself when the file is damaged; see `isCorruption`
 */
export function openDatabase(path: string): DatabaseSync {
  let connection: DatabaseSync | null = null;
  try {
    // 0700: the outbox holds what people write to each other.
    ensureFolder(dirname(path));
    const existed = existsSync(path);
    keepPrivate(path, existed);
    // No waiting for a lock: SQLite would wait in this thread, and who opens a database tries again anyhow.
    connection = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true });
    connection.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -2000;
      PRAGMA journal_size_limit = 67108864;
    `);
    // The first write takes the lock; until then a second gateway could come in.
    connection.exec('BEGIN IMMEDIATE; COMMIT');
    // Before the check, which reads the whole file: a refusal comes again with every try.
    refuseNewer(connection, path);
    if (existed) checkIntegrity(connection);
    migrate(connection);
    return connection;
  } catch (error) {
    connection?.close();
    throw isCorruption(error) ? error : storageError(error, path);
  }
}

/**
 * Nobody else may read the database, whatever the umask and the mode of its folder. SQLite gives its files beside it
 * the mode that the database has when they are made.
 */
function keepPrivate(path: string, existed: boolean): void {
  // Not one that is there: closing a descriptor of it would give up the locks of this process on it (fcntl(2)).
  if (!existed) closeSync(openSync(path, 'a', 0o600));
  const damaged = readdirSync(dirname(path))
    .filter((name) => name.startsWith(`${basename(path)}${DAMAGED}`))
    .map((name) => join(dirname(path), name));
  for (const file of [path, `${path}-wal`, `${path}-shm`, ...damaged]) {
    try {
      chmodSync(file, 0o600);
    } catch {
      // It is not there, it is somebody else's, or its file system knows no modes.
    }
  }
}

/** SQLite's own error shape, so that a failed check is told from other failures in one way. */
class CorruptDatabaseError extends Error {
  override readonly name = 'CorruptDatabaseError';
  readonly errcode = 11;
}

function checkIntegrity(connection: DatabaseSync): void {
  const first = connection.prepare('PRAGMA quick_check(1)').get();
  const verdict = first === undefined ? 'no answer' : String(Object.values(first)[0]);
  if (verdict !== 'ok') throw new CorruptDatabaseError(verdict);
}
