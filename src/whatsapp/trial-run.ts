import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError, messageOf } from '../errors.ts';
import { launchOptions } from './browser-launch.ts';
import { BrowserProcess } from './browser-process.ts';
import { launchFailure } from './failures.ts';
import type { PreparedBrowser } from './prepare-browser.ts';

const TRIAL_MS = 30_000;

/**
 * Starts the browser on a throw-away profile, has a page compute something, and ends it.
 * @returns what the browser calls itself, and whether it ran in its sandbox
 * @throws GatewayError `browser_failed`
 */
export async function trialRun(prepared: PreparedBrowser): Promise<{ version: string; sandbox: boolean }> {
  try {
    return await attempt(prepared);
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    const unsandboxed = await prepared.withoutSandbox();
    if (unsandboxed === null) throw launchFailure(error);
    return await attempt(unsandboxed).catch((second: unknown) => {
      throw launchFailure(second);
    });
  }
}

async function attempt({ found, args }: PreparedBrowser): Promise<{ version: string; sandbox: boolean }> {
  const userDataDir = await makeProfile();
  try {
    const child = new BrowserProcess(
      launchOptions({ found, args, userDataDir, protocolTimeoutMs: TRIAL_MS, launchTimeoutMs: TRIAL_MS }),
    );
    try {
      const { browser, page } = await child.connect();
      await page.setContent('<p id="trial">1</p>');
      await page.waitForSelector('#trial', { timeout: TRIAL_MS });
      return { version: await browser.version(), sandbox: !args.includes('--no-sandbox') };
    } finally {
      // One that does not react is not left to itself.
      await child.close().catch(() => undefined);
      child.kill();
    }
  } finally {
    await rm(userDataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

async function makeProfile(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'whatsapp-gateway-trial-'));
  } catch (error) {
    throw new GatewayError({
      code: 'browser_failed',
      message: `The browser has no place for temporary files: ${messageOf(error)}`,
      action: `Free space in ${tmpdir()}, or make it writable; in a container: tmpfs: [/tmp]`,
      cause: error,
    });
  }
}
