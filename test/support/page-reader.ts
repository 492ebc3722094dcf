import jsQR from 'jsqr';
import { PNG } from 'pngjs';
import type { Browser, KeyInput, Page } from 'puppeteer';

import { waitFor } from './wait-for.ts';

/** How somebody looks at the page. */
export interface Look {
  /** BCP 47 tags, best first. */
  readonly languages?: readonly string[];
  readonly width?: number;
  readonly height?: number;
  /** Physical pixels a CSS pixel. */
  readonly scale?: number;
  readonly touch?: boolean;
  readonly dark?: boolean;
  readonly reducedMotion?: boolean;
  /** How far this person's clock is ahead, in milliseconds. */
  readonly clockAheadMs?: number;
  /** Script that runs before the page's own. */
  readonly before?: string;
}

export const PHONE: Look = { width: 360, height: 740, scale: 2, touch: true };

/** Somebody who reads the page and presses its buttons by the names that a screen reader says. */
export class Reader implements AsyncDisposable {
  readonly page: Page;
  /** Faults of the page: script errors and what the security policy refused. */
  readonly faults: string[];

  private constructor(page: Page, faults: string[]) {
    this.page = page;
    this.faults = faults;
  }

  static async open(browser: Browser, url: string, look: Look = {}): Promise<Reader> {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    const { width = 1100, height = 800, scale = 1, languages = ['en-US', 'en'], clockAheadMs = 0 } = look;
    await page.setViewport({
      width,
      height,
      deviceScaleFactor: scale,
      hasTouch: look.touch === true,
      isMobile: look.touch === true,
    });
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: look.dark === true ? 'dark' : 'light' },
      { name: 'prefers-reduced-motion', value: look.reducedMotion === true ? 'reduce' : 'no-preference' },
    ]);
    await page.evaluateOnNewDocument(`
      Object.defineProperty(navigator, 'languages', { get: () => ${JSON.stringify(languages)} });
      const trueNow = Date.now;
      Date.now = () => trueNow() + ${clockAheadMs};
      ${look.before ?? ''}`);
    const faults: string[] = [];
    page.on('pageerror', (error) => void faults.push(String(error)));
    page.on('console', (message) => {
      // A refused or broken connection is what some tests are about; the page says it in words.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        faults.push(message.text());
      }
    });
    const reader = new Reader(page, faults);
    await page.goto(url);
    return reader;
  }

  /** Ends this person's session with all that the browser kept for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.browserContext().close();
  }

  /** Evaluates an expression in the page. */
  async ask<T>(expression: string): Promise<T> {
    return (await this.page.evaluate(expression)) as T;
  }

  /** Text of an element, whether it is visible or not. */
  async text(selector: string): Promise<string> {
    return await this.ask(`document.querySelector(${JSON.stringify(selector)}).textContent`);
  }

  /** All that is visible now. */
  async screen(): Promise<string> {
    return await this.ask('document.body.innerText');
  }

  /** Waits until `text` is visible. */
  async sees(text: string): Promise<void> {
    let screen = '';
    await waitFor(async () => (screen = await this.screen()).includes(text), { what: `"${text}"` }).catch(
      (error: unknown) => {
        throw new Error(`"${text}" is not on the page, which says:\n${screen}`, { cause: error });
      },
    );
  }

  /** Waits until `text` is not visible any more. */
  async losesSight(text: string): Promise<void> {
    await waitFor(async () => !(await this.screen()).includes(text), { what: `the end of "${text}"` });
  }

  /** Waits for a visible button of this accessible name and clicks it. */
  async press(name: string): Promise<void> {
    await this.page.locator(`::-p-aria([name=${JSON.stringify(name)}][role="button"])`).click();
  }

  async key(key: KeyInput): Promise<void> {
    await this.page.keyboard.press(key);
  }

  /**
   * The QR that a phone would read off the screen, from its pixels; null when it can read none. The phone is
   * held before the code: whatever covers it is in the picture, the rest of the page only takes time to decode.
   */
  async scanScreen(): Promise<string | null> {
    const box = await this.ask<{ x: number; y: number; width: number; height: number }>(
      '(({ x, y, width, height }) => ({ x, y, width, height }))(document.querySelector("#qr").getBoundingClientRect())',
    );
    if (box.width === 0) return null;
    const png = PNG.sync.read(
      Buffer.from(await this.page.screenshot({ clip: box, captureBeyondViewport: false })),
    );
    const pixels = new Uint8ClampedArray(png.data);
    return jsQR.default(pixels, png.width, png.height, { inversionAttempts: 'dontInvert' })?.data ?? null;
  }

  /** Waits until a phone would read `payload` off the screen. */
  async showsQr(payload: string): Promise<void> {
    await waitFor(async () => (await this.scanScreen()) === payload, { what: 'the QR on the screen' });
  }

  /** Lets the page and this person use the clipboard without being asked. */
  async allowClipboard(): Promise<void> {
    const { origin } = new URL(this.page.url());
    const permissions = ['clipboard-read', 'clipboard-write'] as const;
    await this.page
      .browserContext()
      .setPermission(
        origin,
        ...permissions.map((name) => ({ permission: { name }, state: 'granted' as const })),
      );
  }

  /** Names of the buttons that are visible, in order. */
  async buttons(): Promise<string[]> {
    return await this.ask(
      `[...(document.querySelector('dialog[open]') ?? document).querySelectorAll('button')]
        .filter((button) => button.checkVisibility())
        .map((button) => button.getAttribute('aria-label') ?? button.textContent.trim())`,
    );
  }

  /** Waits until the element of this `#id` has the focus. */
  async focuses(id: string): Promise<void> {
    await waitFor(async () => (await this.focus()) === id, { what: `focus on ${id}` });
  }

  /** `#id` of the element that has the focus. */
  async focus(): Promise<string> {
    return await this.ask('"#" + document.activeElement.id');
  }
}
