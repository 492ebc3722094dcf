import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer';
import { messageOf } from '../errors.ts';
import { browserArgs, launchOptions } from './browser-launch.ts';
import type { FoundBrowser } from './browser.ts';

export type Sandbox =
  | { readonly usable: true }
  /** `reason` completes "Chromium runs without its sandbox: …". */
  | { readonly usable: false; readonly reason: string };

export interface SandboxOptions {
  /** The gateway's environment; default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** How long the browser may take to start and to answer, in milliseconds. */
  readonly timeoutMs?: number;
}

/**
 * Whether Chromium's sandbox works here, found out by starting the browser with it on a throw-away profile:
 * it needs user namespaces and seccomp, which kernels, container engines and AppArmor withhold in ways that
 * no single setting tells. Costs one launch (a few hundred ms), except for root, for whom Chromium refuses it.
 *
 * A launch that fails for another reason is no verdict on the sandbox: it counts as usable, and the launch
 * that follows shows the fault as what it is.
 */
export async function sandboxUsable(found: FoundBrowser, options: SandboxOptions = {}): Promise<Sandbox> {
  if (process.platform !== 'linux') return { usable: true };
  if (process.getuid?.() === 0) {
    return {
      usable: false,
      reason: 'the gateway runs as root, and Chromium refuses to sandbox itself there',
    };
  }
  const { env = process.env, timeoutMs = 30_000 } = options;
  const profile = await mkdtemp(join(env['TMPDIR'] ?? tmpdir(), 'whatsapp-gateway-sandbox-'));
  try {
    const browser = await puppeteer.launch(
      launchOptions({
        found,
        args: browserArgs({ extraArgs: [], sandbox: true }),
        userDataDir: profile,
        protocolTimeoutMs: timeoutMs,
        launchTimeoutMs: timeoutMs,
        env,
      }),
    );
    try {
      // The page's process has a sandbox of its own.
      const [page] = await browser.pages();
      await page?.evaluate('document.readyState');
    } finally {
      await browser.close();
    }
    return { usable: true };
  } catch (error) {
    const reason = sandboxFailure(error);
    return reason === null ? { usable: true } : { usable: false, reason };
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

/** Why a launch failed, if it was for the sandbox (`content/browser/zygote_host/zygote_host_impl_linux.cc`). */
export function sandboxFailure(error: unknown): string | null {
  const text = messageOf(error);
  if (text.includes('Running as root without --no-sandbox')) return 'the gateway runs as root';
  if (text.includes('No usable sandbox!')) return 'this system lets users make no user namespaces';
  const failed =
    /(?:sandbox|zygote|seccomp|namespace)[^\n]*(?:failed|not permitted|Check failed)[^\n]*/i.exec(text)?.[0];
  return failed === undefined ? null : failed.slice(0, 200);
}
