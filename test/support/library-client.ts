import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import wwebjs from 'whatsapp-web.js';
import type { Simulator } from '../simulator/server.ts';
import type { FoundBrowser } from '../../src/whatsapp/browser.ts';
import { testBrowser } from './browser.ts';
import { waitFor } from './wait-for.ts';
import { removeFolder } from './remove-folder.ts';

/** The unmodified whatsapp-web.js on its own profile folder, and what it emitted. */
export class LibraryClient {
  readonly client: wwebjs.Client;
  readonly events: [name: string, ...args: unknown[]][] = [];
  readonly #profile: string;
  readonly #ownsProfile: boolean;

  private constructor(
    simulator: Simulator,
    browser: FoundBrowser,
    profile: string,
    ownsProfile: boolean,
    options: object,
  ) {
    this.#profile = profile;
    this.#ownsProfile = ownsProfile;
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    this.client = new wwebjs.Client({
      authStrategy: new wwebjs.LocalAuth({ clientId: 'test', dataPath: profile }),
      webVersionCache: { type: 'none' },
      puppeteer: {
        headless: browser.kind === 'headless-shell' ? 'shell' : true,
        executablePath: browser.path,
        env: { ...process.env, ...browser.env },
        pipe: true,
        args: [...sandbox, '--disable-gpu', ...simulator.chromiumArgs],
      } as never,
      ...options,
    });
    this.#catchLateInjections();
    const emit = this.client.emit.bind(this.client);
    this.client.emit = (name: string, ...args: unknown[]) => {
      this.events.push([name, ...args]);
      return emit(name, ...args);
    };
  }

  /** Makes a client; nothing is started. Without `profile` it has a folder of its own that goes with it. */
  static async create(
    simulator: Simulator,
    given: { profile?: string; options?: object } = {},
  ): Promise<LibraryClient> {
    const profile = given.profile ?? (await mkdtemp(path.join(tmpdir(), 'simulator-profile-')));
    return new LibraryClient(
      simulator,
      await testBrowser(),
      profile,
      given.profile === undefined,
      given.options ?? {},
    );
  }

  /**
   * The library injects again after every navigation and leaves the rejection to nobody; the process would end
   * on it whenever a page goes away meanwhile.
   */
  #catchLateInjections(): void {
    const client = this.client as unknown as { inject(): Promise<void>; initialize(): Promise<void> };
    const inject = client.inject.bind(client);
    const initialize = client.initialize.bind(client);
    let initialized = false;
    client.inject = async () => {
      if (!initialized) return inject();
      await inject().catch((error: unknown) => this.events.push(['late_injection_failed', error]));
    };
    client.initialize = async () => {
      initialized = false;
      await initialize();
      initialized = true;
    };
  }

  /** What was emitted under this name, the arguments of each. */
  emitted(name: string): unknown[][] {
    return this.events.filter(([event]) => event === name).map(([, ...args]) => args);
  }

  /** Resolves with the first argument of the first event of this name, also when it is past already. */
  async first<T = unknown>(name: string): Promise<T> {
    const args = await waitFor(() => this.emitted(name)[0], { what: `the event ${name}` });
    return args[0] as T;
  }

  /** Starts the client, scans its QR and waits for ready. */
  async link(simulator: Simulator): Promise<void> {
    await this.client.initialize();
    await simulator.scan({ qr: await this.first<string>('qr') });
    await this.first('ready');
  }

  async stop(): Promise<void> {
    // After a logout the library makes the profile folder anew, whenever it comes to it.
    const { authStrategy } = this.client as unknown as { authStrategy: wwebjs.AuthStrategy };
    authStrategy.beforeBrowserInitialized = () => Promise.resolve();
    await this.client.destroy();
    if (this.#ownsProfile) await removeFolder(this.#profile);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
