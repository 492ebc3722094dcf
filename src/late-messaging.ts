import { dirname } from 'node:path';

import type { Clock } from './clock.ts';
import type { GatewayError } from './errors.ts';
import type { Journal } from './events/journal.ts';
import { IncomingRelay } from './incoming-relay.ts';
import type { Logger } from './log.ts';
import type { Messaging } from './messaging.ts';
import type { StatusBody } from './session/status.ts';
import { storageError } from './store/errors.ts';
import type { PageClient } from './whatsapp/page-client.ts';

/** How often an unusable data folder is looked at again, in milliseconds. */
const LOOK_AGAIN_MS = 3_000;

export interface LateMessagingOptions {
  /** The database; for messages about it. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Messaging as soon as its store can be opened. A bad `DATA_PATH` is no reason for the gateway to end: WhatsApp
 * connects, whoever needs the store is told why it is not there, and the folder is looked at again every few
 * seconds. What the session said meanwhile is made up for: its present state is told, and what its client heard
 * has waited in memory, within a bound, and is written down first.
 */
export class LateMessaging {
  readonly #options: LateMessagingOptions;
  readonly #relay: IncomingRelay;
  readonly #wakers = new Set<(journal: Journal) => void>();
  #messaging: Messaging | null = null;
  #failure: GatewayError;
  #told = '';
  #opening: Promise<void> = Promise.resolve();
  #cancel: (() => void) | null = null;
  #stopped = false;
  #status: StatusBody | null = null;

  constructor(options: LateMessagingOptions) {
    this.#options = options;
    this.#relay = new IncomingRelay(options.log);
    this.#failure = storageError(new Error('it is not open yet'), options.path);
  }

  /** @throws GatewayError `storage_in_use`, `storage_newer`, `storage_full`, `storage_unavailable`: why it is not there */
  get current(): Messaging {
    if (this.#messaging === null) throw this.#failure;
    return this.#messaging;
  }

  /** The same, for who can do without: null while it is not there. */
  get ifOpen(): Messaging | null {
    return this.#messaging;
  }

  /** Calls `wake` once the store is open, unless the returned function is called before. */
  onOpen(wake: (journal: Journal) => void): () => void {
    this.#wakers.add(wake);
    return () => this.#wakers.delete(wake);
  }

  /**
   * Opens the store, now or as soon as it can be. Never rejects.
   * @param build builds the whole on the store; throws a GatewayError when that cannot be opened
   */
  start(build: () => Messaging): Promise<void> {
    this.#opening = this.#open(build);
    return this.#opening;
  }

  /** There is a new client of the library. */
  attach(library: PageClient): void {
    this.#relay.attach(library);
  }

  /** Follows the state of the session. */
  follow(status: StatusBody): void {
    this.#status = status;
    this.#messaging?.follow(status);
  }

  /** Stops sending, delivering, and looking at the folder. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#opening;
    await this.#messaging?.stop();
  }

  /** Writes what has gathered and gives the database back. */
  close(): void {
    this.#messaging?.close();
  }

  async #open(build: () => Messaging): Promise<void> {
    let messaging: Messaging | null = null;
    try {
      messaging = build();
      await messaging.start();
    } catch (error) {
      await messaging?.stop();
      messaging?.close();
      this.#failed(storageError(error, this.#options.path), build);
      return;
    }
    this.#messaging = messaging;
    // Readers first: what is written from here on is news to them.
    for (const wake of this.#wakers) wake(messaging.journal);
    this.#wakers.clear();
    this.#relay.open(messaging.incoming);
    if (this.#status !== null) messaging.follow(this.#status);
    if (this.#told !== '') this.#options.log.info({}, 'the data folder is right now; messages flow');
  }

  #failed(failure: GatewayError, build: () => Messaging): void {
    this.#failure = failure;
    const { code, message, action } = failure;
    const told = `${code} ${message}`;
    if (told !== this.#told) {
      this.#options.log.error(
        { code, action, folder: dirname(this.#options.path) },
        `${message}. Messages, events and webhooks wait for it; the gateway looks again by itself`,
      );
    }
    this.#told = told;
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.schedule(LOOK_AGAIN_MS, () => void this.start(build));
  }
}
