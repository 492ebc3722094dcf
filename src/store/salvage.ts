import { existsSync, renameSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';

import { DAMAGED } from './database.ts';
import { textOf } from './row.ts';

/** Moves a damaged database aside, with its write-ahead log, and deletes nothing. @returns its new path */
export function moveAside(path: string, now: number): string {
  const stamp = new Date(now).toISOString().replace(/[:.]/g, '-');
  const target = `${path}${DAMAGED}${stamp}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, target + suffix);
  }
  return target;
}

/**
 * Copies what can still be read of a damaged database into a new one.
 *
 * Messages that had not ended count as "on their way": an old page of the file may call a message queued that was
 * sent long ago, so each is looked for in WhatsApp first. Sequence numbers go on above everything that can have
 * been used, so that a client that remembers one misses nothing.
 * @returns how many rows of which table came along
 */
export function salvage(damagedPath: string, connection: DatabaseSync, now: number): Record<string, number> {
  const rescued: Record<string, number> = {};
  let damaged: DatabaseSync | null = null;
  try {
    damaged = new DatabaseSync(damagedPath, { readOnly: true });
    for (const table of tablesOf(connection)) {
      rescued[table] = copy(table, readable(damaged, table), connection);
    }
  } catch {
    // Not even the list of tables can be read: nothing comes along.
  } finally {
    damaged?.close();
  }
  connection.exec(`UPDATE outbox SET status = 'sending' WHERE status = 'queued' AND chat_id IS NOT NULL`);
  connection
    .prepare(
      `INSERT INTO sqlite_sequence (name, seq) SELECT 'journal', 0
              WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'journal')`,
    )
    .run();
  // Milliseconds grow faster than any journal does.
  connection.prepare(`UPDATE sqlite_sequence SET seq = MAX(seq, ?) WHERE name = 'journal'`).run(now);
  return rescued;
}

function tablesOf(connection: DatabaseSync): string[] {
  const sql = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid`;
  return connection
    .prepare(sql)
    .all()
    .map((row) => textOf(row, 'name'));
}

type Row = Record<string, SQLOutputValue>;

/** The rows before the first damaged page, and those after the last one. */
function* readable(damaged: DatabaseSync, table: string): Generator<Row> {
  for (const direction of ['ASC', 'DESC']) {
    try {
      yield* damaged.prepare(`SELECT * FROM "${table}" ORDER BY 1 ${direction}`).iterate();
      return;
    } catch {
      // From the other end, then.
    }
  }
}

function copy(table: string, rows: Iterable<Row>, connection: DatabaseSync): number {
  let count = 0;
  connection.exec('BEGIN IMMEDIATE');
  for (const row of rows) {
    const columns = Object.keys(row);
    const names = columns.map((column) => `"${column}"`).join(', ');
    const places = columns.map(() => '?').join(', ');
    try {
      const sql = `INSERT OR IGNORE INTO "${table}" (${names}) VALUES (${places})`;
      count += Number(connection.prepare(sql).run(...Object.values(row)).changes);
    } catch {
      // A row that the schema refuses is a damaged one.
    }
  }
  connection.exec('COMMIT');
  return count;
}
