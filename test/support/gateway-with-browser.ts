import puppeteer from 'puppeteer';
import { browserArgs, launchOptions } from '../../src/whatsapp/browser-launch.ts';
import { findBrowser } from '../../src/whatsapp/browser.ts';

/**
 * A process that owns a real browser on a profile, as a gateway does, for tests in which it is killed.
 * Prints the browser's pid once a page is there. With `--no-pipe` the browser outlives it.
 */
const [profile = '', ...flags] = process.argv.slice(2);
const launch = launchOptions({
  found: await findBrowser({ executablePath: process.env['PUPPETEER_EXECUTABLE_PATH'] }),
  args: browserArgs({ extraArgs: [], sandbox: process.getuid?.() !== 0 }),
  userDataDir: profile,
  protocolTimeoutMs: 60_000,
  launchTimeoutMs: 60_000,
});
const browser = await puppeteer.launch({ ...launch, pipe: !flags.includes('--no-pipe') });
await browser.newPage();
process.stdout.write(`${browser.process()?.pid ?? ''}\n`);
