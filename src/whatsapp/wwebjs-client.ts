import type { Page } from 'puppeteer';
import { GatewayError, messageOf } from '../errors.ts';
import type { DriverClient, DriverEvent, ProbeResult } from '../session/driver.ts';
import type { SessionLog } from '../session/ports.ts';
import { Chromium } from './chromium.ts';
import { ClientEvents } from './client-events.ts';
import { withDeadline } from './deadline.ts';
import { pairingFailure, stoppedMeanwhile } from './failures.ts';
import { LinkWatch } from './link-watch.ts';
import { libraryUserAgent, loadClient } from './load-library.ts';
import type { PageClient } from './page-client.ts';
import * as shims from './page-shims.ts';
import type { PreparedBrowser } from './prepare-browser.ts';
import { unresponsive, WhatsAppPage } from './whatsapp-page.ts';
import type { DriverDeadlines } from './wwebjs-driver.ts';

export interface WwebjsClientOptions {
  readonly browser: () => Promise<PreparedBrowser>;
  readonly profile: string;
  readonly deadlines: DriverDeadlines;
  readonly log: SessionLog;
  readonly emit: (event: DriverEvent) => void;
  /** Told of the library's client as soon as it is loaded, before it hears anything. */
  readonly onLibrary: (library: PageClient) => void;
}

/** One browser with one page of WhatsApp Web in it, from launch to end. */
export class WwebjsClient implements DriverClient {
  readonly #options: WwebjsClientOptions;
  readonly #userAgent = libraryUserAgent();
  readonly #chromium: Chromium;
  readonly #events: ClientEvents;
  readonly #watch: LinkWatch;
  #library: PageClient | null = null;
  #page: WhatsAppPage | null = null;
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;

  constructor(options: WwebjsClientOptions) {
    const { profile, log, deadlines, emit } = options;
    this.#options = options;
    this.#chromium = new Chromium({ profile, userAgent: this.#userAgent, log, ...deadlines });
    this.#events = new ClientEvents(emit, log);
    this.#watch = new LinkWatch({
      events: this.#events,
      log,
      logoutGraceMs: deadlines.logoutGraceMs,
      refreshQr: () => this.refreshQr(),
      announceSync: () => this.#announceSync(),
    });
  }

  async start(): Promise<void> {
    // A client that has been stopped, or that has said its last word, does not get any further.
    this.#starting ??= Promise.race([this.#start(), this.#events.over]);
    await this.#starting;
  }

  async stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    await this.#stopping;
  }

  async logout(): Promise<{ confirmed: boolean }> {
    try {
      await this.#ask((page) => page.evaluate(shims.unlinkDevice));
      return { confirmed: true };
    } catch (error) {
      // The page leaves as soon as it is unlinked, and that may come before its answer.
      const confirmed = await this.#saysLoggedOut();
      if (!confirmed) {
        this.#options.log.warn({ error: messageOf(error) }, 'WhatsApp did not confirm the unlink');
      }
      return { confirmed };
    }
  }

  async requestPairingCode(phoneNumber: string): Promise<string> {
    const waits = await this.#ask((page) => page.evaluate(shims.awaitsLink)).catch((error: unknown) => {
      throw pairingFailure(error);
    });
    if (!waits) throw pairingFailure('the page does not wait for a link');
    this.#watch.pairing = true;
    try {
      // The library would fetch a new code in this interval by itself, and nobody would be told. The
      // session knows when a code expires.
      const never = 2 ** 31 - 1;
      const code: unknown = await this.#ask((_page, library) =>
        library.requestPairingCode(phoneNumber, true, never),
      );
      if (typeof code !== 'string' || code === '') throw new Error('no code came');
      return code;
    } catch (error) {
      // The page waits for a code that will never be typed, and shows no QR until it is told to.
      await this.refreshQr().catch(() => undefined);
      if (this.#events.closed) throw stoppedMeanwhile();
      this.#options.log.warn({ error: messageOf(error) }, 'WhatsApp gave no pairing code');
      throw pairingFailure(error);
    }
  }

  async refreshQr(): Promise<void> {
    const { pairing } = this.#watch;
    this.#watch.pairing = false;
    if (!(await this.#ask((page) => page.evaluate(shims.awaitsLink)))) return;
    await this.#ask((page, library) =>
      pairing ? library.cancelPairingCode() : page.evaluate(shims.refreshQr),
    );
  }

  async probe(): Promise<ProbeResult> {
    const { socketState, hasSynced, hasHelpers } = await this.#ask((page) => page.evaluate(shims.measure));
    const connected = socketState === 'CONNECTED' && hasSynced && hasHelpers && this.#watch.ready;
    return { connected, socketState };
  }

  async #start(): Promise<void> {
    const { browser: prepare, deadlines, log } = this.#options;
    const prepared = await prepare();
    if (this.#events.closed) return;
    // Both at once: the browser boots while the library is read.
    const [{ browser, page }, library] = await Promise.all([this.#chromium.launch(prepared), loadClient()]);
    if (this.#stopping !== null) return;
    this.#library = library;
    browser.on('disconnected', () =>
      this.#failed(
        new GatewayError({
          code: 'browser_crashed',
          message: 'The browser ended unexpectedly',
          retryable: true,
        }),
      ),
    );
    this.#options.onLibrary(library);
    library.attach(browser, page);
    this.#watch.listen(library);
    this.#page = new WhatsAppPage(page, {
      library,
      userAgent: this.#userAgent,
      deadlines,
      log,
      observed: (observation) => this.#watch.observed(observation),
      replaced: () => this.#watch.restart(),
      loggedOut: () => this.#watch.loggedOut(),
      failed: (error) => this.#failed(error),
    });
    await this.#page.open();
  }

  async #stop(): Promise<void> {
    this.#events.close();
    this.#page?.close();
    await this.#chromium.close();
    this.#library?.removeAllListeners();
  }

  /** Tells the library that the page has synced, once it has. @returns whether it has */
  async #announceSync(): Promise<boolean> {
    return await this.#ask((page) => page.evaluate(shims.announceSynced));
  }

  /** Whether the page turns out to be logged out, at once or within a grace. */
  async #saysLoggedOut(): Promise<boolean> {
    const { logoutGraceMs } = this.#options.deadlines;
    await withDeadline(this.#events.over, logoutGraceMs, () => new Error('no logout')).catch(() => undefined);
    return this.#events.last?.type === 'logged_out';
  }

  #failed(error: GatewayError): void {
    this.#events.end({ type: 'failed', error });
  }

  async #ask<T>(question: (page: Page, library: PageClient) => Promise<T>): Promise<T> {
    const library = this.#library;
    if (this.#page === null || library === null || this.#stopping !== null) {
      throw unresponsive('There is no page to ask');
    }
    return await this.#page.ask((page) => question(page, library));
  }
}
