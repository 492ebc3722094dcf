import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { EventInput } from './event.ts';
import type { Journal } from './journal.ts';

/** WhatsApp's history, as the gap replay needs it. */
export interface History {
  /** Every chat with the time of its newest message, in milliseconds since the Unix epoch. */
  chats(): Promise<readonly { readonly id: string; readonly at: number }[]>;
  /** The messages of a chat that are not older than `since`, oldest first, at most the newest `limit`. */
  messages(chatId: string, since: number, limit: number): Promise<readonly EventInput[]>;
}

/** The name under which the journal keeps when it began: older history is none of its business. */
const BEGINNING = '*';

/** What is looked at in one chat at most; a gateway that was away for months does not replay a whole life. */
const LIMIT_PER_CHAT = 500;

/** Between two searches of which the first did not come to its end, in milliseconds; the last one repeats. */
const PAUSES = [5_000, 30_000, 120_000, 600_000] as const;

/**
 * Finds what came in while the gateway was away: chats whose newest message is newer than what the journal knows
 * of them. What the journal has already is recognised there and dropped, so looking twice does no harm.
 */
export class GapReplay {
  readonly #journal: Journal;
  readonly #history: History;
  readonly #clock: Clock;
  readonly #log: Logger;
  #running: Promise<void> | null = null;
  #again = false;
  #failures = 0;
  #paused = false;
  #cancelRetry: (() => void) | null = null;

  constructor(journal: Journal, history: History, clock: Clock, log: Logger) {
    this.#journal = journal;
    this.#history = history;
    this.#clock = clock;
    this.#log = log;
  }

  /** To be called whenever WhatsApp is ready. Resolves when what was missed is in the journal; never rejects. */
  run(): Promise<void> {
    this.#cancelRetry?.();
    this.#paused = false;
    this.#again = true;
    this.#running ??= this.#loop().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** WhatsApp is away, or the gateway stops: what is left is looked for at the next `run`. */
  pause(): void {
    this.#cancelRetry?.();
    this.#failures = 0;
    this.#paused = true;
  }

  async #loop(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        const { absences } = this.#journal;
        const found = await this.#replay();
        await this.#journal.caughtUp(absences);
        this.#failures = 0;
        if (found > 0) this.#log.info({ found }, 'messages that came in meanwhile are now in the journal');
      } catch (error) {
        this.#log.warn(
          { reason: messageOf(error) },
          'what came in meanwhile could not be looked for; it is tried again',
        );
        this.#retry();
      }
    }
  }

  #retry(): void {
    if (this.#paused) return;
    const pause = PAUSES[Math.min(this.#failures, PAUSES.length - 1)] ?? 0;
    this.#failures += 1;
    this.#cancelRetry?.();
    this.#cancelRetry = this.#clock.schedule(pause, () => void this.run());
  }

  async #replay(): Promise<number> {
    const beginning = this.#journal.watermark(BEGINNING);
    if (beginning === null) {
      await this.#journal.raiseWatermark(BEGINNING, this.#clock.now());
      return 0;
    }
    let found = 0;
    let failure: Error | null = null;
    for (const chat of await this.#history.chats()) {
      const since = this.#journal.watermark(chat.id) ?? beginning;
      // WhatsApp counts in seconds: a second message of the same second is newer, and does not look it.
      const second = Math.floor(since / 1000) * 1000;
      if (chat.at < second) continue;
      try {
        for (const event of await this.#history.messages(chat.id, second, LIMIT_PER_CHAT)) {
          if ((await this.#journal.append(event)) !== null) found += 1;
        }
      } catch (error) {
        // One chat that cannot be read does not keep the others from being looked at.
        failure ??= new Error(messageOf(error), { cause: error });
      }
    }
    if (failure !== null) throw failure;
    return found;
  }
}
