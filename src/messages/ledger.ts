import type { Clock } from '../clock.ts';
import {
  isFinal,
  statusAfterAck,
  type MessageReason,
  type MessageStatus,
  type OutboxMessage,
} from './message.ts';
import type { MessageNews, OutboxRows, Transactions } from './ports.ts';

/** What changed, to those who wait for it in this process. */
export type ChangeListener = (message: OutboxMessage) => void;

/**
 * The only writer of what becomes of a message. Each change reads the row, decides, writes and tells the news in
 * one transaction, so two of them at once (a cancellation and a hand-over, say) cannot both win.
 */
export class Ledger {
  readonly #rows: OutboxRows;
  readonly #transactions: Transactions;
  readonly #news: MessageNews;
  readonly #clock: Clock;
  readonly #listeners = new Set<ChangeListener>();

  constructor(rows: OutboxRows, transactions: Transactions, news: MessageNews, clock: Clock) {
    this.#rows = rows;
    this.#transactions = transactions;
    this.#news = news;
    this.#clock = clock;
  }

  /** Calls `listener` after every change that is on the disk, until the returned function is called. */
  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * It is about to be handed over.
   * @param again whether that was told before, and taken back
   * @returns null when it no longer waits: cancelled, or expired
   */
  markSending(id: string, chatId: string, again = false): Promise<OutboxMessage | null> {
    const begin = (message: OutboxMessage) => {
      if (message.status !== 'queued' && message.status !== 'sending') return null;
      const begun = { ...message, chatId, attempts: message.attempts + 1, handedAt: null };
      return message.status === 'sending' ? begun : this.#with(begun, 'sending', null);
    };
    return this.#change(id, begin, again ? inSilence : undefined);
  }

  /**
   * It certainly was not handed over after all: as if it had never been tried, however often that is.
   * @param again whether that was told before
   */
  markNotSent(id: string, again = false): Promise<OutboxMessage | null> {
    const takeBack = (message: OutboxMessage): OutboxMessage | null => {
      if (message.status !== 'sending' || message.handedAt !== null) return null;
      const history = message.history.filter(({ status }) => status !== 'sending');
      return { ...message, status: 'queued', history, attempts: message.attempts - 1 };
    };
    return this.#change(id, takeBack, again ? inSilence : undefined);
  }

  /** The page could not take it, and certainly has not: that does not count as a hand-over whose end nobody knows. */
  markNotTaken(id: string): Promise<OutboxMessage | null> {
    return this.#change(id, (message) =>
      message.status === 'sending' && message.handedAt === null
        ? { ...message, attempts: message.attempts - 1 }
        : null,
    );
  }

  /**
   * The page has it, with the acknowledgement so far.
   * @param wasTakenBack whether it was told to wait since it was told to be on its way
   */
  markHanded(id: string, ack: number, wasTakenBack = false): Promise<OutboxMessage | null> {
    const hand = (message: OutboxMessage): OutboxMessage | null => {
      if (isFinal(message.status)) return null;
      const handed = message.handedAt === null ? { ...message, handedAt: this.#clock.now() } : message;
      const next = statusAfterAck(handed.status, ack);
      if (next !== null) return this.#with(handed, next, ackReason(next));
      return handed === message ? null : handed;
    };
    const tellAnyhow = (message: OutboxMessage, before: OutboxMessage) => {
      if (message.status !== before.status || message.status === 'sending') this.#tellStatus(message);
    };
    return this.#change(id, hand, wasTakenBack ? tellAnyhow : undefined);
  }

  /** WhatsApp acknowledged a message. @returns null when it is not one of the outbox, or says nothing new */
  recordAck(waId: string, ack: number): Promise<OutboxMessage | null> {
    const known = this.#rows.findByWaId(waId);
    if (known === null || statusAfterAck(known.status, ack) === null) return Promise.resolve(null);
    return this.#change(known.id, (message) => {
      const next = statusAfterAck(message.status, ack);
      return next === null ? null : this.#with(message, next, ackReason(next));
    });
  }

  /** @returns null when it had been handed over or ended before */
  finish(
    id: string,
    status: 'failed' | 'expired' | 'cancelled',
    reason: MessageReason,
    from: readonly MessageStatus[],
  ): Promise<OutboxMessage | null> {
    return this.#change(id, (message) =>
      from.includes(message.status) ? this.#with(message, status, reason) : null,
    );
  }

  /** Tells once that WhatsApp's server is silent about it. */
  markStuck(id: string): Promise<OutboxMessage | null> {
    return this.#change(
      id,
      (message) =>
        message.status === 'sending' && message.stuckAt === null
          ? { ...message, stuckAt: this.#clock.now() }
          : null,
      (message) => this.#news.stuck(message),
    );
  }

  #tellStatus(message: OutboxMessage): void {
    this.#news.statusChanged(message, this.#clock.now());
  }

  #with(message: OutboxMessage, status: MessageStatus, reason: MessageReason | null): OutboxMessage {
    return {
      ...message,
      status,
      history: [...message.history, { status, at: this.#clock.now(), reason }],
    };
  }

  async #change(
    id: string,
    decide: (message: OutboxMessage) => OutboxMessage | null,
    tell?: (message: OutboxMessage, before: OutboxMessage) => void,
  ): Promise<OutboxMessage | null> {
    const changed = await this.#transactions.run(() => {
      const before = this.#rows.find(id);
      const after = before === null ? null : decide(before);
      if (before === null || after === null) return null;
      this.#rows.update(after);
      if (tell !== undefined) tell(after, before);
      else if (after.status !== before.status) this.#tellStatus(after);
      return after;
    });
    if (changed !== null) for (const listener of this.#listeners) listener(changed);
    return changed;
  }
}

/** What goes back and forth is told once. */
const inSilence = () => undefined;

function ackReason(status: MessageStatus): MessageReason | null {
  return status === 'failed'
    ? { code: 'whatsapp_error', message: 'WhatsApp reported an error for this message' }
    : null;
}
