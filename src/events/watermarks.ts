import type { JournalRows, Transactions } from './ports.ts';
import { further, secondOf, type Watermark } from './watermark.ts';

/** The name under which it is kept when the journal began: older history is none of its business. */
const BEGINNING = '*';

/** Why a chat counts as known up to a message only that cannot be read yet. */
export interface Hold {
  /** The time of that message. */
  readonly at: number;
  /** How far the chat is known beyond it. */
  beyond: Watermark | null;
}

/**
 * How far each chat is known, so that what came in during an absence is found and nothing is looked for twice. It
 * outlives the events, which retention removes.
 *
 * A watermark stays where it is while something older may be missing: of every chat during an absence and until its
 * search has ended, and of one chat while WhatsApp Web cannot read one of its messages yet. What is heard meanwhile
 * is remembered and counts afterwards.
 */
export class Watermarks {
  readonly #rows: JournalRows;
  readonly #transactions: Transactions;
  /** What is heard during an absence; null when there is none. It begins as one: nobody knows what came before. */
  #behind: Map<string, Watermark> | null = new Map();
  #absences = 1;
  /** Each `hold` puts a new one in the place of the one before. */
  readonly #held = new Map<string, Hold>();

  constructor(rows: JournalRows, transactions: Transactions) {
    this.#rows = rows;
    this.#transactions = transactions;
  }

  /** When the journal began to look after this account, or null when it has not yet. */
  get beginning(): number | null {
    return this.#rows.watermark(BEGINNING)?.at ?? null;
  }

  /** It begins now: what is older is never looked for. @param at milliseconds since the Unix epoch */
  begin(at: number): Promise<void> {
    return this.#transactions.run(() => this.#rows.setWatermark(BEGINNING, { at, ids: [] }));
  }

  /** How far a chat is known for certain, or null when nothing was ever heard of it. */
  of(chatId: string): Watermark | null {
    return this.#rows.watermark(chatId);
  }

  /** A message is known. To be called inside a transaction; what is only remembered counts once that is on the disk. */
  note(chatId: string, mark: Watermark): void {
    const behind = this.#behind;
    if (behind === null) this.#raise(chatId, mark);
    else {
      this.#transactions.afterCommit(() => {
        add(behind, chatId, mark);
        // The absence has ended in this very transaction: nobody looks at that list any more.
        if (behind !== this.#behind)
          this.#transactions.run(() => this.note(chatId, mark)).catch(() => undefined);
      });
    }
  }

  /** Forgets every chat, inside a transaction that is under way: they are another account's now. */
  forget(): void {
    this.#rows.forgetWatermarks();
    this.#transactions.afterCommit(() => {
      if (this.#behind !== null) this.#behind = new Map();
      this.#held.clear();
    });
  }

  /** Messages may be missed from now on, until `caughtUp`. */
  fallBehind(): void {
    this.#behind ??= new Map();
    this.#absences += 1;
  }

  /** Counts the absences, for `caughtUp`. */
  get absences(): number {
    return this.#absences;
  }

  /**
   * What was missed is written down.
   * @param absences as it was when the search began; another absence since then is not over
   */
  async caughtUp(absences: number): Promise<void> {
    const behind = this.#behind;
    if (behind === null || absences !== this.#absences) return;
    try {
      await this.#transactions.run(() => {
        for (const [chatId, mark] of behind) this.#raise(chatId, mark);
        // Inside: what is written down after these rows counts at once again.
        if (absences === this.#absences) this.#behind = null;
      });
    } catch (error) {
      // None of it is on the disk: the absence is not over.
      this.#behind ??= behind;
      throw error;
    }
  }

  /** The chats that are held now. */
  get held(): Map<string, Hold> {
    return new Map(this.#held);
  }

  /** A message of this time cannot be read yet: the chat counts as known up to there only, until `release`. */
  hold(chatId: string, at: number): void {
    const known = this.#held.get(chatId);
    this.#held.set(chatId, { at: Math.min(at, known?.at ?? at), beyond: known?.beyond ?? null });
  }

  /**
   * What a chat was held for has been read, or will never be.
   * @param hold as it was when that was looked for: what was held since then stays
   */
  async release(chatId: string, hold: Hold): Promise<void> {
    if (this.#held.get(chatId) !== hold) return;
    this.#held.delete(chatId);
    const { beyond } = hold;
    if (beyond !== null) await this.#transactions.run(() => this.note(chatId, beyond));
  }

  #raise(chatId: string, mark: Watermark): void {
    const held = this.#held.get(chatId);
    if (held !== undefined && secondOf(mark.at) >= secondOf(held.at)) {
      this.#transactions.afterCommit(() => {
        held.beyond = further(held.beyond, mark);
      });
      return;
    }
    const known = this.#rows.watermark(chatId);
    const next = further(known, mark);
    if (next !== known) this.#rows.setWatermark(chatId, next);
  }
}

function add(marks: Map<string, Watermark>, chatId: string, mark: Watermark): void {
  marks.set(chatId, further(marks.get(chatId) ?? null, mark));
}
