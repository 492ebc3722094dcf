import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Webhook } from '../webhooks/webhook.ts';
import type { Store } from './store.ts';

export interface RetentionSettings {
  /** How long events are kept, in milliseconds. */
  readonly eventsMs: number;
  /** How large the journal may grow, in bytes of event data. */
  readonly eventsBytes: number;
  /** How long finished messages and their idempotency keys are kept; at least a day. */
  readonly messagesMs: number;
  /** How much the messages may take, in bytes, with the files of those that can be sent again. */
  readonly messagesBytes: number;
  /** How long dead letters are kept. */
  readonly deadLettersMs: number;
}

const DAY_MS = 24 * 3_600_000;

export const DEFAULT_RETENTION: RetentionSettings = {
  eventsMs: 30 * DAY_MS,
  eventsBytes: 512 * 1024 * 1024,
  messagesMs: 30 * DAY_MS,
  messagesBytes: 2 * 1024 ** 3,
  deadLettersMs: 30 * DAY_MS,
};

/** Idempotency keys are promised for 24 hours; twice that leaves no doubt. */
const IDEMPOTENCY_MS = 2 * DAY_MS;

/** A file may be younger than the message that needs it; nobody takes longer than this to be accepted. */
const MEDIA_GRACE_MS = 3_600_000;

const RUN_EVERY_MS = 10 * 60_000;

/** Rows of one transaction, so that a large clean-up does not hold up what is accepted meanwhile. */
const STEP = 1_000;

/** Removes what is too old or too much, piece by piece. */
export class Retention {
  readonly #store: Store;
  readonly #settings: RetentionSettings;
  readonly #clock: Clock;
  readonly #log: Logger;
  #cancel: (() => void) | null = null;
  #running: Promise<void> = Promise.resolve();
  readonly #others: readonly ((now: number) => Promise<void>)[];
  #stopped = false;
  /** What the log was told last of what fails; empty when nothing does. */
  #told = '';

  /** @param others clean-ups of what is not in the store, called with the present time */
  constructor(
    store: Store,
    settings: RetentionSettings,
    clock: Clock,
    log: Logger,
    others: readonly ((now: number) => Promise<void>)[] = [],
  ) {
    this.#others = others;
    this.#store = store;
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
  }

  /** Cleans up now and every ten minutes. */
  start(): void {
    this.#running = this.run()
      .then(
        () => {
          if (this.#told !== '') this.#log.info('old messages, events and files are removed again');
          this.#told = '';
        },
        (error: unknown) => {
          const reason = messageOf(error);
          // Once: it comes again every ten minutes until somebody does something about it.
          if (reason !== this.#told) {
            this.#log.warn({ reason }, 'not all old messages, events and files could be removed');
          }
          this.#told = reason;
        },
      )
      .then(() => {
        if (!this.#stopped) this.#cancel = this.#clock.schedule(RUN_EVERY_MS, () => this.start());
      });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  /**
   * One clean-up. A part that fails does not keep the others from being done.
   * @throws AggregateError of what failed, when everything has been tried; its message names each reason
   */
  async run(): Promise<void> {
    const now = this.#clock.now();
    const { outbox, journal, webhooks, transactions, outgoingMedia } = this.#store;
    const settings = this.#settings;
    const parts = [
      // Files first: a database needs room to forget, and a full disk has none before they are gone.
      () => outgoingMedia.sweep(now - MEDIA_GRACE_MS, (sha256) => outbox.needsMedia(sha256)),
      ...this.#others.map((other) => () => other(now)),
      () => this.#repeat(() => outbox.removeFinished(now - settings.messagesMs, STEP).messages),
      // The answer to a repeated request is made from the message: as long as the key is known, it stays.
      () =>
        this.#shrink(outbox.bytes() - settings.messagesBytes, () => {
          const { messages, bytes } = outbox.removeFinished(now - IDEMPOTENCY_MS, STEP);
          return { rows: messages, bytes };
        }),
      () => transactions.run(() => outbox.forgetIdempotency(now - IDEMPOTENCY_MS)),
      () => transactions.run(() => webhooks.removeDeadLettersBefore(now - settings.deadLettersMs)),
      () =>
        this.#repeat(() => {
          const old = now - settings.eventsMs;
          return journal.removeOlderThan(old, takenByAll(webhooks.all()), STEP).events;
        }),
      () =>
        this.#shrink(journal.bytes() - settings.eventsBytes, () => {
          const { events, bytes } = journal.removeOldest(STEP);
          return { rows: events, bytes };
        }),
      () => {
        this.#store.connection.exec('PRAGMA incremental_vacuum(1000)');
        return Promise.resolve();
      },
    ];
    const errors: unknown[] = [];
    for (const part of parts) {
      try {
        await part();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, [...new Set(errors.map(messageOf))].join('; '));
  }

  async #shrink(excess: number, step: () => { rows: number; bytes: number }): Promise<void> {
    let left = excess;
    while (left > 0 && !this.#stopped) {
      const { rows, bytes } = await this.#store.transactions.run(step);
      if (rows === 0) break;
      left -= bytes;
    }
  }

  async #repeat(step: () => number): Promise<void> {
    let removed = STEP;
    while (removed === STEP && !this.#stopped) removed = await this.#store.transactions.run(step);
  }
}

/**
 * The number up to which every webhook that is switched on has taken its events, or has given them up. Age alone
 * takes nothing from them: after weeks of absence they get their tries first. The limit of size does.
 */
function takenByAll(webhooks: readonly Webhook[]): number {
  const cursors = webhooks.filter(({ enabled }) => enabled).map(({ progress }) => progress.cursor);
  return Math.min(Number.MAX_SAFE_INTEGER, ...cursors);
}
