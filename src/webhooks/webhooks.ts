import { GatewayError } from '../errors.ts';
import { newId } from '../ids.ts';
import { Dispatch, type DispatchParts } from './dispatch.ts';
import type { NewWebhook, WebhookChanges } from './schema.ts';
import { newSecret } from './sign.ts';
import { progressFrom, type DeadLetter, type Webhook, type WebhookProgress } from './webhook.ts';

/** The one subscription of the environment keeps its id, and so its place in the journal, across restarts. */
const ENVIRONMENT_ID = 'wh_environment';

/** Why it is switched off while the environment names none. */
const NO_ENVIRONMENT = 'WEBHOOK_URL is not set';

const MAX_WEBHOOKS = 50;

/** How many dead letters one call delivers again. */
const REDRIVE_LIMIT = 100;

export interface EnvironmentWebhook {
  readonly url: string;
  readonly secret: string;
  readonly events: readonly string[];
}

export interface RedriveResult {
  readonly delivered: number;
  /** How many the receiver did not want this time either; they stay, and are passed over. */
  readonly refused: number;
  /** How many there are afterwards, those that were not tried included. */
  readonly remaining: number;
  /** Why the last one that was not delivered was not; null when all were. */
  readonly error: string | null;
  /** Where to go on, a letter's number; null when every letter was tried. */
  readonly next: number | null;
}

/** All subscriptions: what they are, and the running deliveries of each. */
export class Webhooks {
  readonly #parts: DispatchParts;
  readonly #dispatches = new Map<string, Dispatch>();
  readonly #redrives = new Map<string, Promise<RedriveResult>>();
  /** Dead letters that were delivered while the disk was full: they are to go, and not to be delivered again. */
  readonly #taken = new Set<string>();
  #started = false;
  /** Changes come one after the other: each counts the others, or stops a delivery and starts it anew. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(parts: DispatchParts) {
    this.#parts = parts;
  }

  /**
   * Starts all deliveries where they ended.
   * @param environment the subscription of WEBHOOK_URL, or null
   */
  async start(environment: EnvironmentWebhook | null): Promise<void> {
    await this.#applyEnvironment(environment);
    this.#started = true;
    for (const webhook of this.#parts.rows.all()) this.#launch(webhook);
  }

  /** Ends all deliveries, once the changes that are under way are done: they would begin new ones. */
  stop(): Promise<void> {
    return this.#afterOthers(async () => {
      this.#started = false;
      await Promise.all([...this.#dispatches.values()].map((dispatch) => dispatch.stop()));
      // What was delivered is off the list before the database closes.
      await Promise.allSettled(this.#redrives.values());
      this.#dispatches.clear();
    });
  }

  list(): Webhook[] {
    return [...this.#dispatches.values()].map((dispatch) => dispatch.webhook);
  }

  /** @throws GatewayError `not_found` */
  get(id: string): Webhook {
    return this.#dispatch(id).webhook;
  }

  /** Subscribes; what happens from now on is delivered. @throws GatewayError `wrong_state` when there are too many */
  create(request: NewWebhook): Promise<Webhook> {
    return this.#afterOthers(() => this.#create(request));
  }

  async #create(request: NewWebhook): Promise<Webhook> {
    const { rows, transactions, clock, journal } = this.#parts;
    if (this.#dispatches.size >= MAX_WEBHOOKS) {
      throw new GatewayError({
        code: 'wrong_state',
        message: `There are ${MAX_WEBHOOKS} webhooks already`,
        action: 'Remove one that is not needed any more',
      });
    }
    const now = clock.now();
    const webhook: Webhook = {
      ...request,
      id: newId('wh', now),
      origin: 'rest',
      secret: request.secret ?? newSecret(),
      disabledReason: null,
      createdAt: now,
      progress: progressFrom(journal.lastSeq),
    };
    await transactions.run(() => rows.insert(webhook));
    return this.#launch(webhook);
  }

  /**
   * Changes a subscription; it goes on where it was. Switched on again, it first delivers what it missed.
   * @throws GatewayError `not_found`; `wrong_state` for the one of the environment
   */
  change(id: string, changes: WebhookChanges): Promise<Webhook> {
    return this.#afterOthers(() => this.#change(id, changes));
  }

  /** @throws GatewayError `not_found`; `wrong_state` for the one of the environment while that names it */
  remove(id: string): Promise<void> {
    return this.#afterOthers(() => this.#remove(id));
  }

  async #change(id: string, changes: WebhookChanges): Promise<Webhook> {
    const before = this.#restOnly(id);
    await this.#stopOne(id);
    const { rows, transactions } = this.#parts;
    const webhook: Webhook = {
      ...before.webhook,
      url: changes.url ?? before.webhook.url,
      secret: changes.secret ?? before.webhook.secret,
      events: changes.events ?? before.webhook.events,
      chats: changes.chats ?? before.webhook.chats,
      headers: changes.headers ?? before.webhook.headers,
      enabled: changes.enabled ?? before.webhook.enabled,
      disabledReason: changes.enabled === true ? null : before.webhook.disabledReason,
      // A repaired receiver is tried at once.
      progress: triedAnew(before.webhook.progress),
    };
    try {
      await transactions.run(() => {
        rows.update(webhook);
        rows.saveProgress(id, webhook.progress);
      });
    } catch (error) {
      this.#launch(before.webhook);
      throw error;
    }
    return this.#launch(webhook);
  }

  async #remove(id: string): Promise<void> {
    const { webhook } = this.#dispatch(id);
    if (webhook.disabledReason !== NO_ENVIRONMENT) this.#restOnly(id);
    await this.#stopOne(id);
    try {
      await this.#parts.transactions.run(() => this.#parts.rows.remove(id));
    } catch (error) {
      this.#launch(webhook);
      throw error;
    }
  }

