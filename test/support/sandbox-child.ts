import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer';
import { browserArgs, launchOptions } from '../../src/whatsapp/browser-launch.ts';
import { sandboxUsable } from '../../src/whatsapp/browser-sandbox.ts';
import { findBrowser } from '../../src/whatsapp/browser.ts';

/**
 * Asks for the sandbox in a process of its own, which may be another user's or one with less rights, and
 * launches the browser as the answer says. Prints both.
 */
const found = await findBrowser({ executablePath: process.env['PUPPETEER_EXECUTABLE_PATH'] });
const sandbox = await sandboxUsable(found);
const userDataDir = await mkdtemp(join(tmpdir(), 'launch-'));
const launched = await puppeteer
  .launch(
    launchOptions({
      found,
      args: browserArgs({ extraArgs: [], sandbox: sandbox.usable }),
      userDataDir,
      protocolTimeoutMs: 30_000,
      launchTimeoutMs: 30_000,
    }),
  )
  .then(async (browser) => {
    const page = await browser.newPage();
    const sum: unknown = await page.evaluate('6 * 7');
    await browser.close();
    return sum === 42;
  })
  .catch(() => false);
await rm(userDataDir, { recursive: true, force: true, maxRetries: 10 });
process.stdout.write(JSON.stringify({ sandbox, launched }));
