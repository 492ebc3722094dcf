import { join, resolve } from 'node:path';

import { AccountChange } from './account-change.ts';
import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { messageOf } from './errors.ts';
import { GapReplay } from './events/gap.ts';
import { Journal } from './events/journal.ts';
import { ackNameOf } from './events/types.ts';
import { outboxNews } from './events/outbox-news.ts';
import type { Logger } from './log.ts';
import { InboundMedia } from './media/inbound.ts';
import { MediaIntake } from './media/intake.ts';
import type { IncomingSink } from './incoming-relay.ts';
import { Acknowledgements } from './messages/acknowledgements.ts';
import { MissedAcknowledgements, type MissedAcknowledgement } from './messages/missed-acknowledgements.ts';
import type { MessageActions } from './messages/actions.ts';
import {
  createMessages,
  DEFAULT_MESSAGE_SETTINGS,
  type Messages,
  type MessageSettings,
} from './messages/messages.ts';
import { MediaMissingError } from './messages/transport.ts';
import type { StatusBody } from './session/status.ts';
import { MessageMetrics } from './metrics/message-metrics.ts';
import { DEFAULT_RETENTION, Retention } from './store/retention.ts';
import { storageError } from './store/errors.ts';
import { openStore, type Store } from './store/store.ts';
import { postWithFetch } from './webhooks/post.ts';
import { DEFAULT_RETRY, type RetrySettings } from './webhooks/retry.ts';
import { Webhooks } from './webhooks/webhooks.ts';
import type { CurrentClient } from './whatsapp/current-client.ts';
import { PageHistory } from './whatsapp/history.ts';
import { WwebjsTransport } from './whatsapp/wwebjs-transport.ts';

const DAY_MS = 24 * 3_600_000;

/** Files that came in can be fetched from WhatsApp again; what is kept saves time only. */
const INBOUND_CACHE = { ageMs: 7 * DAY_MS, bytes: 1024 ** 3 };

export interface MessagingOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly version: string;
  readonly client: CurrentClient;
  readonly actions: MessageActions;
  /** Other times and limits, for tests. */
  readonly settings?: Partial<MessageSettings>;
  readonly retry?: Partial<RetrySettings>;
}

/** The half of the gateway that messages flow through: store, outbox, journal and webhooks, wired to the session. */
export class Messaging {
  readonly messages: Messages;
  readonly journal: Journal;
  readonly webhooks: Webhooks;
  readonly metrics: MessageMetrics;
  readonly intake: MediaIntake;
  readonly inbound: InboundMedia;
  /** Where what the library hears goes. */
  readonly incoming: IncomingSink;
  readonly #config: Config;
  readonly #log: Logger;
  readonly #store: Store;
  readonly #retention: Retention;
  readonly #gaps: GapReplay;
  readonly #acknowledgements: Acknowledgements;
  readonly #missed: MissedAcknowledgements;
  readonly #accountChange: AccountChange;
  #ready = false;
  /** Aborts when the present connection is over. */
  #gone = new AbortController();
  #told = '';

