import type { DatabaseSync } from 'node:sqlite';

import type { JournalEvent } from '../events/event.ts';
import type { WebhookRows } from '../webhooks/ports.ts';
import type { DeadLetter, Webhook, WebhookProgress } from '../webhooks/webhook.ts';
import { numberOf, numberOrNull, textOf, textOrNull, type Row } from './row.ts';

/** The SQL of `webhooks` and `dead_letters`. */
export class WebhookTable implements WebhookRows {
  readonly #connection: DatabaseSync;

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  all(): Webhook[] {
    // A program that was put back for a while moves the cursor without knowing of refusals.
    const sql = `SELECT webhooks.*, in_a_row, since, gave_up_at FROM webhooks LEFT JOIN webhook_refusals AS refusals
      ON webhook_id = id AND refusals.cursor = webhooks.cursor ORDER BY created_at, id`;
    return this.#connection.prepare(sql).all().map(toWebhook);
  }

  insert(webhook: Webhook): void {
    this.#connection
      .prepare(
        `INSERT INTO webhooks (id, origin, url, secret, events, chats, headers, enabled, disabled_reason,
           created_at, cursor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        webhook.id,
        webhook.origin,
        webhook.url,
        webhook.secret,
        JSON.stringify(webhook.events),
        JSON.stringify(webhook.chats),
        JSON.stringify(webhook.headers),
        webhook.enabled ? 1 : 0,
        webhook.disabledReason,
        webhook.createdAt,
        webhook.progress.cursor,
      );
  }

  update(webhook: Webhook): void {
    this.#connection
      .prepare(
        `UPDATE webhooks SET url = ?, secret = ?, events = ?, chats = ?, headers = ?, enabled = ?,
           disabled_reason = ? WHERE id = ?`,
      )
      .run(
        webhook.url,
        webhook.secret,
        JSON.stringify(webhook.events),
        JSON.stringify(webhook.chats),
        JSON.stringify(webhook.headers),
        webhook.enabled ? 1 : 0,
        webhook.disabledReason,
        webhook.id,
      );
  }

  saveProgress(id: string, progress: WebhookProgress): void {
    this.#connection
      .prepare(
        `UPDATE webhooks SET cursor = ?, attempts = ?, next_attempt_at = ?, failing_since = ?, last_error = ?,
           delivered_at = ? WHERE id = ?`,
      )
      .run(
        progress.cursor,
        progress.attempts,
        progress.nextAttemptAt,
        progress.failingSince,
        progress.lastError,
        progress.deliveredAt,
        id,
      );
    this.#saveRefusals(id, progress);
  }

  #saveRefusals(id: string, { cursor, refusals }: WebhookProgress): void {
    const { inARow, since, gaveUpAt } = refusals;
    if (inARow === 0 && gaveUpAt === null) {
      this.#connection.prepare('DELETE FROM webhook_refusals WHERE webhook_id = ?').run(id);
    } else {
      this.#connection
        .prepare(
          'REPLACE INTO webhook_refusals (webhook_id, cursor, in_a_row, since, gave_up_at) VALUES (?, ?, ?, ?, ?)',
        )
        .run(id, cursor, inARow, since, gaveUpAt);
    }
  }

  remove(id: string): void {
    this.#connection.prepare('DELETE FROM webhooks WHERE id = ?').run(id);
  }

  bury(letter: Omit<DeadLetter, 'seq'>): void {
    this.#connection
      .prepare(
        `INSERT INTO dead_letters (id, webhook_id, event_id, event_type, event, attempts, last_error, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (webhook_id, event_id) DO NOTHING`,
      )
      .run(
        letter.id,
        letter.webhookId,
        letter.event.id,
        letter.event.type,
        JSON.stringify(letter.event),
        letter.attempts,
        letter.lastError,
        letter.at,
      );
  }

  deadLetters(webhookId: string, after: number, limit: number): DeadLetter[] {
    return this.#connection
      .prepare('SELECT * FROM dead_letters WHERE webhook_id = ? AND seq > ? ORDER BY seq LIMIT ?')
      .all(webhookId, after, limit)
      .map(toDeadLetter);
  }

  deadLetterCount(webhookId: string): number {
    const sql = 'SELECT COUNT(*) AS n FROM dead_letters WHERE webhook_id = ?';
    const row = this.#connection.prepare(sql).get(webhookId);
    return row === undefined ? 0 : numberOf(row, 'n');
  }

  removeDeadLetter(id: string): void {
    this.#connection.prepare('DELETE FROM dead_letters WHERE id = ?').run(id);
  }

  removeDeadLettersBefore(time: number): number {
    return Number(this.#connection.prepare('DELETE FROM dead_letters WHERE at < ?').run(time).changes);
  }
}

function toWebhook(row: Row): Webhook {
  return {
    id: textOf(row, 'id'),
    origin: textOf(row, 'origin') as Webhook['origin'],
    url: textOf(row, 'url'),
    secret: textOf(row, 'secret'),
    events: JSON.parse(textOf(row, 'events')) as string[],
    chats: JSON.parse(textOf(row, 'chats')) as string[],
    headers: JSON.parse(textOf(row, 'headers')) as Record<string, string>,
    enabled: numberOf(row, 'enabled') === 1,
    disabledReason: textOrNull(row, 'disabled_reason'),
    createdAt: numberOf(row, 'created_at'),
    progress: {
      cursor: numberOf(row, 'cursor'),
      attempts: numberOf(row, 'attempts'),
      nextAttemptAt: numberOrNull(row, 'next_attempt_at'),
      failingSince: numberOrNull(row, 'failing_since'),
      lastError: textOrNull(row, 'last_error'),
      deliveredAt: numberOrNull(row, 'delivered_at'),
      refusals: {
        inARow: numberOrNull(row, 'in_a_row') ?? 0,
        since: numberOrNull(row, 'since'),
        gaveUpAt: numberOrNull(row, 'gave_up_at'),
      },
    },
  };
}

function toDeadLetter(row: Row): DeadLetter {
  return {
    seq: numberOf(row, 'seq'),
    id: textOf(row, 'id'),
    webhookId: textOf(row, 'webhook_id'),
    event: JSON.parse(textOf(row, 'event')) as JournalEvent,
    attempts: numberOf(row, 'attempts'),
    lastError: textOrNull(row, 'last_error'),
    at: numberOf(row, 'at'),
  };
}
