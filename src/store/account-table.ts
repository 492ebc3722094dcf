import type { DatabaseSync } from 'node:sqlite';

import type { AccountRow } from '../messages/ports.ts';
import { textOf } from './row.ts';

/** The SQL of `account`. */
export class AccountTable implements AccountRow {
  readonly #connection: DatabaseSync;

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  get(): string | null {
    const row = this.#connection.prepare('SELECT id FROM account').get();
    return row === undefined ? null : textOf(row, 'id');
  }

  set(id: string): void {
    this.#connection
      .prepare('INSERT INTO account VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET id = excluded.id')
      .run(id);
  }
}
