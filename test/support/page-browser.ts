import puppeteer, { type Browser, type Page } from 'puppeteer';

import { findBrowser } from '../../src/whatsapp/browser.ts';

/** A browser for a person who looks at the page; not the one that the gateway drives. */
export async function launchPageBrowser(): Promise<Browser> {
  const { path, kind, env } = await findBrowser({ executablePath: process.env['PUPPETEER_EXECUTABLE_PATH'] });
  return await puppeteer.launch({
    executablePath: path,
    headless: kind === 'headless-shell' ? 'shell' : true,
    env: { ...process.env, ...env },
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    // A loaded machine starts Chromium slowly.
    timeout: 60_000,
  });
}

export interface Reader {
  /** BCP 47 tags, best first. */
  readonly languages?: readonly string[];
  readonly width?: number;
  readonly height?: number;
  /** Physical pixels a CSS pixel. */
  readonly scale?: number;
  readonly dark?: boolean;
  readonly reducedMotion?: boolean;
}

/**
 * Opens a page as a person with this language, screen and taste has it. Close its browser context to end it.
 * Faults of the page (script errors, refused by the CSP, missing files) end up in `faults`.
 */
export async function openReader(
  browser: Browser,
  reader: Reader = {},
): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const { width = 1100, height = 800, scale = 1, languages = ['en-US', 'en'] } = reader;
  await page.setViewport({ width, height, deviceScaleFactor: scale });
  await page.emulateMediaFeatures([
    { name: 'prefers-color-scheme', value: reader.dark === true ? 'dark' : 'light' },
    { name: 'prefers-reduced-motion', value: reader.reducedMotion === true ? 'reduce' : 'no-preference' },
  ]);
  await page.evaluateOnNewDocument((tags: readonly string[]) => {
    Object.defineProperty(navigator, 'languages', { get: () => tags });
    Object.defineProperty(navigator, 'language', { get: () => tags[0] });
  }, languages);
  const faults: string[] = [];
  page.on('pageerror', (error) => void faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  return { page, faults };
}
