import { accessSync, constants, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { DatabaseSync } from 'node:sqlite';

import { messageOf } from '../errors.ts';

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
 * The lock file is unlinked while it is held, so that no file stays behind; a waiter that gets the lock on
 * the unlinked file notices by the inode and begins again.
 */
export class FolderLock {
  readonly path: string;
  readonly #holderPath: string;
  readonly #open: (path: string) => DatabaseSync;
  #database: DatabaseSync | null = null;

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
   * Tries to take the lock and never waits longer than 50 ms for it. Harmless when it is held already.
   * @throws the file system's error when the lock file cannot be made
   */
  acquire(): LockResult {
    if (this.#database !== null) return { state: 'held' };
    for (;;) {
      createIfMissing(this.path);
      const before = inodeOf(this.path);
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
      if (before === inodeOf(this.path)) {
        this.#database = database;
        this.#writeHolder();
        return { state: 'held' };
      }
      database.close();
    }
  }

  /** Gives the lock up and removes its files. Harmless when it is not held. */
  release(): void {
    if (this.#database === null) return;
    rmSync(this.#holderPath, { force: true });
    rmSync(this.path, { force: true });
    this.#database.close();
    this.#database = null;
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
      writeFileSync(this.#holderPath, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
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

function createIfMissing(path: string): void {
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** By path and not by descriptor, see above. NaN, which equals nothing, when the file is gone. */
function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? NaN;
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
