import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type { BordersOptions } from './borders.ts';
import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { messageOf } from './errors.ts';
import { LateMessaging } from './late-messaging.ts';
import type { Logger } from './log.ts';
import type { Messaging, MessagingOptions } from './messaging.ts';
import { Metrics } from './metrics/metrics.ts';
import { preflight } from './preflight.ts';
import { createHttpServer } from './realtime/http-server.ts';
import type { Realtime } from './realtime/server.ts';
import { WaitingRoom } from './realtime/waiting-room.ts';
import { DEFAULT_POLICY, type Policy } from './session/policy.ts';
import { SessionFolder } from './session/session-folder.ts';
import { Session } from './session/session.ts';
import type { FoundBrowser } from './whatsapp/browser.ts';
import { CurrentClient } from './whatsapp/current-client.ts';
import { BrowserPreparation } from './whatsapp/prepare-browser.ts';
import { WwebjsActions } from './whatsapp/wwebjs-actions.ts';
import { WwebjsDriver, type DriverDeadlines } from './whatsapp/wwebjs-driver.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/**
 * How long, in milliseconds, the borders and messaging may wait for a browser that starts and is not asked for
 * anything. Loading them takes the processor from it.
 */
const BROWSER_FIRST_MS = 3_000;

export interface GatewayOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Shorter times for tests against the simulator. */
  readonly policy?: Partial<Policy>;
  readonly deadlines?: Partial<DriverDeadlines>;
  readonly messaging?: Pick<MessagingOptions, 'settings' | 'retry'>;
  readonly browserFirstMs?: number;
  /** One that is looked for already. */
  readonly browser?: Promise<FoundBrowser> | null;
}

/**
 * The composition root: builds every part, wires it, and starts and stops it in order.
 *
 * What the way to the first QR does not need is loaded late: REST, Socket.IO and messaging when the browser shows
 * something, or as soon as somebody asks. Until then requests wait, and what the library hears is kept in order.
 */
