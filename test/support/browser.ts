import { findBrowser, type FoundBrowser } from '../../src/whatsapp/browser.ts';

let found: Promise<FoundBrowser> | undefined;

/**
 * The browser that tests run: what the gateway itself would find here. Looked for once a process.
 * @throws GatewayError when there is none: tests that need a browser fail loudly
 */
export function testBrowser(): Promise<FoundBrowser> {
  found ??= findBrowser({ executablePath: process.env['PUPPETEER_EXECUTABLE_PATH'] });
  return found;
}
