import type { Browser, Frame, Page } from 'puppeteer';
import { GatewayError, messageOf } from '../errors.ts';
import type { DriverClient, DriverEvent, ProbeResult } from '../session/driver.ts';
import type { SessionLog } from '../session/ports.ts';
import { Chromium } from './chromium.ts';
import { withDeadline } from './deadline.ts';
import { httpFailure, loadFailure } from './failures.ts';
import { PageClient } from './page-client.ts';
import * as shims from './page-shims.ts';
import type { PreparedBrowser } from './prepare-browser.ts';
import { meaningOf, unpaired } from './socket-states.ts';
import type { DriverDeadlines } from './wwebjs-driver.ts';

const WHATSAPP_WEB = 'https://web.whatsapp.com/';

/** How often a linked page that has not reported `ready` is asked whether it has synced all the same. */
const SYNC_CHECK_MS = 1_000;

export interface WwebjsClientOptions {
  readonly browser: () => Promise<PreparedBrowser>;
  readonly profile: string;
  readonly deadlines: DriverDeadlines;
  readonly log: SessionLog;
  readonly emit: (event: DriverEvent) => void;
}

/** One browser with one page of WhatsApp Web in it, from launch to end. */
export class WwebjsClient implements DriverClient {
  readonly #options: WwebjsClientOptions;
  readonly #library = new PageClient();
  readonly #chromium: Chromium;
  readonly #timers = new Set<NodeJS.Timeout>();
  #page: Page | null = null;
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;
  /** Documents are taken over one after another: a page that reloads twice is injected twice, not at once. */
  #documents: Promise<void> = Promise.resolve();
  #linked = false;
  #ready = false;
  #qrShown = false;
  #pairing = false;
  #ended = false;

