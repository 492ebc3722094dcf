import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { derivedId, newId } from '../ids.ts';
import type { Logger } from '../log.ts';
import { EVENT_VERSION, type EventInput, type JournalEvent } from './event.ts';
import type { JournalRows, Transactions } from './ports.ts';
import type { Watermark } from './watermark.ts';
import { Watermarks } from './watermarks.ts';

/** How many of the newest events are kept in memory, so that live readers do not ask the disk. */
const RECENT = 1_000;

/** How many events may wait for a disk that is full; beyond, the newest are dropped (and found again at the next ready). */
const MAX_PENDING = 20_000;

const RETRY_MS = 1_000;

/**
 * What happened, numbered and on the disk before anybody hears of it. Everybody reads by sequence number: what is
 * live and what is past are the same list, so that nobody sees a gap or a repetition between the two.
 */
export class Journal {
  /** How far each chat is known. */
  readonly watermarks: Watermarks;
  readonly #rows: JournalRows;
  readonly #transactions: Transactions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #wakers = new Set<() => void>();
  #recent: JournalEvent[] = [];
  /** The lowest sequence number above which `#recent` is complete. */
  #recentSince: number;
  #lastSeq: number;
  #waiting: { input: EventInput; resolve: (event: JournalEvent | null) => void }[] = [];
  #writing = false;
  #dropped = 0;

  constructor(rows: JournalRows, transactions: Transactions, clock: Clock, log: Logger) {
    this.#rows = rows;
    this.#transactions = transactions;
    this.#clock = clock;
    this.#log = log;
    this.watermarks = new Watermarks(rows, transactions);
    this.#lastSeq = rows.lastSeq();
    this.#recentSince = this.#lastSeq;
  }

  /** The sequence number of the newest event; 0 when there has never been one. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /**
   * Writes an event down. While the disk is full it waits, in order, and goes on by itself.
   * @returns the event once it is on the disk, or null when it is a repetition (or too many waited)
   */
  append(input: EventInput): Promise<JournalEvent | null> {
    if (this.#waiting.length >= MAX_PENDING) {
      if (this.#dropped === 0)
        this.#log.error({ waiting: MAX_PENDING }, 'too many events wait for the disk; dropping');
      this.#dropped += 1;
      this.watermarks.fallBehind();
      return Promise.resolve(null);
    }
    return new Promise((resolve) => {
      this.#waiting.push({ input, resolve });
      if (!this.#writing) void this.#write();
    });
  }

  /**
   * Writes an event inside a transaction that is under way, together with what it tells of.
   * @returns null when it is a repetition
   */
  record(input: EventInput): JournalEvent | null {
    const now = this.#clock.now();
    const event: Omit<JournalEvent, 'seq'> = {
      id: input.key === null ? newId('evt', now) : derivedId('evt', `${input.type} ${input.key}`),
      type: input.type,
      version: EVENT_VERSION,
      timestamp: new Date(input.at).toISOString(),
      replayed: input.replayed ?? false,
      data: input.data,
    };
    const seq = this.#rows.insert(event, now);
    if (seq === null) return null;
    if (input.type === 'message') {
      this.watermarks.note(input.data.chatId, { at: input.at, ids: [input.data.id] });
    }
    // The order of properties is what people see.
    const { id, ...rest } = event;
    const recorded: JournalEvent = { id, seq, ...rest };
    this.#transactions.afterCommit(() => {
      this.#publish(recorded);
    });
    return recorded;
  }

  /** Events above `since`, oldest first, at most `limit`. */
  read(since: number, limit: number): JournalEvent[] {
    if (since >= this.#lastSeq) return [];
    if (since < this.#recentSince) return this.#rows.read(since, limit);
    let low = 0;
    let high = this.#recent.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#recent[middle]?.seq ?? 0) > since) high = middle;
      else low = middle + 1;
    }
    return this.#recent.slice(low, low + limit);
  }

  /**
   * Where somebody goes on who has handled the events up to `since`: there, or at the beginning when this journal
   * has never come that far. Then the number is one of another journal (DATA_PATH was emptied, or an older copy of
   * it put back), and what this one holds is news.
   */
  resumeFrom(since: number): number {
    return since <= this.#lastSeq ? since : 0;
  }

  /**
   * Whether somebody who has handled the events up to `since` cannot get all that came after: retention has removed
   * some, or the number is one of another journal.
   */
  misses(since: number): boolean {
    if (since > this.#lastSeq) return true;
    return since < this.#recentSince && (this.firstSeq() ?? Infinity) > since + 1;
  }

  /** Calls `wake` whenever there is something new to read, until the returned function is called. */
  onAppend(wake: () => void): () => void {
    this.#wakers.add(wake);
    return () => this.#wakers.delete(wake);
  }

  /** The lowest sequence number that can still be read, or null when the journal is empty. */
  firstSeq(): number | null {
    return this.#rows.firstSeq();
  }

  /**
   * When an event was written down, which for one that was found after an absence is long after it happened; null
   * when retention has removed it.
   */
  recordedAt(seq: number): number | null {
    return this.#rows.recordedAt(seq);
  }

  /** Messages are known without an event: the account's own. Resolves when that is on the disk, if it has to be. */
  note(chatId: string, mark: Watermark): Promise<void> {
    return this.#transactions.run(() => this.watermarks.note(chatId, mark));
  }

  async #write(): Promise<void> {
    this.#writing = true;
    let isLate = false;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      try {
        const written = await this.#transactions.run(() => batch.map(({ input }) => this.record(input)));
        this.#waiting = this.#waiting.slice(written.length);
        if (this.#dropped > 0)
          this.#log.error({ dropped: this.#dropped }, 'events were dropped while the disk was full');
        this.#dropped = 0;
        for (const [index, { resolve }] of batch.slice(0, written.length).entries()) {
          resolve(written[index] ?? null);
        }
        if (isLate) this.#log.info({ written: written.length }, 'events are written again');
        isLate = false;
      } catch (error) {
        // Once: the log may be on the disk that is full.
        if (!isLate) {
          this.#log.error(
            { waiting: this.#waiting.length, reason: messageOf(error) },
            'events cannot be written yet; they wait in memory',
          );
        }
        isLate = true;
        await new Promise<void>((resolve) => this.#clock.schedule(RETRY_MS, resolve));
      }
    }
    this.#writing = false;
  }

  #publish(event: JournalEvent): void {
    this.#lastSeq = event.seq;
    this.#recent.push(event);
    if (this.#recent.length > RECENT * 2) {
      const removed = this.#recent.splice(0, RECENT);
      this.#recentSince = removed.at(-1)?.seq ?? this.#recentSince;
    }
    for (const wake of this.#wakers) {
      try {
        wake();
      } catch (error) {
        this.#log.error({ reason: messageOf(error) }, 'a reader of the journal failed');
      }
    }
  }
}
