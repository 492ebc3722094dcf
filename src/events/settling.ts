import type { Clock } from '../clock.ts';
import { further, type Watermark } from './watermark.ts';

interface Pending {
  /** The one that is noted next. */
  readonly first: Watermark;
  /** The furthest since then. */
  latest: Watermark | null;
}

/**
 * Holds watermarks back until they have settled. WhatsApp Web dates the account's own messages by the clock of this
 * machine and those of others by WhatsApp's: where this clock is fast, what somebody writes afterwards is older.
 */
export class Settling {
  readonly #clock: Clock;
  readonly #settledAfterMs: number;
  readonly #note: (chatId: string, mark: Watermark) => void;
  readonly #pending = new Map<string, Pending>();
  #cancel: (() => void) | null = null;

  /** @param note told of each mark once it has settled */
  constructor(clock: Clock, settledAfterMs: number, note: (chatId: string, mark: Watermark) => void) {
    this.#clock = clock;
    this.#settledAfterMs = settledAfterMs;
    this.#note = note;
  }

  /** Whether something of this time has settled. @param at milliseconds since the Unix epoch */
  isSettled(at: number): boolean {
    return at <= this.#clock.now() - this.#settledAfterMs;
  }

  add(chatId: string, mark: Watermark): void {
    const pending = this.#pending.get(chatId);
    // The one that waits is not replaced: where something is sent all the time, none would ever settle.
    if (pending === undefined) this.#pending.set(chatId, { first: mark, latest: null });
    else pending.latest = further(pending.latest, mark);
    this.#wait();
  }

  /** Forgets what has not settled. */
  clear(): void {
    this.#pending.clear();
    this.#cancel?.();
    this.#cancel = null;
  }

  #wait(): void {
    if (this.#pending.size === 0) return;
    this.#cancel ??= this.#clock.schedule(this.#settledAfterMs, () => {
      this.#cancel = null;
      for (const [chatId, { first, latest }] of [...this.#pending]) {
        if (!this.isSettled(first.at)) continue;
        this.#pending.delete(chatId);
        this.#note(chatId, first);
        if (latest !== null) this.#pending.set(chatId, { first: latest, latest: null });
      }
      this.#wait();
    });
  }
}
