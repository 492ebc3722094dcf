import type { Random } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { JournalEvent } from '../events/event.ts';
import type { Journal } from '../events/journal.ts';
import { newId } from '../ids.ts';
import type { Logger } from '../log.ts';
import { woken } from '../woken.ts';
import { attempt, type Attempt, type AttemptParts } from './attempt.ts';
import type { Transactions, WebhookRows } from './ports.ts';
import { isRefusedForGood, pauseAfter, refusedOnceMore, withoutRefusals } from './retry.ts';
import { wants, type Webhook, type WebhookProgress } from './webhook.ts';

/** After how many events that nobody wants the cursor is written. */
const SAVE_SKIPPED_AFTER = 500;

const PAGE = 100;

/** How many events one failed attempt can turn into dead letters. */
const BURY_AT_ONCE = 1_000;

export interface DispatchParts extends AttemptParts {
  readonly rows: WebhookRows;
  readonly transactions: Transactions;
  readonly journal: Journal;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * The deliveries of one subscription: its own loop, cursor and backoff, so that a dead receiver slows nobody
 * else down. In order; at least once, because the cursor is written after the receiver has answered.
 */
export class Dispatch {
  readonly #parts: DispatchParts;
  readonly #stop = new AbortController();
  #webhook: Webhook;
  #progress: WebhookProgress;
  #running: Promise<void> | null = null;
  #skipped = 0;

  constructor(webhook: Webhook, parts: DispatchParts) {
    this.#webhook = webhook;
    this.#progress = webhook.progress;
    this.#parts = parts;
  }

  /** The subscription as it is now. */
  get webhook(): Webhook {
    return { ...this.#webhook, progress: this.#progress };
  }

  start(): void {
    this.#running ??= this.#run().catch((error: unknown) => {
      this.#parts.log.error(
        { webhook: this.#webhook.id, reason: messageOf(error) },
        'the deliveries of a webhook ended unexpectedly',
      );
    });
  }

  /** Ends the loop; an attempt that is under way is broken off and made again at the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    if (this.#skipped > 0) {
      await this.#save(this.#progress).catch(() => {
        // The skipped events are only looked at once more.
      });
    }
  }

  /** Posts one event now, outside the order: a dead letter, or a test. */
  deliverNow(event: JournalEvent): Promise<Attempt> {
    return this.#attempt(event);
  }

