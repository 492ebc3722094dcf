import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { Secret } from '../../src/config.ts';
import { createApp, type MessagingBorder } from '../../src/http/app.ts';
import { createLogger } from '../../src/log.ts';
import type { JournalSource } from '../../src/realtime/event-stream.ts';
import { createRealtime, type Realtime } from '../../src/realtime/server.ts';
import { FakeSession } from './fake-session.ts';

export const PUBLIC_DIR = fileURLToPath(new URL('../../src/ui/public', import.meta.url));

export interface PageServerOptions {
  /** A key that the page must ask for. */
  readonly apiKey?: string;
  /** A session that goes on, as after a restart of the gateway. */
  readonly session?: FakeSession;
  /** A port that was in use before. */
  readonly port?: number;
  readonly version?: string;
  /** Messages and events; left out, the gateway has the session alone. */
  readonly messaging?: MessagingBorder;
  /** Where Socket.IO takes events from, when it is not the journal of `messaging`. */
  readonly journal?: JournalSource;
}

/** The real page over the real REST and Socket.IO, with a session that the test plays. */
export class PageServer implements AsyncDisposable {
  readonly session: FakeSession;
  readonly #server: Server;
  readonly #realtime: Realtime;

  private constructor(session: FakeSession, server: Server, realtime: Realtime) {
    this.session = session;
    this.#server = server;
    this.#realtime = realtime;
  }

  static async start(options: PageServerOptions = {}): Promise<PageServer> {
    const session = options.session ?? new FakeSession();
    const shared = {
      session,
      apiKey: options.apiKey === undefined ? undefined : new Secret(options.apiKey),
      corsOrigins: [],
      trustProxy: false,
      log: createLogger({ level: 'silent' }),
    };
    const server = createServer(
      createApp({
        ...shared,
        version: options.version ?? '1.2.3',
        publicDir: PUBLIC_DIR,
        ...(options.messaging !== undefined && { messaging: options.messaging }),
      }),
    );
    const { messaging, journal = messaging && journalOf(messaging) } = options;
    const realtime = createRealtime({
      ...shared,
      httpServer: server,
      ...(journal !== undefined && { journal }),
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return new PageServer(session, server, realtime);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/whatsapp`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    await this.#realtime.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

function journalOf(messaging: MessagingBorder): JournalSource {
  return { now: () => messaging.journal, onOpen: () => () => undefined };
}