  /** Oldest first, above the sequence number `after`. @throws GatewayError `not_found` */
  deadLetters(id: string, after: number, limit: number): DeadLetter[] {
    this.#dispatch(id);
    return this.#parts.rows.deadLetters(id, after, limit);
  }

  /** @throws GatewayError `not_found` */
  deadLetterCount(id: string): number {
    this.#dispatch(id);
    return this.#parts.rows.deadLetterCount(id);
  }

  /**
   * Delivers dead letters again, oldest first, at most 100. One that the receiver refuses is passed over; when it
   * cannot be reached, or does not answer as it should, the others would fare no better.
   * @param after the number of the letter after which it begins
   * @throws GatewayError `not_found`; `wrong_state` while it is switched off, and while this is under way already
   */
  async redrive(id: string, after = 0): Promise<RedriveResult> {
    const dispatch = this.#dispatch(id);
    if (!dispatch.webhook.enabled) {
      throw new GatewayError({
        code: 'wrong_state',
        message: 'This webhook is switched off',
        action: 'Switch it on first: PATCH it with {"enabled": true}, or set WEBHOOK_URL again and restart',
      });
    }
    // Two would deliver the same letters.
    if (this.#redrives.has(id)) {
      throw new GatewayError({
        code: 'wrong_state',
        message: 'The dead letters of this webhook are being delivered already',
        action: 'Wait until they are through; its deadLetters says how many are left',
      });
    }
    const redrive = this.#redrive(id, dispatch, after).finally(() => this.#redrives.delete(id));
    this.#redrives.set(id, redrive);
    return redrive;
  }

  async #redrive(id: string, dispatch: Dispatch, after: number): Promise<RedriveResult> {
    const { rows, transactions } = this.#parts;
    let [delivered, refused, last] = [0, 0, after];
    let error: string | null = null;
    for (const letter of rows.deadLetters(id, after, REDRIVE_LIMIT)) {
      if (!this.#taken.has(letter.id)) {
        const outcome = await dispatch.deliverNow(letter.event);
        if (!outcome.delivered) {
          ({ error } = outcome);
          if (outcome.verdict !== 'refused') break;
          refused += 1;
          last = letter.seq;
          continue;
        }
      }
      this.#taken.add(letter.id);
      await transactions.run(() => rows.removeDeadLetter(letter.id));
      this.#taken.delete(letter.id);
      delivered += 1;
      last = letter.seq;
    }
    const next = rows.deadLetters(id, last, 1).length === 0 ? null : last;
    return { delivered, refused, remaining: rows.deadLetterCount(id), error, next };
  }

  #afterOthers<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#changing.then(work);
    this.#changing = result.catch(() => undefined);
    return result;
  }

  #launch(webhook: Webhook): Webhook {
    // What is changed before the start, or after the end, is delivered from the next start on.
    if (!this.#started) return webhook;
    const dispatch = new Dispatch(webhook, this.#parts);
    this.#dispatches.set(webhook.id, dispatch);
    dispatch.start();
    return webhook;
  }

  async #stopOne(id: string): Promise<void> {
    await this.#dispatches.get(id)?.stop();
    this.#dispatches.delete(id);
  }

  #dispatch(id: string): Dispatch {
    const dispatch = this.#started ? this.#dispatches.get(id) : undefined;
    if (dispatch !== undefined) return dispatch;
    throw new GatewayError({ code: 'not_found', message: 'There is no webhook of this id' });
  }

  #restOnly(id: string): Dispatch {
    const dispatch = this.#dispatch(id);
    if (dispatch.webhook.origin === 'rest') return dispatch;
    throw new GatewayError({
      code: 'wrong_state',
      message: 'This webhook comes from the environment and cannot be changed by a call',
      action: 'Change WEBHOOK_URL, WEBHOOK_SECRET or WEBHOOK_EVENTS and restart',
    });
  }

  async #applyEnvironment(environment: EnvironmentWebhook | null): Promise<void> {
    const { rows, transactions, clock, journal, log } = this.#parts;
    const present = rows.all().find(({ id }) => id === ENVIRONMENT_ID);
    if (environment === null) {
      if (present === undefined || present.disabledReason === NO_ENVIRONMENT) return;
      // A start with a setting missing is a mistake more often than a farewell, and a removal takes its place in the
      // journal and its dead letters along.
      log.warn(
        { deadLetters: rows.deadLetterCount(ENVIRONMENT_ID) },
        'WEBHOOK_URL is not set any more; its webhook is switched off, and goes on when it is set again',
      );
      const off: Webhook = { ...present, enabled: false, disabledReason: NO_ENVIRONMENT };
      await transactions.run(() => rows.update(off));
      return;
    }
    const isSame = present?.enabled === true && present.url === environment.url;
    const webhook: Webhook = {
      ...environment,
      id: ENVIRONMENT_ID,
      origin: 'environment',
      chats: [],
      headers: {},
      enabled: true,
      disabledReason: null,
      createdAt: present?.createdAt ?? clock.now(),
      progress: progressFrom(journal.lastSeq),
    };
    await transactions.run(() => {
      if (present === undefined) {
        rows.insert(webhook);
        return;
      }
      rows.update(webhook);
      // A receiver that has moved goes on where it was at its old address.
      if (!isSame) rows.saveProgress(ENVIRONMENT_ID, triedAnew(present.progress));
    });
  }
}

/** The progress of a receiver that has changed: it goes on where it was, and how it fared before counts no more. */
function triedAnew(progress: WebhookProgress): WebhookProgress {
  const { cursor, lastError, deliveredAt } = progress;
  return { ...progressFrom(cursor), lastError, deliveredAt };
}