  constructor(options: WwebjsClientOptions) {
    this.#options = options;
    this.#chromium = new Chromium({
      profile: options.profile,
      userAgent: this.#library.userAgent,
      log: options.log,
      ...options.deadlines,
    });
  }

  /** The library's client, for messages. */
  get library(): PageClient {
    return this.#library;
  }

  async start(): Promise<void> {
    this.#starting = this.#start();
    // `stop` may be the only one who still waits for it.
    this.#starting.catch(() => undefined);
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
      this.#options.log.warn({ error: messageOf(error) }, 'WhatsApp did not confirm the unlink');
      return { confirmed: false };
    }
  }

  async requestPairingCode(phoneNumber: string): Promise<string> {
    let code: unknown;
    try {
      // The library would fetch a new code in this interval by itself, and nobody would be told. The
      // session knows when a code expires.
      const never = 2 ** 31 - 1;
      code = await this.#ask(() => this.#library.requestPairingCode(phoneNumber, true, never));
    } catch (error) {
      throw pairingFailure(error);
    }
    if (typeof code !== 'string' || code === '') throw pairingFailure('no code came');
    this.#pairing = true;
    return code;
  }

  async refreshQr(): Promise<void> {
    await this.#ask(async (page) => {
      if (this.#pairing) await this.#library.cancelPairingCode();
      else await page.evaluate(shims.refreshQr);
    });
    this.#pairing = false;
  }

  async probe(): Promise<ProbeResult> {
    const { socketState, hasSynced, hasHelpers } = await this.#ask((page) => page.evaluate(shims.measure));
    return { connected: socketState === 'CONNECTED' && hasSynced && hasHelpers, socketState };
  }

  // ---- start

  async #start(): Promise<void> {
    const { browser, deadlines } = this.#options;
    const prepared = await browser();
    this.#refuseWhenEnded();
    const launched = await this.#chromium.launch(prepared);
    this.#refuseWhenEnded();
    this.#library.attach(launched.browser, launched.page);
    this.#page = launched.page;
    this.#watchBrowser(launched.browser, launched.page);
    this.#watchLibrary();
    try {
      await this.#load(launched.page, deadlines.loadMs);
      await this.#takeOver(launched.page);
    } catch (error) {
      throw loadFailure(error);
    }
    launched.page.on('framenavigated', (frame) => this.#navigated(launched.page, frame));
  }

  async #load(page: Page, timeout: number): Promise<void> {
    await page.setUserAgent({ userAgent: this.#library.userAgent });
    await page.exposeFunction(shims.OBSERVED, (observation: shims.Observation) =>
      this.#observed(observation),
    );
    await page.evaluateOnNewDocument(shims.restoreMessageKeys);
    const response = await page.goto(WHATSAPP_WEB, {
      waitUntil: 'load',
      timeout,
      referer: 'https://whatsapp.com/',
    });
    if (response !== null && !response.ok()) throw httpFailure(response.status());
  }

  /** Loads the library into the present document and watches the document's socket. */
  async #takeOver(page: Page): Promise<void> {
    const { injectMs } = this.#options.deadlines;
    await withDeadline(
      this.#library.inject().then(() => page.evaluate(shims.observePage)),
      injectMs,
      () =>
        new GatewayError({
          code: 'load_timeout',
          message: 'WhatsApp Web loaded, but did not get as far as a QR code or a login',
          action: 'Check the network of the gateway; it tries again by itself',
          retryable: true,
        }),
    );
  }

  // ---- what the browser does

  #watchBrowser(browser: Browser, page: Page): void {
    browser.on('disconnected', () => this.#fail('browser_crashed', 'The browser ended unexpectedly'));
    page.on('error', () => this.#fail('page_crashed', 'The page of WhatsApp Web crashed'));
    page.on('close', () => this.#fail('page_crashed', 'The page of WhatsApp Web was closed'));
    page.on('framenavigated', (frame) => {
      if (frame === page.mainFrame() && frame.url().includes('post_logout=1')) this.#loggedOut();
    });
  }

  /** A navigation after the start: inside the document, a reload of WhatsApp Web by itself, or away from it. */
  #navigated(page: Page, frame: Frame): void {
    if (frame !== page.mainFrame() || frame.url().includes('post_logout=1')) return;
    if (!frame.url().startsWith(WHATSAPP_WEB)) {
      this.#fail('page_crashed', 'The page has left WhatsApp Web');
      return;
    }
    this.#documents = this.#documents.then(async () => {
      try {
        if (this.#ended || (await this.#ask((present) => present.evaluate(shims.isObserved)))) return;
        this.#ready = false;
        this.#emit({ type: 'connection', connected: false, socketState: 'RELOADING' });
        await this.#takeOver(page);
      } catch (error) {
        const failure = loadFailure(error);
        this.#end({ type: 'failed', error: failure });
      }
    });
  }

  // ---- what WhatsApp does

  #watchLibrary(): void {
    // A listener that throws is swallowed by the library, and the client is never ready: each is guarded.
    this.#library.on('qr', (payload) => {
      // Drawn before WhatsApp has given a reference: nothing that a phone takes. The true one follows.
      if (payload.startsWith('undefined,')) return;
      this.#qrShown = true;
      this.#linked = false;
      this.#emit({ type: 'qr', payload });
    });
    this.#library.on('loading_screen', (percent) => {
      this.#authenticated();
      this.#emit({ type: 'progress', percent: Number(percent) });
    });
    this.#library.on('authenticated', () => this.#authenticated());
    this.#library.on('ready', () => this.#becameReady());
  }

  #observed(observation: shims.Observation): void {
    if (observation.type === 'logout') {
      // The page clears itself and navigates. A page that hangs on the way has been logged out all the same.
      this.#later(this.#options.deadlines.logoutGraceMs, () => this.#loggedOut());
      return;
    }
    const { state } = observation;
    this.#options.log.debug({ socketState: state }, 'WhatsApp socket');
    const meaning = meaningOf(state);
    switch (meaning.kind) {
      case 'connected':
        this.#authenticated();
        this.#emit({ type: 'connection', connected: true, socketState: state });
        return;
      case 'linking':
        if (this.#qrShown) this.#authenticated();
        else this.#emit({ type: 'connection', connected: false, socketState: state });
        return;
      case 'interrupted':
        this.#emit({ type: 'connection', connected: false, socketState: state });
        return;
      case 'unpaired':
        // On its way out a logout passes through this state too, and asks for more than a restart.
        if (this.#linked) {
          this.#later(this.#options.deadlines.logoutGraceMs, () =>
            this.#end({ type: 'failed', error: unpaired() }),
          );
        }
        return;
      case 'idle_qr':
        if (this.#linked) this.#end({ type: 'failed', error: unpaired() });
        else
          this.refreshQr().catch((error: unknown) =>
            this.#options.log.warn({ error: messageOf(error) }, 'no fresh QR'),
          );
        return;
      case 'refused':
        this.#end({ type: 'failed', error: meaning.error });
    }
  }

  #authenticated(): void {
    if (this.#linked) return;
    this.#linked = true;
    this.#emit({ type: 'authenticated' });
    this.#watchSync();
  }

  /** Until the library reports `ready`: asks the page whether it has synced, and tells the library if it missed that. */
  #watchSync(): void {
    this.#later(SYNC_CHECK_MS, () => {
      if (this.#ready || !this.#linked) return;
      this.#ask((page) => page.evaluate(shims.measure))
        .then(async ({ socketState, hasSynced }) => {
          if (this.#ready || socketState !== 'CONNECTED' || !hasSynced) return;
          this.#options.log.warn({}, 'WhatsApp Web synced before the library listened; telling it');
          await this.#ask((page) => page.evaluate(shims.announceSynced));
        })
        .catch((error: unknown) => this.#options.log.debug({ error: messageOf(error) }, 'sync check'))
        .finally(() => this.#watchSync());
    });
  }

  #becameReady(): void {
    this.#linked = true;
    this.#ready = true;
    const { wid, pushname, platform } = this.#library.info;
    this.#emit({
      type: 'ready',
      account: { id: wid._serialized, phone: wid.user, name: pushname, platform },
    });
  }

  #loggedOut(): void {
    this.#end({ type: 'logged_out' });
  }

  #fail(code: GatewayError['code'], message: string): void {
    this.#end({ type: 'failed', error: new GatewayError({ code, message, retryable: true }) });
  }

  // ---- end

  async #stop(): Promise<void> {
    this.#ended = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    await this.#chromium.close();
    // A start that is still looking for the browser, or that has launched one in the meantime.
    await this.#starting?.catch(() => undefined);
    await this.#chromium.close();
    this.#library.removeAllListeners();
  }

  #refuseWhenEnded(): void {
    if (!this.#ended) return;
    throw new GatewayError({ code: 'stopped', message: 'Stopped while the browser was starting' });
  }

  /** Sends the last event of this client: what comes after it would be about a page that is of no use. */
  #end(event: DriverEvent): void {
    if (this.#ended) return;
    this.#emit(event);
    this.#ended = true;
  }

  #emit(event: DriverEvent): void {
    if (this.#ended) return;
    try {
      this.#options.emit(event);
    } catch (error) {
      this.#options.log.error(
        { error: messageOf(error), event: event.type },
        'the session could not take an event',
      );
    }
  }

  #later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#ended) action();
    }, ms);
    this.#timers.add(timer);
  }

  /** Asks the page something. @throws GatewayError `browser_unresponsive` when it does not answer in time */
  async #ask<T>(question: (page: Page) => Promise<T>): Promise<T> {
    const page = this.#page;
    if (page === null) throw unresponsive('There is no page yet');
    try {
      return await withDeadline(
        question(page),
        this.#options.deadlines.answerMs,
        () => new Error('no answer in time'),
      );
    } catch (error) {
      throw unresponsive('The page of WhatsApp Web does not answer', error);
    }
  }
}

function unresponsive(message: string, cause?: unknown): GatewayError {
  return new GatewayError({ code: 'browser_unresponsive', message, retryable: true, cause });
}

function pairingFailure(cause: unknown): GatewayError {
  return new GatewayError({
    code: 'pairing_failed',
    message: 'WhatsApp gave no pairing code for this phone number',
    action:
      'Check the number (digits with country code) and wait some minutes: WhatsApp limits the tries. The QR code works without waiting',
    retryable: true,
    cause,
  });
}
