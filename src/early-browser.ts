import { findBrowser, type FoundBrowser } from './whatsapp/browser.ts';

/**
 * Starts to look for the browser while the rest of the program is read: a browser is asked for its version, in a
 * process of its own, which on a cold disk takes as long as reading the program does. To be called once
 * `.env` is read.
 * @returns null when the program has not been started to connect (`--check-config`); a failure is for who awaits it
 */
export function lookForBrowser(): Promise<FoundBrowser> | null {
  if (process.argv.includes('--check-config')) return null;
  // Trimmed as the configuration does it.
  const found = findBrowser({ executablePath: process.env['PUPPETEER_EXECUTABLE_PATH']?.trim() });
  // Nobody awaits it when the configuration is bad.
  found.catch(() => undefined);
  return found;
}
