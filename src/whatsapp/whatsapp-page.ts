import { setTimeout as delay } from 'node:timers/promises';
import type { Frame, Page } from 'puppeteer';
import { GatewayError } from '../errors.ts';
import type { SessionLog } from '../session/ports.ts';
import { withDeadline } from './deadline.ts';
import { httpFailure, isReplaced, loadFailure, withoutScripts } from './failures.ts';
import type { PageClient } from './page-client.ts';
import * as shims from './page-shims.ts';

const WHATSAPP_WEB = 'https://web.whatsapp.com/';

/** How often a document is asked whether WhatsApp Web has booted in it. */
const BOOT_POLL_MS = 50;

/** Pause before a document that has replaced another one is looked at. */
const REPLACED_MS = 50;

export interface WhatsAppPageOptions {
  readonly library: PageClient;
  /** What the page presents itself with to WhatsApp Web. */
  readonly userAgent: string;
  /** In milliseconds: of the load, of what comes between load and link or QR, of one question. */
  readonly deadlines: { readonly loadMs: number; readonly injectMs: number; readonly answerMs: number };
  readonly log: SessionLog;
  readonly observed: (observation: shims.Observation) => void;
  /** WhatsApp Web has replaced its document; the new one is about to be taken over. */
  readonly replaced: () => void;
  /** WhatsApp Web has gone to the address that it goes to after a logout. */
  readonly loggedOut: () => void;
  readonly failed: (error: GatewayError) => void;
}

/**
 * One tab with WhatsApp Web in it. WhatsApp Web replaces its document when it pleases (an update, a reload, a
 * logout), so each document is taken over once: it is observed, and the library's scripts are loaded into it.
 */
export class WhatsAppPage {
  readonly #page: Page;
  readonly #options: WhatsAppPageOptions;
  /** Documents are taken over one after another: a page that reloads twice is injected twice, not at once. */
  #documents: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(page: Page, options: WhatsAppPageOptions) {
    this.#page = page;
    this.#options = options;
  }

  /**
   * Loads WhatsApp Web and takes it over.
   * @throws GatewayError
   */
  async open(): Promise<void> {
    const page = this.#page;
    page.on('error', () => this.#crashed('The page of WhatsApp Web crashed'));
    page.on('close', () => this.#crashed('The page of WhatsApp Web was closed'));
    page.on('framenavigated', (frame) => {
      if (frame === page.mainFrame() && isAfterLogout(frame)) this.#options.loggedOut();
    });
    try {
      await this.#load();
      await this.#takeOver();
    } catch (error) {
      throw loadFailure(error);
    }
    page.on('framenavigated', (frame) => this.#navigated(frame));
  }

  /** Asks the page something. @throws GatewayError `browser_unresponsive` when it does not answer in time */
  async ask<T>(question: (page: Page) => Promise<T>): Promise<T> {
    try {
      return await withDeadline(
        question(this.#page),
        this.#options.deadlines.answerMs,
        () => new Error('no answer in time'),
      );
    } catch (error) {
      throw unresponsive('The page of WhatsApp Web does not answer', error);
    }
  }

  /** The page is about to be closed, or of no use: what happens in it is not followed any more. */
  close(): void {
    this.#closed = true;
  }

  async #load(): Promise<void> {
    const { userAgent, deadlines, observed } = this.#options;
    const page = this.#page;
    await Promise.all([
      page.setUserAgent({ userAgent }),
      page.exposeFunction(shims.OBSERVED, observed),
      page.evaluateOnNewDocument(shims.restoreMessageKeys),
      page.evaluateOnNewDocument(shims.reportSyncOnce),
      page.evaluateOnNewDocument(shims.ignoreUnheardEvents),
    ]);
    const response = await page.goto(WHATSAPP_WEB, {
      waitUntil: 'load',
      timeout: deadlines.loadMs,
      referer: 'https://whatsapp.com/',
    });
    if (response !== null && !response.ok()) throw httpFailure(response.status());
  }

  async #takeOver(): Promise<void> {
    const deadline = new AbortController();
    try {
      const late = () => new Error('the document was not taken over in time');
      await withDeadline(this.#inject(deadline.signal), this.#options.deadlines.injectMs, late);
    } catch (error) {
      // A page without scripts looks like a slow one, and has other causes.
      const hasScripts = await this.ask((page) => page.evaluate(shims.hasScripts)).catch(() => true);
      throw hasScripts ? loadFailure(error) : withoutScripts();
    } finally {
      deadline.abort();
    }
  }

  /** Loads the library into the present document, or into the one that replaces it meanwhile. */
  async #inject(deadline: AbortSignal): Promise<void> {
    const page = this.#page;
    while (!this.#closed && !deadline.aborted) {
      try {
        if (!(await page.evaluate(shims.isBooted))) {
          await page.waitForFunction(shims.isBooted, { polling: BOOT_POLL_MS, timeout: 0 });
        }
        if (await page.evaluate(shims.beginTakeOver)) {
          await this.#options.library.inject();
          if (await page.evaluate(shims.endTakeOver)) return;
        }
        // Half of the library is in this document and half in one before it. Once more would be twice as many
        // listeners, and every message double.
        this.#options.log.debug(
          {},
          'WhatsApp Web replaced its document while it was taken over; reloading it',
        );
        await page.evaluate(shims.reload);
      } catch (error) {
        if (!isReplaced(error)) throw error;
      }
      await delay(REPLACED_MS);
    }
  }

  /** A navigation after the start: inside the document, a reload of WhatsApp Web by itself, or away from it. */
  #navigated(frame: Frame): void {
    if (frame !== this.#page.mainFrame() || isAfterLogout(frame)) return;
    if (!frame.url().startsWith(WHATSAPP_WEB)) {
      this.#crashed('The page has left WhatsApp Web');
      return;
    }
    this.#documents = this.#documents.then(async () => {
      try {
        if (this.#closed || (await this.ask((page) => page.evaluate(shims.isTakenOver)))) return;
        this.#options.replaced();
        await this.#takeOver();
      } catch (error) {
        this.#options.failed(loadFailure(error));
      }
    });
  }

  #crashed(message: string): void {
    this.#options.failed(new GatewayError({ code: 'page_crashed', message, retryable: true }));
  }
}

/** There is no page to ask, or it does not answer. */
export function unresponsive(message: string, cause?: unknown): GatewayError {
  return new GatewayError({ code: 'browser_unresponsive', message, retryable: true, cause });
}

function isAfterLogout(frame: Frame): boolean {
  return frame.url().includes('post_logout=1');
}
