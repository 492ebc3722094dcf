import { closeSync, fstatSync, openSync, statSync } from 'node:fs';

/**
 * The database beside SQLite's own connection, to notice when its path leads elsewhere: SQLite goes on writing to a
 * file that is deleted, or on a volume that is gone, and says nothing.
 */
export class OpenFile {
  readonly #path: string;
  readonly #descriptor: number;

  constructor(path: string) {
    this.#path = path;
    this.#descriptor = openSync(path, 'r');
  }

  /**
   * Whether the path still leads to this file. Both sides are asked each time: some network and union file systems
   * give a file another number now and then.
   * @throws Error of the file system when the path cannot be followed
   */
  isInPlace(): boolean {
    const named = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
    if (named === undefined) return false;
    const opened = fstatSync(this.#descriptor, { bigint: true });
    return named.dev === opened.dev && named.ino === opened.ino;
  }

  /** Only after the connection: closing any descriptor of a file gives up the locks of the process on it (fcntl(2)). */
  close(): void {
    closeSync(this.#descriptor);
  }
}
