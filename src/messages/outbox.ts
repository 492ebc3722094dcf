import { randomBytes } from 'node:crypto';

import type { Clock } from '../clock.ts';
import { GatewayError } from '../errors.ts';
import { newId } from '../ids.ts';
import { parseAddress, type Address } from './address.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Ledger } from './ledger.ts';
import { isFinal, type MessageStatus, type OutboxMessage } from './message.ts';
import type { NumberBook } from './numbers.ts';
import type { OutboxRows, Transactions } from './ports.ts';
import type { Outgoing } from './schema.ts';

export interface OutboxLimits {
  /** Messages that may wait to be handed over. */
  readonly queue: number;
}

/** Where accepted messages go on their way out. */
export interface Departures {
  /** How many messages have not been handed over yet. */
  readonly waiting: number;
  /** How long those take, in milliseconds. */
  readonly estimateMs: number;
  admit(message: OutboxMessage): void;
  /** Takes a message that still waits out of the queue. */
  withdraw(id: string): void;
}

/** The queue is full; `retryAfterSeconds` is when there is room again at the configured pace. */
export class QueueFullError extends GatewayError {
  readonly retryAfterSeconds: number;
  constructor(limit: number, retryAfterSeconds: number) {
    super({
      code: 'queue_full',
      message: `${limit} messages wait already`,
      action: 'Try again later; see GET /api/messages?status=queued for what waits',
      retryable: true,
    });
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export interface Accepted {
  readonly message: OutboxMessage;
  /** Whether this key had been accepted before; the message is then as it was answered the first time. */
  readonly repeated: boolean;
}

/** A request of a caller, with everything that makes it the same or another one. */
export interface AcceptOptions {
  /** The `Idempotency-Key` of the caller. */
  readonly idempotencyKey?: string | undefined;
  /** What the key stands for, when that is more than the message itself; any JSON value. */
  readonly body?: unknown;
}

/** What can be asked of the outbox: accept, look, list, cancel. */
export class Outbox {
  readonly #rows: OutboxRows;
  readonly #transactions: Transactions;
  readonly #ledger: Ledger;
  readonly #departures: Departures;
  readonly #numbers: NumberBook;
  readonly #clock: Clock;
  readonly #limits: OutboxLimits;
  /** Accepted, but not on the disk yet: they count for the limit. */
  #arriving = 0;
  #accepted = 0;

  constructor(parts: {
    rows: OutboxRows;
    transactions: Transactions;
    ledger: Ledger;
    departures: Departures;
    numbers: NumberBook;
    clock: Clock;
    limits: OutboxLimits;
  }) {
    this.#rows = parts.rows;
    this.#transactions = parts.transactions;
    this.#ledger = parts.ledger;
    this.#departures = parts.departures;
    this.#numbers = parts.numbers;
    this.#clock = parts.clock;
    this.#limits = parts.limits;
  }

  /**
   * Accepts a message: once this resolves it is on the disk and will be sent, whatever crashes.
   * @throws GatewayError `invalid_recipient`; `idempotency_conflict` when the key stands for another message;
   *   `storage_full`, `storage_unavailable`
   * @throws QueueFullError
   */
  async accept(content: Outgoing, options: AcceptOptions = {}): Promise<Accepted> {
    const address = parseAddress(content.to);
    checkMentioned(content);
    const key = options.idempotencyKey;
    if (key === undefined) {
      const message = await this.#queueing(() => this.#insert(content, address));
      return { message, repeated: false };
    }
    const fingerprint = fingerprintOf(options.body ?? content);
    // Before the limit: the answer to a repeated request does not depend on how full the queue is now.
    const before = this.#repeated(key, fingerprint);
    if (before !== null) return { message: before, repeated: true };
    return this.#queueing(() => {
      const meanwhile = this.#repeated(key, fingerprint);
      if (meanwhile !== null) return { message: meanwhile, repeated: true };
      const message = this.#insert(content, address);
      this.#rows.rememberIdempotency({
        key,
        fingerprint,
        messageId: message.id,
        chatId: message.chatId,
        createdAt: message.acceptedAt,
      });
      return { message, repeated: false };
    });
  }

  /**
   * The message of a request that is repeated, as it was answered the first time; null when the key is new.
   * @throws GatewayError `idempotency_conflict`
   */
  repeated(options: AcceptOptions): OutboxMessage | null {
    const { idempotencyKey, body } = options;
    return idempotencyKey === undefined ? null : this.#repeated(idempotencyKey, fingerprintOf(body));
  }

  /**
   * Whether there is room for one more; to be asked before a file is fetched or stored for nothing.
   * @param idempotencyKey a request of a known key is answered however full the queue is
   * @throws QueueFullError
   */
  refuseWhenFull(idempotencyKey?: string): void {
    if (idempotencyKey !== undefined && this.#rows.idempotency(idempotencyKey) !== null) return;
    if (this.#departures.waiting + this.#arriving < this.#limits.queue) return;
    const seconds = Math.ceil(this.#departures.estimateMs / Math.max(1, this.#departures.waiting) / 1000);
    throw new QueueFullError(this.#limits.queue, Math.max(1, seconds));
  }

  /** How many were accepted since the start; a repeated request does not count. */
  get acceptedCount(): number {
    return this.#accepted;
  }

  find(id: string): OutboxMessage | null {
    return this.#rows.find(id);
  }

  /** Newest first; `before` is the sequence number of the last one of the page before. */
  list(query: { statuses: readonly MessageStatus[]; before: number | null; limit: number }): OutboxMessage[] {
    return this.#rows.list(query);
  }

  counts(): Partial<Record<MessageStatus, number>> {
    return this.#rows.counts();
  }

  /**
   * Cancels a message that waits.
   * @returns null when there is none of this id
   * @throws GatewayError `wrong_state` when it is on its way or has ended
   */
  async cancel(id: string): Promise<OutboxMessage | null> {
    const reason = { code: 'cancelled', message: 'Cancelled by request' } as const;
    const cancelled = await this.#ledger.finish(id, 'cancelled', reason, ['queued']);
    if (cancelled !== null) {
      this.#departures.withdraw(id);
      return cancelled;
    }
    const present = this.#rows.find(id);
    if (present === null || present.status === 'cancelled') return present;
    throw new GatewayError({
      code: 'wrong_state',
      message: `The message is ${present.status} and cannot be cancelled any more`,
      action: 'Only a queued message can be cancelled; one that was sent can be deleted for everyone',
    });
  }

  /**
   * What a message that has come to nothing said, to be accepted once more.
   * @returns null when there is none of this id
   * @throws GatewayError `wrong_state` while it is on its way, or when it has arrived
   */
  contentToRetry(id: string): Outgoing | null {
    const message = this.#rows.find(id);
    if (message === null) return null;
    if (isFinal(message.status)) return message.content;
    throw new GatewayError({
      code: 'wrong_state',
      message: `The message is ${message.status}: there is nothing to send again`,
      action: 'Only a failed, expired or cancelled message can be sent again',
    });
  }

  /**
   * Waits until a message has reached WhatsApp's server or has ended.
   * @returns the message as it is then, or as it is after `timeoutMs`
   */
  waitForServer(message: OutboxMessage, timeoutMs: number): Promise<OutboxMessage> {
    const settled = (candidate: OutboxMessage) => !['queued', 'sending'].includes(candidate.status);
    return new Promise((resolve) => {
      const finish = (result: OutboxMessage) => {
        unsubscribe();
        cancelTimer();
        resolve(result);
      };
      const unsubscribe = this.#ledger.subscribe((changed) => {
        if (changed.id === message.id && settled(changed)) finish(changed);
      });
      const cancelTimer = this.#clock.schedule(timeoutMs, () => {
        finish(this.#rows.find(message.id) ?? message);
      });
      const present = this.#rows.find(message.id) ?? message;
      if (settled(present)) finish(present);
    });
  }

  async #queueing<T extends OutboxMessage | Accepted>(work: () => T): Promise<T> {
    this.refuseWhenFull();
    this.#arriving += 1;
    try {
      const result = await this.#transactions.run(work);
      if ('repeated' in result && result.repeated) return result;
      this.#accepted += 1;
      this.#departures.admit('repeated' in result ? result.message : result);
      return result;
    } finally {
      this.#arriving -= 1;
    }
  }

  #insert(content: Outgoing, address: Address): OutboxMessage {
    const now = this.#clock.now();
    const notBefore = content.notBefore === undefined ? null : Date.parse(content.notBefore);
    const chatId =
      address.kind === 'chat' ? address.chatId : (this.#numbers.remembered(address.digits) ?? null);
    return this.#rows.insert({
      id: newId('msg', now),
      waId: newWhatsAppId(),
      to: content.to,
      address: address.canonical,
      chatId,
      content,
      status: 'queued',
      history: [{ status: 'queued', at: now, reason: null }],
      acceptedAt: now,
      notBefore,
      expiresAt: content.ttl === undefined ? null : Math.max(now, notBefore ?? 0) + content.ttl * 1000,
      attempts: 0,
      handedAt: null,
      stuckAt: null,
    });
  }

  #repeated(key: string, fingerprint: string): OutboxMessage | null {
    const record = this.#rows.idempotency(key);
    if (record === null) return null;
    if (record.fingerprint !== fingerprint) {
      throw new GatewayError({
        code: 'idempotency_conflict',
        message: 'This Idempotency-Key was used for another message',
        action: 'Use a new key for every message, and the same key only to repeat a request unchanged',
      });
    }
    const message = this.#rows.find(record.messageId);
    return message === null ? null : asAccepted(message, record.chatId);
  }
}

/**
 * A new id of the form that WhatsApp Web gives its own messages: `3EB0` and 18 hexadecimal digits.
 * Chosen here and stored before the send, so that a message can be looked for after a crash.
 */
export function newWhatsAppId(): string {
  return `3EB0${randomBytes(9).toString('hex').toUpperCase()}`;
}

/** A message as the first answer described it. */
function asAccepted(message: OutboxMessage, chatId: string | null): OutboxMessage {
  return {
    ...message,
    chatId,
    status: 'queued',
    history: message.history.slice(0, 1),
    attempts: 0,
    handedAt: null,
    stuckAt: null,
  };
}

function checkMentioned(content: Outgoing): void {
  if ('mentions' in content) for (const mention of content.mentions ?? []) parseAddress(mention);
  if (content.type !== 'contact') return;
  for (const contact of content.contacts) {
    if ('phone' in contact && parseAddress(contact.phone).kind !== 'phone') {
      throw new GatewayError({
        code: 'invalid_recipient',
        message: 'A contact needs a phone number, not a chat id',
      });
    }
  }
}
