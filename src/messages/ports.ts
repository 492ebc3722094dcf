import type { MessageStatus, OutboxMessage } from './message.ts';

/** Runs writes in one transaction; resolves when they are on the disk. */
export interface Transactions {
  /** @throws GatewayError `storage_full` or `storage_unavailable`: then nothing of `work` has happened */
  run<T>(work: () => T): Promise<T>;
}

export interface IdempotencyRecord {
  readonly key: string;
  readonly fingerprint: string;
  readonly messageId: string;
  readonly chatId: string | null;
  readonly createdAt: number;
}

export interface NumberRecord {
  readonly chatId: string | null;
  readonly checkedAt: number;
}

/** What the sender keeps in memory of a message; the content stays on the disk until it is sent. */
export type QueueEntry = Pick<
  OutboxMessage,
  'seq' | 'id' | 'address' | 'notBefore' | 'expiresAt' | 'status' | 'handedAt'
>;

/** What is needed to ask how far a message has come. */
export interface Unread {
  readonly waId: string;
  readonly chatId: string;
  readonly status: MessageStatus;
}

/** The rows of the outbox. Writes are called inside `Transactions.run` only. */
export interface OutboxRows {
  /** @returns the message with its sequence number */
  insert(message: Omit<OutboxMessage, 'seq'>): OutboxMessage;
  /** Writes what can change: status, history, chat id, attempts, handedAt, stuckAt. */
  update(message: OutboxMessage): void;
  find(id: string): OutboxMessage | null;
  findByWaId(waId: string): OutboxMessage | null;
  /** Newest first, below the sequence number `before`. */
  list(query: {
    readonly statuses: readonly MessageStatus[];
    readonly before: number | null;
    readonly limit: number;
  }): OutboxMessage[];
  /** What the sender has to know after a start, in the order of acceptance. */
  unfinished(): QueueEntry[];
  /** Messages that WhatsApp has and that nobody has read yet, accepted after `since`; of each status the newest `limit`. */
  unread(since: number, limit: number): Unread[];
  /** How many messages are in each status. */
  counts(): Partial<Record<MessageStatus, number>>;
  /** Whether a file of the media folder is needed by a message that is to be sent, or may be sent again. */
  needsMedia(sha256: string): boolean;
  /** What all messages take on the disk, in bytes, with the files that are kept for them. */
  bytes(): number;
  /** Removes finished messages that changed last before `time`, at most `limit` of them, the oldest first. */
  removeFinished(time: number, limit: number): { readonly messages: number; readonly bytes: number };

  idempotency(key: string): IdempotencyRecord | null;
  rememberIdempotency(record: IdempotencyRecord): void;
  /** Forgets keys older than that whose messages do not wait any more. @returns how many keys were forgotten */
  forgetIdempotency(before: number): number;

  number(digits: string): NumberRecord | null;
  rememberNumber(digits: string, record: NumberRecord): void;
}

/** The WhatsApp account that the messages belong to. */
export interface AccountRow {
  /** Its id, or null before the first one is linked. */
  get(): string | null;
  /** Called inside `Transactions.run` only. */
  set(id: string): void;
}

/** Hears of every change of a message, inside the transaction that makes it. */
export interface MessageNews {
  /**
   * @param message after the change
   * @param at when that was, in milliseconds since the Unix epoch; its history does not say when it was taken back
   */
  statusChanged(message: OutboxMessage, at: number): void;
  /** WhatsApp's server has not acknowledged it in time. */
  stuck(message: OutboxMessage): void;
}