  async #run(): Promise<void> {
    while (!this.#isOver()) {
      const page = this.#parts.journal.read(this.#progress.cursor, PAGE);
      if (page.length === 0) {
        await this.#wait((wake) => this.#parts.journal.onAppend(wake));
        continue;
      }
      this.#noticeLoss(page[0]);
      for (const event of page) {
        if (this.#isOver()) return;
        if (event.seq <= this.#progress.cursor) continue;
        if (wants(this.#webhook, event)) await this.#deliver(event);
        else await this.#skip(event);
      }
    }
  }

  #attempt(event: JournalEvent): Promise<Attempt> {
    return attempt(this.#webhook, event, this.#parts, this.#stop.signal);
  }

  #isOver(): boolean {
    return this.#stop.signal.aborted || !this.#webhook.enabled;
  }

  async #deliver(event: JournalEvent): Promise<void> {
    const { clock, retry, random, log } = this.#parts;
    while (!this.#isOver()) {
      const wait = (this.#progress.nextAttemptAt ?? 0) - clock.now();
      if (wait > 0) {
        // A clock that was set back must not make it wait longer than a pause can be.
        await this.#wait((wake) => clock.schedule(Math.min(wait, retry.longestPauseMs), wake));
        if ((this.#progress.nextAttemptAt ?? 0) - clock.now() > retry.longestPauseMs) {
          this.#progress = { ...this.#progress, nextAttemptAt: null };
        }
        continue;
      }
      const outcome = await this.#attempt(event);
      if (!outcome.delivered && this.#isOver()) return;
      const now = clock.now();
      if (outcome.delivered) {
        await this.#save({
          cursor: event.seq,
          attempts: 0,
          nextAttemptAt: null,
          failingSince: null,
          lastError: null,
          deliveredAt: now,
          refusals: withoutRefusals(this.#progress.refusals),
        });
        return;
      }
      const isRefused = outcome.verdict === 'refused';
      const attempts = this.#progress.attempts + 1;
      const failing: WebhookProgress = {
        ...this.#progress,
        attempts,
        failingSince: this.#progress.failingSince ?? now,
        lastError: outcome.error,
        nextAttemptAt: now + Math.max(outcome.pauseMs ?? 0, pauseAfter(attempts, retry, random)),
        refusals: isRefused
          ? refusedOnceMore(this.#progress.refusals, now)
          : withoutRefusals(this.#progress.refusals),
      };
      if (outcome.verdict === 'gone') {
        await this.#disable('The receiver answered 410 Gone', failing);
        return;
      }
      const isLost =
        now - (failing.failingSince ?? now) >= retry.giveUpAfterMs && this.#isOverdue(event, now);
      if (isLost || isRefusedForGood(failing.refusals, now, retry)) {
        await this.#bury(event, failing, isRefused);
        return;
      }
      if (attempts === 1) {
        log.warn(
          { webhook: this.#webhook.id, reason: outcome.error },
          'a webhook does not get through; it is tried again',
        );
      }
      await this.#save(failing);
    }
  }

  /**
   * Gives an event up. When it is the receiver that fails, everything else that has waited too long goes along,
   * so that an absence of weeks does not take weeks to work off; the pace stays slow until it is back.
   */
  async #bury(event: JournalEvent, failing: WebhookProgress, refused: boolean): Promise<void> {
    const { clock, journal, log, rows } = this.#parts;
    const at = clock.now();
    const lost = [event];
    let cursor = event.seq;
    for (const later of refused ? [] : journal.read(cursor, BURY_AT_ONCE)) {
      const wanted = wants(this.#webhook, later);
      if (wanted && !this.#isOverdue(later, at)) break;
      if (wanted) lost.push(later);
      cursor = later.seq;
    }
    log.warn(
      {
        webhook: this.#webhook.id,
        events: lost.length,
        attempts: failing.attempts,
        reason: failing.lastError,
      },
      'events could not be delivered and are now dead letters',
    );
    const progress = refused
      ? {
          ...failing,
          cursor,
          attempts: 0,
          nextAttemptAt: null,
          failingSince: null,
          refusals: { ...withoutRefusals(failing.refusals), gaveUpAt: at },
        }
      : { ...failing, cursor };
    await this.#save(progress, () => {
      for (const each of lost) {
        rows.bury({
          id: newId('dl', at),
          webhookId: this.#webhook.id,
          event: each,
          attempts: each === event ? failing.attempts : 0,
          lastError: failing.lastError,
          at,
        });
      }
    });
  }

  /** Whether it has waited here too long, whenever it happened: what is found after an absence has its tries as well. */
  #isOverdue(event: JournalEvent, now: number): boolean {
    return now - (this.#parts.journal.recordedAt(event.seq) ?? 0) >= this.#parts.retry.giveUpAfterMs;
  }

  async #disable(reason: string, progress: WebhookProgress): Promise<void> {
    const disabled: Webhook = { ...this.#webhook, enabled: false, disabledReason: reason };
    this.#parts.log.warn({ webhook: disabled.id, reason }, 'a webhook was switched off');
    await this.#save(progress, () => this.#parts.rows.update(disabled));
    this.#webhook = disabled;
  }

  async #skip(event: JournalEvent): Promise<void> {
    this.#progress = { ...this.#progress, cursor: event.seq };
    this.#skipped += 1;
    if (this.#skipped >= SAVE_SKIPPED_AFTER) await this.#save(this.#progress);
  }

  /** Writes the progress, however long the disk is full: a cursor that is not written means a repetition, not a loss. */
  async #save(progress: WebhookProgress, alongside?: () => void): Promise<void> {
    const { rows, transactions, clock, retry, log } = this.#parts;
    for (;;) {
      try {
        await transactions.run(() => {
          alongside?.();
          rows.saveProgress(this.#webhook.id, progress);
        });
        this.#progress = progress;
        this.#skipped = 0;
        return;
      } catch (error) {
        if (this.#stop.signal.aborted) throw error;
        log.error(
          { webhook: this.#webhook.id, reason: messageOf(error) },
          'the progress of a webhook cannot be written',
        );
        await this.#wait((wake) => clock.schedule(retry.firstPauseMs, wake));
      }
    }
  }

  /** Retention may have overtaken a receiver that was away for long. */
  #noticeLoss(next: JournalEvent | undefined): void {
    const first = this.#parts.journal.firstSeq();
    if (next === undefined || first === null || next.seq !== first) return;
    if (this.#progress.failingSince === null || first <= this.#progress.cursor + 1) return;
    this.#parts.log.warn(
      { webhook: this.#webhook.id, after: this.#progress.cursor, before: first },
      'retention may have removed events before this webhook took them',
    );
  }

  /** Resolves when `subscribe` calls back, or when the loop is to end. */
  #wait(subscribe: (wake: () => void) => () => void): Promise<void> {
    return woken(subscribe, this.#stop.signal);
  }
}
