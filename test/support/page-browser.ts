import puppeteer, { type Browser } from 'puppeteer';

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
    protocolTimeout: 60_000,
  });
}
