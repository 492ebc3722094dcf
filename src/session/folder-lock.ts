import {
  accessSync,
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { messageOf } from '../errors.ts';
import { errnoOf } from './folder-access.ts';

/** Who holds the lock, as the holder has written it down. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
}

export type LockResult =
  | { readonly state: 'held' }
  /** Another process, container or part of this process has it; `holder` when it can be read. */
  | { readonly state: 'busy'; readonly holder: LockHolder | null }
  /** The file system does not do locks. */
  | { readonly state: 'unsupported'; readonly reason: string }
  /** The lock file exists and this process may not write it. */
  | { readonly state: 'refused' }
  /** The lock file cannot be used for another reason. */
  | { readonly state: 'broken'; readonly reason: string };

/**
 * One process at a time may use a profile. Chromium's own lock does not hold that: two containers with the
 * same hostname share one profile silently.
 *
 * Node has no flock, but SQLite takes the kernel's record locks for an exclusive transaction. Measured on
 * Linux with Node 24: held in 0.5 ms; a second process and a second connection in the same process are
 * refused; free at once after SIGKILL of the holder, still held while the holder is stopped by SIGSTOP. The
 * file stays empty: nothing is ever committed, and the journal is kept in memory so that no second file appears.
 *
 * **Nothing in this process may open the lock file by other means**: POSIX drops all record locks of a process
 * when it closes any descriptor of the file (measured: after one `readFileSync` a second process gets the lock).
 * Therefore the holder's name is in a file beside it.
 *
 * The lock file is unlinked while it is held, so that no file stays behind. Who gets the lock of a file that has
 * been unlinked or replaced meanwhile begins again. The inode number tells, but only while something keeps the inode:
 * numbers are given out again within milliseconds (measured: comparing bare numbers, four processes that fight for
 * the lock hold it together now and then). An O_PATH descriptor keeps it, and closing one drops no record locks.
 */
export class FolderLock {
  readonly path: string;
  readonly #holderPath: string;
  readonly #open: (path: string) => DatabaseSync;
  #database: DatabaseSync | null = null;
  /** Which file is locked, as long as one is. */
  #locked: string | null = null;

  /** @param options.open a seam for tests: opens the lock file as a database */
  constructor(options: { path: string; holderPath: string; open?: (path: string) => DatabaseSync }) {
    this.path = options.path;
    this.#holderPath = options.holderPath;
    this.#open = options.open ?? openDatabase;
  }

  get held(): boolean {
    return this.#database !== null;
  }

  /**
   * Tries to take the lock and never waits longer than 50 ms for it. Harmless when it is held already. Where the
   * folder has been moved, deleted or mounted over, the lock that is held keeps nobody out any more: it is taken anew
   * on what is there now. So only ask while no browser runs.
   * @throws the file system's error when the lock file cannot be made
   */
  acquire(): LockResult {
    if (this.#isInPlace()) return { state: 'held' };
    this.#letGo();
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const pin = pinOf(this.path);
      if (pin === null) {
        makeLockFile(this.path);
        continue;
      }
      const result = this.#lockPinned(pin);
      closeSync(pin);
      if (result !== null) return result;
    }
    return { state: 'unsupported', reason: 'the lock file is another one each time it is looked at' };
  }

  /** Gives the lock up and removes its files as far as it may. Harmless when it is not held. Never throws. */
  release(): void {
    // What lies there instead of the locked file is somebody else's.
    if (this.#isInPlace()) {
      removeIfPossible(this.#holderPath);
      removeIfPossible(this.path);
    }
    this.#letGo();
  }

  #isInPlace(): boolean {
    return this.#database !== null && this.#locked === identityAt(this.path);
  }

  #letGo(): void {
    this.#database?.close();
    this.#database = null;
    this.#locked = null;
  }

  /** @returns null when the file that was locked is not the one at the path any more */
  #lockPinned(pin: number): LockResult | null {
    let database: DatabaseSync | null = null;
    try {
      database = this.#open(this.path);
      // The change is never committed; it fails where SQLite has silently opened the file read-only,
      // and there the transaction would lock nothing.
      database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE; PRAGMA user_version = 1');
    } catch (error) {
      database?.close();
      return this.#failure(error);
    }
    const locked = identityOf(fstatSync(pin));
    if (locked !== identityAt(this.path)) {
      database.close();
      return null;
    }
    this.#database = database;
    this.#locked = locked;
    this.#writeHolder();
    return { state: 'held' };
  }

  #failure(error: unknown): LockResult {
    const code = sqliteCodeOf(error);
    if (code === SQLITE_BUSY) return { state: 'busy', holder: readHolder(this.#holderPath) };
    if (code === SQLITE_IOERR || code === SQLITE_PROTOCOL || code === SQLITE_NOLFS) {
      return { state: 'unsupported', reason: messageOf(error) };
    }
    return mayWrite(this.path) ? { state: 'broken', reason: messageOf(error) } : { state: 'refused' };
  }

  /** Only a help for the person who reads the error of the second one: a failure to write it is no failure to hold. */
  #writeHolder(): void {
    const holder: LockHolder = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
    try {
      rmSync(this.#holderPath, { force: true });
      writeNew(this.#holderPath, `${JSON.stringify(holder)}\n`);
    } catch {
      // The error that the second process reports then lacks the name.
    }
  }
}

const SQLITE_BUSY = 5;
const SQLITE_IOERR = 10;
const SQLITE_PROTOCOL = 15;
const SQLITE_NOLFS = 22;

/** SQLite's primary result code (sqlite.org/rescode.html), or -1 for an error that is not SQLite's. */
function sqliteCodeOf(error: unknown): number {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : -1;
}

/** 50 ms let one of two that try in the same moment win; with 0 both can be refused. */
function openDatabase(path: string): DatabaseSync {
  return new DatabaseSync(path, { timeout: 50 });
}

/** A few are the rule when several fight; many mean a file system whose file numbers are not stable. */
const MAX_ATTEMPTS = 50;

/** Linux' O_PATH (open(2)), which Node does not name: a descriptor that keeps the inode and opens nothing. */
const O_PATH = 0o10000000;

function pinOf(path: string): number | null {
  try {
    return openSync(path, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Makes the file that is locked; harmless when there is one. @throws the file system's error */
export function makeLockFile(path: string): void {
  try {
    writeNew(path, '');
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

/**
 * Writes a file that is not there yet, for the owner of its folder: a backup that root makes must not leave a file
 * that the gateway cannot open.
 */
function writeNew(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    const { uid, gid } = statSync(dirname(path));
    fchownSync(file, uid, gid);
  } catch {
    // Only root may give files away, and some shares allow it nobody. A text that is missing is only a help.
  } finally {
    closeSync(file);
  }
}

/** Names a file for as long as something keeps it open; numbers of closed ones are given out again. */
function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

/** @returns null when nothing is there, or nothing that can be looked at */
function identityAt(path: string): string | null {
  try {
    return identityOf(lstatSync(path));
  } catch {
    return null;
  }
}

function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A file that stays locks nothing.
  }
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readHolder(path: string): LockHolder | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isHolder(value) ? value : null;
  } catch {
    return null;
  }
}

function isHolder(value: unknown): value is LockHolder {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    'host' in value &&
    'since' in value &&
    typeof value.pid === 'number' &&
    typeof value.host === 'string' &&
    typeof value.since === 'string'
  );
}
