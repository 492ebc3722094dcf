import type { DatabaseSync } from 'node:sqlite';

import { isStorageFailure, notInPlace, storageError } from './errors.ts';
import type { OpenFile } from './open-file.ts';

interface Job {
  readonly work: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Collects the writes of one turn of the event loop into one transaction: one fsync pays for all of them.
 * `node:sqlite` is synchronous, so while a commit waits for the disk new requests gather in the sockets and
 * form the next group; the busier, the larger the groups.
 */
export class GroupCommit {
  readonly #connection: DatabaseSync;
  readonly #path: string;
  readonly #file: Pick<OpenFile, 'isInPlace'>;
  #jobs: Job[] = [];
  #afterCommit: (() => void)[] = [];
  #scheduled = false;
  #closed = false;

  constructor(connection: DatabaseSync, path: string, file: Pick<OpenFile, 'isInPlace'>) {
    this.#connection = connection;
    this.#path = path;
    this.#file = file;
  }

  /**
   * Runs `work` inside a transaction and resolves with its result once that is on the disk. A `work` that
   * throws is undone alone and rejects with what it threw; the others of its group are not touched.
   * @throws GatewayError `storage_full` or `storage_unavailable` when the group could not be committed: then
   *   nothing of it has happened
   */
  run<T>(work: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(storageError(new Error('the database is closed'), this.#path));
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({ work, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => {
        this.flush();
      });
    });
  }

  /** To be called inside a `work`: `callback` runs once the group is on the disk, before its promises resolve. */
  afterCommit(callback: () => void): void {
    this.#afterCommit.push(callback);
  }

  /** Commits what has gathered, now. */
  flush(): void {
    this.#scheduled = false;
    const jobs = this.#jobs;
    if (jobs.length === 0) return;
    this.#jobs = [];
    const settle: (() => void)[] = [];
    let callbacks: readonly (() => void)[];
    try {
      if (!this.#file.isInPlace()) throw notInPlace(this.#path);
      this.#connection.exec('BEGIN IMMEDIATE');
      for (const job of jobs) settle.push(this.#runOne(job));
      this.#connection.exec('COMMIT');
      callbacks = this.#afterCommit;
    } catch (error) {
      this.#rollBack();
      const failure = storageError(error, this.#path);
      for (const job of jobs) job.reject(failure);
      return;
    } finally {
      this.#afterCommit = [];
    }
    for (const callback of callbacks) callback();
    for (const finish of settle) finish();
  }

  #rollBack(): void {
    try {
      // SQLite has already rolled back by itself in some of these cases (sqlite.org/lang_transaction.html).
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
    } catch {
      // A disk that fails here as well: the callers learn what failed first, and the next BEGIN tells of the rest.
    }
  }

  /** Commits what has gathered; later writes are refused. */
  close(): void {
    this.flush();
    this.#closed = true;
  }

  #runOne(job: Job): () => void {
    const callbacksBefore = this.#afterCommit.length;
    this.#connection.exec('SAVEPOINT job');
    try {
      const result = job.work();
      this.#connection.exec('RELEASE job');
      return () => {
        job.resolve(result as never);
      };
    } catch (error) {
      // A full disk or a failing one ends the whole group, not only this job.
      if (!this.#connection.isTransaction || isStorageFailure(error)) throw error;
      this.#connection.exec('ROLLBACK TO job');
      this.#connection.exec('RELEASE job');
      this.#afterCommit.length = callbacksBefore;
      return () => {
        job.reject(error);
      };
    }
  }
}
