import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { GatewayError, messageOf } from './errors.ts';
import { createApp, type MessagingBorder } from './http/app.ts';
import { LateMessaging } from './late-messaging.ts';
import type { Logger } from './log.ts';
import { Messaging, type MessagingOptions } from './messaging.ts';
import { Metrics } from './metrics/metrics.ts';
import { encodeQr } from './qr-images.ts';
import { createHttpServer } from './realtime/http-server.ts';
import { createRealtime, type Realtime } from './realtime/server.ts';
import { DEFAULT_POLICY, type Policy } from './session/policy.ts';
import { SessionFolder } from './session/session-folder.ts';
import { Session } from './session/session.ts';
import { CurrentClient } from './whatsapp/current-client.ts';
import { BrowserPreparation } from './whatsapp/prepare-browser.ts';
import { reapOrphans } from './whatsapp/processes.ts';
import { WwebjsActions } from './whatsapp/wwebjs-actions.ts';
import { WwebjsChats } from './whatsapp/wwebjs-chats.ts';
import { WwebjsContacts } from './whatsapp/wwebjs-contacts.ts';
import { WwebjsDriver, type DriverDeadlines } from './whatsapp/wwebjs-driver.ts';
import { WwebjsGroups } from './whatsapp/wwebjs-groups.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export interface GatewayOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Shorter times for tests against the simulator. */
  readonly policy?: Partial<Policy>;
  readonly deadlines?: Partial<DriverDeadlines>;
  readonly messaging?: Pick<MessagingOptions, 'settings' | 'retry'>;
}

/** The composition root: builds every part, wires it, and starts and stops it in order. */
export class Gateway {
  readonly session: Session;
  readonly #messaging: LateMessaging;
  readonly #config: Config;
  readonly #log: Logger;
  readonly #folder: SessionFolder;
  readonly #browsers: BrowserPreparation;
  readonly #server: Server;
  readonly #realtime: Realtime;
  readonly #metrics: Metrics;

  constructor({ config, log, policy, deadlines, messaging: messagingOptions }: GatewayOptions) {
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
      log: log.child({ part: 'browser' }),
    });
    this.#folder = folder;
    const client = new CurrentClient();
    const actions = new WwebjsActions(() => client.usable);
    const messaging = new LateMessaging({
      build: () => new Messaging({ config, log, version, client, actions, ...messagingOptions }),
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
        },
        ...(deadlines !== undefined && { deadlines }),
      }),
      preflight: preflight(folder, browsers, sessionLog),
      login: folder,
      policy: { ...DEFAULT_POLICY, ...policy },
      clock: systemClock,
      random: Math.random,
      log: sessionLog,
      encodeQr,
    });
    this.session.subscribe((status) => {
      client.setReady(status.isReady);
      messaging.follow(status);
    });
    const borders = {
      session: this.session,
      apiKey: config.apiKey,
      corsOrigins: config.corsOrigins,
      trustProxy: config.trustProxy,
    };
    this.#metrics = new Metrics({
      session: this.session,
      version,
      socketClients: () => this.#realtime.clients,
      messages: () => messaging.ifOpen?.metrics.text() ?? null,
    });
    const app = createApp({
      ...borders,
      log: log.child({ part: 'http' }),
      version,
      publicDir: fileURLToPath(new URL('ui/public', import.meta.url)),
      metrics: this.#metrics,
      messaging: borderOf(messaging, client, actions),
    });
    this.#server = createHttpServer(app);
    this.#realtime = createRealtime({
      ...borders,
      httpServer: this.#server,
      journal: { now: () => messaging.current.journal, onOpen: (wake) => messaging.onOpen(wake) },
      log: log.child({ part: 'socket' }),
    });
  }

  /** Outbox, journal and webhooks. @throws GatewayError why they are not there */
  get messaging(): Messaging {
    return this.#messaging.current;
  }

  /** The port that is listened on; of use when 0 was configured. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Listens, then connects when it is configured to.
   * @throws Error when the port cannot be listened on
   */
  async start(): Promise<void> {
    const { host, port, apiKey, autoConnect } = this.#config;
    await this.#messaging.start();
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
    if (autoConnect) this.session.connect();
  }

  /** Stops taking requests, ends the browser, gives the session folder back. Never rejects. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all([this.session.close(), this.#realtime.close(), this.#messaging.stop()]);
    this.#server.closeAllConnections();
    await closed;
    this.#messaging.close();
    this.#metrics.stop();
    await this.#folder.release();
  }
}

/** What REST uses of messaging: looked up with every request, so that one that comes too early is told why. */
function borderOf(messaging: LateMessaging, client: CurrentClient, actions: WwebjsActions): MessagingBorder {
  return {
    messages: {
      get outbox() {
        return messaging.current.messages.outbox;
      },
      get numbers() {
        return messaging.current.messages.numbers;
      },
      get intake() {
        return messaging.current.intake;
      },
      get inbound() {
        return messaging.current.inbound;
      },
      actions,
      isConnected: () => client.usable !== null,
    },
    chats: new WwebjsChats(() => client.usable),
    contacts: new WwebjsContacts(() => client.usable),
    groups: new WwebjsGroups(() => client.usable),
    get journal() {
      return messaging.current.journal;
    },
    get webhooks() {
      return messaging.current.webhooks;
    },
    clock: systemClock,
  };
}

/** What must be right before a browser starts, in the order in which a fault of one hides the next. */
function preflight(folder: SessionFolder, browsers: BrowserPreparation, log: Logger): () => Promise<void> {
  return async () => {
    await folder.check();
    // The folder's lock is ours by now: a browser on this profile belongs to a gateway that is dead.
    await reap(folder.profile, log);
    const { live } = await folder.clearStaleLocks();
    if (live !== null) {
      throw new GatewayError({
        code: 'profile_in_use',
        message: `A browser still uses this login: process ${live.pid} on ${live.host}`,
        action: `End it: kill ${live.pid}`,
        retryable: true,
      });
    }
    await browsers.get();
  };
}

/** Ends the browser of a gateway that was killed. @throws GatewayError `profile_in_use` when somebody alive owns it */
async function reap(profile: string, log: Logger): Promise<void> {
  const result = await reapOrphans(profile);
  switch (result.outcome) {
    case 'unsupported':
    case 'none':
      return;
    case 'reaped':
      log.warn({ pids: result.pids }, 'ended a browser that a killed gateway had left behind');
      return;
    case 'busy':
      throw new GatewayError({
        code: 'profile_in_use',
        message: `Another browser uses this login; process ${result.busyBy} has started it`,
        action: `End that program (ps -p ${result.busyBy}), or give this gateway a WHATSAPP_SESSION_PATH of its own`,
        retryable: true,
      });
    case 'survived':
      throw new GatewayError({
        code: 'profile_in_use',
        message: `A browser of an earlier gateway uses this login and cannot be ended (process ${result.pids.join(', ')})`,
        action: `End it as its owner or as root: sudo kill -9 ${result.pids.join(' ')}`,
        retryable: true,
      });
  }
}
