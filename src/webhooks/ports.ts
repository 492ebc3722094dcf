import type { DeadLetter, Webhook, WebhookProgress } from './webhook.ts';

/** The rows of subscriptions and dead letters. Writes are called inside `Transactions.run` only. */
export interface WebhookRows {
  all(): Webhook[];
  insert(webhook: Webhook): void;
  /** Writes everything but the progress. */
  update(webhook: Webhook): void;
  saveProgress(id: string, progress: WebhookProgress): void;
  remove(id: string): void;

  bury(letter: Omit<DeadLetter, 'seq'>): void;
  /** Oldest first, above the sequence number `after`; of one subscription. */
  deadLetters(webhookId: string, after: number, limit: number): DeadLetter[];
  deadLetterCount(webhookId: string): number;
  removeDeadLetter(id: string): void;
  /** @returns how many dead letters from before `time` were removed */
  removeDeadLettersBefore(time: number): number;
}

/** Runs writes in one transaction; resolves when they are on the disk. */
export interface Transactions {
  run<T>(work: () => T): Promise<T>;
}

/** What a receiver answered. */
export interface ReceiverAnswer {
  readonly status: number;
  /** Milliseconds that the receiver asks to be left alone for (`Retry-After`), or null. */
  readonly retryAfterMs: number | null;
}

/**
 * Posts a body to a receiver.
 * @throws Error when there is no answer: refused, timed out, broken off
 */
export type Post = (request: {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}) => Promise<ReceiverAnswer>;