export class Gateway {
  readonly session: Session;
  readonly #messaging: LateMessaging;
  readonly #config: Config;
  readonly #log: Logger;
  readonly #folder: SessionFolder;
  readonly #browsers: BrowserPreparation;
  readonly #server: Server;
  readonly #arrivals: WaitingRoom;
  readonly #wanted = Promise.withResolvers<undefined>();
  readonly #metrics: Metrics;
  readonly #messagingOptions: MessagingOptions;
  readonly #bordersOptions: BordersOptions;
  readonly #browserFirstMs: number;
  #borders: Realtime | null = null;
  #loading: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor({
    config,
    log,
    policy,
    deadlines,
    messaging: messagingOptions,
    browserFirstMs = BROWSER_FIRST_MS,
    browser = null,
  }: GatewayOptions) {
    this.#browserFirstMs = browserFirstMs;
    this.#config = config;
    this.#log = log;
    const sessionLog = log.child({ part: 'session' });
    const folder = new SessionFolder({
      path: config.sessionPath,
      clientId: config.clientId,
      log: sessionLog,
    });
    const browsers = new BrowserPreparation({
      executablePath: config.browserPath,
      extraArgs: config.chromiumArgs,
      early: browser,
      log: log.child({ part: 'browser' }),
    });
    this.#folder = folder;
    const client = new CurrentClient();
    const actions = new WwebjsActions(() => client.usable);
    const messaging = new LateMessaging({
      path: join(resolve(config.dataPath), 'gateway.db'),
      clock: systemClock,
      log: log.child({ part: 'store' }),
    });
    this.#messaging = messaging;
    this.#browsers = browsers;
    this.session = new Session({
      driver: new WwebjsDriver({
        browser: () => browsers.get(),
        profile: folder.profile,
        log: log.child({ part: 'whatsapp' }),
        onClient: (library) => {
          client.replace(library);
          messaging.attach(library);
          // Read while the page loads; a failure is told when the QR is drawn.
          void import('./qr-images.ts').catch(() => undefined);
        },
        ...(deadlines !== undefined && { deadlines }),
      }),
      preflight: preflight(folder, browsers, sessionLog),
      login: folder,
      policy: { ...DEFAULT_POLICY, ...policy },
      clock: systemClock,
      random: Math.random,
      log: sessionLog,
      encodeQr: async (payload) => (await import('./qr-images.ts')).encodeQr(payload),
    });
    this.session.subscribe((status) => {
      client.setReady(status.isReady);
      messaging.follow(status);
      if (status.phase !== 'checking' && status.phase !== 'starting') this.#wanted.resolve(undefined);
    });
    this.#metrics = new Metrics({
      session: this.session,
      version,
      socketClients: () => this.#borders?.clients ?? 0,
      messages: () => messaging.ifOpen?.metrics.text() ?? null,
    });
    this.#messagingOptions = { config, log, version, client, actions, ...messagingOptions };
    this.#bordersOptions = {
      config,
      log,
      version,
      session: this.session,
      metrics: this.#metrics,
      messaging,
      client,
      actions,
    };
    this.#server = createHttpServer();
    this.#arrivals = new WaitingRoom(this.#server, () => this.#wanted.resolve(undefined));
  }

  /** Outbox, journal and webhooks. @throws GatewayError why they are not there */
  get messaging(): Messaging {
    return this.#messaging.current;
  }

  /** Resolves once it listens, long before `start` does. */
  get listening(): Promise<unknown> {
    return this.#server.listening ? Promise.resolve() : once(this.#server, 'listening');
  }

  /** The port that is listened on; of use when 0 was configured. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Listens, then connects when it is configured to.
   * @returns when every part is there; it listens long before
   * @throws Error when the port cannot be listened on, or a part cannot be loaded
   */
  async start(): Promise<void> {
    const { host, port, apiKey, autoConnect } = this.#config;
    // Looked for while the rest starts; a failure is told by the preflight, which asks again.
    if (autoConnect) void this.#browsers.get().catch(() => undefined);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    this.#server.on('error', (error) => this.#log.error({ error: messageOf(error) }, 'HTTP server'));
    this.#log.info({ version, host, port: this.port }, `open http://localhost:${this.port}/whatsapp`);
    if (apiKey === undefined) {
      this.#log.warn(
        { action: 'Set API_KEY in .env; make one with: openssl rand -hex 24' },
        'API_KEY IS NOT SET: everybody who reaches this port can link a phone and use this WhatsApp account',
      );
    }
    if (this.#stopping) return;
    if (autoConnect) {
      this.session.connect();
      const cancel = systemClock.schedule(this.#browserFirstMs, () => this.#wanted.resolve(undefined));
      void this.#wanted.promise.then(cancel);
    } else {
      this.#wanted.resolve(undefined);
    }
    this.#loading = this.#load();
    await this.#loading;
  }

  /** Stops taking requests, ends the browser, gives the session folder back. Never rejects. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wanted.resolve(undefined);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const ended = this.session.close();
    await this.#loading.catch(() => undefined);
    this.#arrivals.close();
    await Promise.all([ended, this.#borders?.close(), this.#messaging.stop()]);
    this.#server.closeAllConnections();
    await closed;
    this.#messaging.close();
    this.#metrics.stop();
    await this.#folder.release();
  }

  /** The parts that the way to the first QR does not need. Messaging first: nobody hears of what is not written down. */
  async #load(): Promise<void> {
    await this.#wanted.promise;
    if (this.#stopping) return;
    const { Messaging } = await import('./messaging.ts');
    await this.#messaging.start(() => new Messaging(this.#messagingOptions));
    await this.#openBorders();
  }

  async #openBorders(): Promise<void> {
    const { openBorders } = await import('./borders.ts');
    if (this.#stopping) return;
    this.#arrivals.open(() => {
      this.#borders = openBorders(this.#server, this.#bordersOptions);
    });
  }
}
