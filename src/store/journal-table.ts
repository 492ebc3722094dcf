import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { EVENT_VERSION, type JournalEvent } from '../events/event.ts';
import type { JournalRows } from '../events/ports.ts';
import type { EventData } from '../events/schema.ts';
import type { EventType } from '../events/types.ts';
import type { Watermark } from '../events/watermark.ts';
import { numberOf, numberOrNull, textOf, textOrNull, type Row } from './row.ts';

/** The SQL of `journal` and `watermarks`. */
export class JournalTable implements JournalRows {
  readonly #insert: StatementSync;
  readonly #read: StatementSync;
  readonly #recordedAt: StatementSync;
  readonly #last: StatementSync;
  readonly #first: StatementSync;
  readonly #bytes: StatementSync;
  readonly #removeOlder: StatementSync;
  readonly #removeOldest: StatementSync;
  readonly #watermark: StatementSync;
  readonly #setWatermark: StatementSync;
  readonly #setIds: StatementSync;
  readonly #forget: StatementSync;
  readonly #forgetIds: StatementSync;

  constructor(connection: DatabaseSync) {
    this.#insert = connection.prepare(
      `INSERT INTO journal (id, type, at, recorded_at, replayed, data, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO NOTHING`,
    );
    this.#read = connection.prepare('SELECT * FROM journal WHERE seq > ? ORDER BY seq LIMIT ?');
    this.#recordedAt = connection.prepare('SELECT recorded_at FROM journal WHERE seq = ?');
    this.#last = connection.prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'journal'`);
    this.#first = connection.prepare('SELECT MIN(seq) AS seq FROM journal');
    this.#bytes = connection.prepare('SELECT COALESCE(SUM(bytes), 0) AS bytes FROM journal');
    this.#removeOlder = connection.prepare(
      `DELETE FROM journal WHERE seq IN (
         SELECT seq FROM journal WHERE recorded_at < ? AND seq <= ? ORDER BY recorded_at LIMIT ?)
       RETURNING bytes`,
    );
    this.#removeOldest = connection.prepare(
      'DELETE FROM journal WHERE seq IN (SELECT seq FROM journal ORDER BY seq LIMIT ?) RETURNING bytes',
    );
    this.#watermark = connection.prepare(
      'SELECT at, ids FROM watermarks LEFT JOIN watermark_ids USING (chat_id, at) WHERE chat_id = ?',
    );
    this.#setWatermark = connection.prepare('INSERT OR REPLACE INTO watermarks (chat_id, at) VALUES (?, ?)');
    this.#setIds = connection.prepare(
      'INSERT OR REPLACE INTO watermark_ids (chat_id, at, ids) VALUES (?, ?, ?)',
    );
    this.#forget = connection.prepare('DELETE FROM watermarks');
    this.#forgetIds = connection.prepare('DELETE FROM watermark_ids');
  }

  insert(event: Omit<JournalEvent, 'seq'>, recordedAt: number): number | null {
    const data = JSON.stringify(event.data);
    const { changes, lastInsertRowid } = this.#insert.run(
      event.id,
      event.type,
      Date.parse(event.timestamp),
      recordedAt,
      event.replayed ? 1 : 0,
      data,
      Buffer.byteLength(data),
    );
    return changes === 0 ? null : Number(lastInsertRowid);
  }

  read(since: number, limit: number): JournalEvent[] {
    return this.#read.all(since, limit).map(toEvent);
  }

  recordedAt(seq: number): number | null {
    const row = this.#recordedAt.get(seq);
    return row === undefined ? null : numberOf(row, 'recorded_at');
  }

  lastSeq(): number {
    const row = this.#last.get();
    return row === undefined ? 0 : numberOf(row, 'seq');
  }

  firstSeq(): number | null {
    const row = this.#first.get();
    return row === undefined ? null : numberOrNull(row, 'seq');
  }

  bytes(): number {
    const row = this.#bytes.get();
    return row === undefined ? 0 : numberOf(row, 'bytes');
  }

  removeOlderThan(time: number, upTo: number, limit: number): { events: number; bytes: number } {
    return total(this.#removeOlder.all(time, upTo, limit));
  }

  removeOldest(limit: number): { events: number; bytes: number } {
    return total(this.#removeOldest.all(limit));
  }

  watermark(chatId: string): Watermark | null {
    const row = this.#watermark.get(chatId);
    if (row === undefined) return null;
    return { at: numberOf(row, 'at'), ids: JSON.parse(textOrNull(row, 'ids') ?? '[]') as string[] };
  }

  setWatermark(chatId: string, { at, ids }: Watermark): void {
    this.#setWatermark.run(chatId, at);
    this.#setIds.run(chatId, at, JSON.stringify(ids));
  }

  forgetWatermarks(): void {
    this.#forget.run();
    this.#forgetIds.run();
  }
}

function total(rows: readonly Row[]): { events: number; bytes: number } {
  return { events: rows.length, bytes: rows.reduce((sum, row) => sum + numberOf(row, 'bytes'), 0) };
}

function toEvent(row: Row): JournalEvent {
  return {
    id: textOf(row, 'id'),
    seq: numberOf(row, 'seq'),
    type: textOf(row, 'type') as EventType,
    version: EVENT_VERSION,
    timestamp: new Date(numberOf(row, 'at')).toISOString(),
    replayed: numberOf(row, 'replayed') === 1,
    data: JSON.parse(textOf(row, 'data')) as EventData[EventType],
  };
}