  /** @throws GatewayError `storage_in_use`, `storage_newer`, `storage_full`, `storage_unavailable` */
  constructor({ config, log, version, client, actions, settings, retry }: MessagingOptions) {
    this.#config = config;
    this.#log = log.child({ part: 'messages' });
    const store = openStore(resolve(config.dataPath), log.child({ part: 'store' }));
    this.#store = store;
    const { transactions } = store;
    this.journal = new Journal(store.journal, transactions, systemClock, log.child({ part: 'events' }));
    const transport = new WwebjsTransport(
      () => client.page(),
      async (sha256) => {
        const file = await store.outgoingMedia.load(sha256);
        if (file === null) throw new MediaMissingError('Its file is not stored any more');
        return file;
      },
    );
    this.messages = createMessages({
      rows: store.outbox,
      transactions,
      news: outboxNews(this.journal),
      transport,
      clock: systemClock,
      random: Math.random,
      log: this.#log,
      settings: {
        ...DEFAULT_MESSAGE_SETTINGS,
        ratePerMinute: config.sendRatePerMinute,
        typing: config.sendTyping,
        queueLimit: config.queueLimit,
        ...settings,
      },
    });
    const acknowledgements = new Acknowledgements(this.messages.ledger, systemClock, this.#log);
    this.#acknowledgements = acknowledgements;
    this.#missed = new MissedAcknowledgements({
      rows: store.outbox,
      transport,
      tell: (missed) =>
        Promise.all([acknowledgements.record(missed.waId, missed.ack), this.#tellMissed(missed)]),
      clock: systemClock,
      log: this.#log,
    });
    this.incoming = {
      append: (event) => this.journal.append(event),
      outboxIdOf: (waId) => this.outboxIdOf(waId),
      acknowledged: (waId, ack) => acknowledgements.record(waId, ack),
      sent: (chatId, message) => this.#gaps.sent(chatId, message),
      unreadable: (chatId, at) => this.#gaps.awaitReadable(chatId, at),
    };
    this.webhooks = new Webhooks({
      rows: store.webhooks,
      transactions,
      journal: this.journal,
      post: postWithFetch,
      clock: systemClock,
      random: Math.random,
      log: log.child({ part: 'webhooks' }),
      retry: { ...DEFAULT_RETRY, ...retry },
      version,
    });
    this.metrics = new MessageMetrics({
      messages: this.messages,
      journal: this.journal,
      webhooks: this.webhooks,
      clock: systemClock,
    });
    this.intake = new MediaIntake(store.outgoingMedia, {
      maxBytes: config.mediaMaxBytes,
      allow: config.mediaUrlAllow,
      isNeeded: (sha256) => store.outbox.needsMedia(sha256),
    });
    this.inbound = new InboundMedia(
      join(resolve(config.dataPath), 'media', 'inbound'),
      (id, maxBytes) => actions.download(id, maxBytes),
      storageError,
      config.mediaMaxBytes,
    );
    const history = new PageHistory({
      page: () => client.page(),
      client: () => client.library,
      outboxIdOf: (waId) => this.outboxIdOf(waId),
    });
    this.#accountChange = new AccountChange({
      row: store.account,
      transactions,
      journal: this.journal,
      sender: this.messages.sender,
      clock: systemClock,
      log: this.#log,
    });
    this.#gaps = new GapReplay(this.journal, history, systemClock, this.#log);
    this.#retention = new Retention(
      store,
      {
        ...DEFAULT_RETENTION,
        eventsMs: config.retentionDays * DAY_MS,
        messagesMs: config.retentionDays * DAY_MS,
      },
      systemClock,
      this.#log,
      [(now) => this.inbound.sweep(now - INBOUND_CACHE.ageMs, INBOUND_CACHE.bytes)],
    );
  }

  /** @throws GatewayError when the webhook of the environment cannot be written down */
  async start(): Promise<void> {
    const { webhook, dataPath } = this.#config;
    this.#log.info({ dataPath: join(resolve(dataPath), 'gateway.db') }, 'outbox and journal');
    this.messages.sender.start();
    await this.webhooks.start(webhook === null ? null : { ...webhook, secret: webhook.secret.reveal() });
    this.#retention.start();
  }

  /** Stops sending and delivering. The database stays open for what the session still has to say; see `close`. */
  async stop(): Promise<void> {
    this.#gone.abort();
    this.#gaps.pause();
    this.#acknowledgements.stop();
    await Promise.all([this.messages.sender.stop(), this.webhooks.stop(), this.#retention.stop()]);
  }

  /** Writes what has gathered and gives the database back. */
  close(): void {
    this.#store.close();
  }

  /** Follows the state of the session. */
  follow(status: StatusBody): void {
    if (status.isReady !== this.#ready) {
      this.#ready = status.isReady;
      if (status.isReady) {
        this.#gone = new AbortController();
        void this.#linked(status.account?.id ?? null, this.#gone.signal);
      } else {
        this.#gone.abort();
        this.#gaps.pause();
        this.messages.sender.disconnected();
        this.journal.watermarks.fallBehind();
      }
    }
    const reason =
      status.reason === null ? null : { code: status.reason.code, message: status.reason.message };
    const told = `${status.status} ${reason?.code ?? ''}`;
    if (told === this.#told) return;
    this.#told = told;
    this.journal
      .append({
        type: 'session.status',
        key: null,
        at: systemClock.now(),
        data: { status: status.status, reason },
      })
      .catch((error: unknown) => {
        this.#log.error({ reason: messageOf(error) }, 'a state could not be written down');
      });
  }

  /** Messages flow once it is certain whose they are. */
  async #linked(account: string | null, gone: AbortSignal): Promise<void> {
    const isKnown = account === null || this.#accountChange.isKnown(account);
    if (!isKnown && !(await this.#accountChange.adopt(account, gone))) return;
    if (gone.aborted) return;
    this.messages.sender.connected();
    void this.#gaps.run();
    void this.#missed.run(gone);
  }

  #tellMissed({ messageId, chatId, ack }: MissedAcknowledgement): Promise<unknown> {
    return this.journal.append({
      type: 'message.ack',
      key: `${messageId} ${ack}`,
      at: systemClock.now(),
      data: { messageId, chatId, participant: null, ack, ackName: ackNameOf(ack) },
      replayed: true,
    });
  }

  /** The outbox's name of a message that was sent through the gateway, or null. */
  outboxIdOf(waId: string): string | null {
    return this.#store.outbox.findByWaId(waId)?.id ?? null;
  }
}
