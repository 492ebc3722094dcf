import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';

import type { HistoryEntry, MessageStatus, OutboxMessage } from '../messages/message.ts';
import type { IdempotencyRecord, NumberRecord, OutboxRows, QueueEntry, Unread } from '../messages/ports.ts';
import type { Outgoing } from '../messages/schema.ts';
import { mediaOf } from '../messages/schema.ts';
import { numberOf, numberOrNull, textOf, textOrNull, type Row } from './row.ts';

const UNFINISHED = `('queued', 'sending')`;

/** What can still be sent, or sent again by request: its file is kept. */
const SENDABLE: readonly MessageStatus[] = ['queued', 'sending', 'failed', 'expired', 'cancelled'];

/** The SQL of `outbox`, `idempotency` and `numbers`. */
export class OutboxTable implements OutboxRows {
  readonly #connection: DatabaseSync;
  /** By their text, which never contains what a caller gave. */
  readonly #statements = new Map<string, StatementSync>();

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  insert(message: Omit<OutboxMessage, 'seq'>): OutboxMessage {
    const content = JSON.stringify(message.content);
    const { lastInsertRowid } = this.#sql(
      `INSERT INTO outbox (id, wa_id, recipient, address, chat_id, content, media, status, history,
         accepted_at, changed_at, not_before, expires_at, attempts, handed_at, stuck_at, bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      message.id,
      message.waId,
      message.to,
      message.address,
      message.chatId,
      content,
      mediaOf(message.content)?.sha256 ?? null,
      message.status,
      JSON.stringify(message.history),
      message.acceptedAt,
      changedAt(message),
      message.notBefore,
      message.expiresAt,
      message.attempts,
      message.handedAt,
      message.stuckAt,
      Buffer.byteLength(content) + keptFileBytes(message),
    );
    return { ...message, seq: Number(lastInsertRowid) };
  }

  update(message: OutboxMessage): void {
    this.#sql(
      `UPDATE outbox SET chat_id = ?, status = ?, history = ?, changed_at = ?, attempts = ?, handed_at = ?,
         stuck_at = ?, bytes = octet_length(content) + ? WHERE seq = ?`,
    ).run(
      message.chatId,
      message.status,
      JSON.stringify(message.history),
      changedAt(message),
      message.attempts,
      message.handedAt,
      message.stuckAt,
      keptFileBytes(message),
      message.seq,
    );
  }

  find(id: string): OutboxMessage | null {
    return toMessageOrNull(this.#sql('SELECT * FROM outbox WHERE id = ?').get(id));
  }

  findByWaId(waId: string): OutboxMessage | null {
    return toMessageOrNull(this.#sql('SELECT * FROM outbox WHERE wa_id = ?').get(waId));
  }

  list(query: { statuses: readonly MessageStatus[]; before: number | null; limit: number }): OutboxMessage[] {
    const before = query.before ?? Number.MAX_SAFE_INTEGER;
    const newest = 'ORDER BY seq DESC LIMIT ?';
    if (query.statuses.length === 0) {
      return this.#sql(`SELECT * FROM outbox WHERE seq < ? ${newest}`)
        .all(before, query.limit)
        .map(toMessage);
    }
    // One text for every selection: statements are kept.
    const selected = 'status IN (SELECT value FROM json_each(?))';
    return this.#sql(`SELECT * FROM outbox WHERE seq < ? AND ${selected} ${newest}`)
      .all(before, JSON.stringify(query.statuses), query.limit)
      .map(toMessage);
  }

  unfinished(): QueueEntry[] {
    return this.#sql(
      `SELECT seq, id, address, not_before, expires_at, status, handed_at FROM outbox
       WHERE status IN ${UNFINISHED} ORDER BY seq`,
    )
      .all()
      .map((row) => ({
        seq: numberOf(row, 'seq'),
        id: textOf(row, 'id'),
        address: textOf(row, 'address'),
        notBefore: numberOrNull(row, 'not_before'),
        expiresAt: numberOrNull(row, 'expires_at'),
        status: textOf(row, 'status') as MessageStatus,
        handedAt: numberOrNull(row, 'handed_at'),
      }));
  }

  unread(since: number, limit: number): Unread[] {
    // One status at a time: the index then has them in this order.
    const rows = (['sent', 'delivered'] as const).flatMap((status) =>
      this.#sql(
        'SELECT wa_id, chat_id, status, accepted_at FROM outbox WHERE status = ? ORDER BY seq DESC LIMIT ?',
      )
        .all(status, limit)
        .filter((row) => numberOf(row, 'accepted_at') > since),
    );
    return rows.flatMap((row) => {
      const chatId = textOrNull(row, 'chat_id');
      if (chatId === null) return [];
      return [{ waId: textOf(row, 'wa_id'), chatId, status: textOf(row, 'status') as MessageStatus }];
    });
  }

  counts(): Partial<Record<MessageStatus, number>> {
    const rows = this.#sql('SELECT status, COUNT(*) AS n FROM outbox GROUP BY status').all();
    return Object.fromEntries(rows.map((row) => [textOf(row, 'status'), numberOf(row, 'n')]));
  }

  needsMedia(sha256: string): boolean {
    const statuses = SENDABLE.map(() => '?').join(', ');
    const sql = `SELECT 1 FROM outbox WHERE media = ? AND status IN (${statuses}) LIMIT 1`;
    return this.#sql(sql).get(sha256, ...SENDABLE) !== undefined;
  }

  bytes(): number {
    const row = this.#sql('SELECT COALESCE(SUM(bytes), 0) AS bytes FROM outbox').get();
    return row === undefined ? 0 : numberOf(row, 'bytes');
  }

  removeFinished(time: number, limit: number): { messages: number; bytes: number } {
    const removed = this.#sql(
      `DELETE FROM outbox WHERE seq IN (
         SELECT seq FROM outbox WHERE changed_at < ? AND status NOT IN ${UNFINISHED} ORDER BY changed_at LIMIT ?)
       RETURNING bytes`,
    ).all(time, limit);
    return {
      messages: removed.length,
      bytes: removed.reduce((sum, row) => sum + numberOf(row, 'bytes'), 0),
    };
  }

  idempotency(key: string): IdempotencyRecord | null {
    const row = this.#sql('SELECT * FROM idempotency WHERE key = ?').get(key);
    if (row === undefined) return null;
    return {
      key,
      fingerprint: textOf(row, 'fingerprint'),
      messageId: textOf(row, 'message_id'),
      chatId: textOrNull(row, 'chat_id'),
      createdAt: numberOf(row, 'created_at'),
    };
  }

  rememberIdempotency(record: IdempotencyRecord): void {
    this.#sql('INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?)').run(
      record.key,
      record.fingerprint,
      record.messageId,
      record.chatId,
      record.createdAt,
    );
  }

  forgetIdempotency(before: number): number {
    // The key of a message that still waits is needed: its caller may still be asking.
    const sql = `DELETE FROM idempotency WHERE created_at < ? AND NOT EXISTS (
      SELECT 1 FROM outbox WHERE id = message_id AND status IN ${UNFINISHED})`;
    return Number(this.#sql(sql).run(before).changes);
  }

  number(digits: string): NumberRecord | null {
    const row = this.#sql('SELECT * FROM numbers WHERE digits = ?').get(digits);
    return row === undefined
      ? null
      : { chatId: textOrNull(row, 'chat_id'), checkedAt: numberOf(row, 'checked_at') };
  }

  rememberNumber(digits: string, record: NumberRecord): void {
    this.#sql('INSERT OR REPLACE INTO numbers VALUES (?, ?, ?)').run(digits, record.chatId, record.checkedAt);
  }

  #sql(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.#connection.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }
}

/** What a message takes on the disk beside its row: its file, as long as that is kept. */
function keptFileBytes({ status, content }: Omit<OutboxMessage, 'seq'>): number {
  return SENDABLE.includes(status) ? (mediaOf(content)?.size ?? 0) : 0;
}

function changedAt(message: Omit<OutboxMessage, 'seq'>): number {
  return message.history.at(-1)?.at ?? message.acceptedAt;
}

function toMessageOrNull(row: Record<string, SQLOutputValue> | undefined): OutboxMessage | null {
  return row === undefined ? null : toMessage(row);
}

/** The JSON columns are read without a schema: this program wrote them, and the integrity check guards the file. */
function toMessage(row: Row): OutboxMessage {
  return {
    seq: numberOf(row, 'seq'),
    id: textOf(row, 'id'),
    waId: textOf(row, 'wa_id'),
    to: textOf(row, 'recipient'),
    address: textOf(row, 'address'),
    chatId: textOrNull(row, 'chat_id'),
    content: JSON.parse(textOf(row, 'content')) as Outgoing,
    status: textOf(row, 'status') as MessageStatus,
    history: JSON.parse(textOf(row, 'history')) as HistoryEntry[],
    acceptedAt: numberOf(row, 'accepted_at'),
    notBefore: numberOrNull(row, 'not_before'),
    expiresAt: numberOrNull(row, 'expires_at'),
    attempts: numberOf(row, 'attempts'),
    handedAt: numberOrNull(row, 'handed_at'),
    stuckAt: numberOrNull(row, 'stuck_at'),
  };
}
