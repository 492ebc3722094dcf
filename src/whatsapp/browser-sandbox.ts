import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserArgs, launchOptions } from './browser-launch.ts';
import { BrowserProcess } from './browser-process.ts';
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
 * Whether Chromium's sandbox works here, found out by starting the browser on a throw-away profile: it needs
 * user namespaces and seccomp, which kernels, container engines and AppArmor withhold in ways that no single
 * setting tells. Costs one launch (a few hundred ms); none for root, for whom Chromium refuses its sandbox.
 *
 * The sandbox is to blame only when the browser starts without it. One that does not start at all is another
 * fault, which the launch that follows will name.
 */
export async function sandboxUsable(found: FoundBrowser, options: SandboxOptions = {}): Promise<Sandbox> {
  if (process.platform !== 'linux') return { usable: true };
  if (process.getuid?.() === 0) {
    return { usable: false, reason: 'the gateway runs as root, for whom Chromium has none' };
  }
  if (await starts(found, true, options)) return { usable: true };
  if (!(await starts(found, false, options))) return { usable: true };
  return { usable: false, reason: await complaint(found, options) };
}

/** Whether the browser comes up and one page answers: a page's process has a sandbox of its own. */
async function starts(found: FoundBrowser, sandbox: boolean, options: SandboxOptions): Promise<boolean> {
  return await onThrowAwayProfile(found, sandbox, options, async (launch) => {
    try {
      const child = new BrowserProcess(launch);
      try {
        const { page } = await child.connect();
        await page.evaluate('document.readyState');
      } finally {
        await child.close();
      }
      return true;
    } catch {
      return false;
    }
  });
}

/** What the browser itself says when it finds no sandbox; puppeteer keeps that to itself on a pipe. */
async function complaint(found: FoundBrowser, options: SandboxOptions): Promise<string> {
  const said = await onThrowAwayProfile(found, true, options, async (launch) => {
    const args = [...(launch.args ?? []), '--headless', `--user-data-dir=${launch.userDataDir ?? ''}`];
    return await new Promise<string>((resolve) => {
      execFile(
        found.path,
        [...args, 'about:blank'],
        { env: launch.env, timeout: launch.timeout, killSignal: 'SIGKILL' },
        (_error, _stdout, stderr) => resolve(stderr),
      );
    });
  });
  const line = said.split('\n').find((text) => /sandbox|namespace|zygote|seccomp/i.test(text));
  // Without Chromium's log prefix: process, time and line number change from run to run.
  const words = line?.replace(/^\[[^\]]*\]\s*/, '').split('. ')[0];
  return words ?? 'it does not start with it, and does without';
}

async function onThrowAwayProfile<T>(
  found: FoundBrowser,
  sandbox: boolean,
  { env = process.env, timeoutMs = 30_000 }: SandboxOptions,
  use: (launch: ReturnType<typeof launchOptions>) => Promise<T>,
): Promise<T> {
  const userDataDir = await mkdtemp(join(env['TMPDIR'] ?? tmpdir(), 'whatsapp-gateway-sandbox-'));
  try {
    return await use(
      launchOptions({
        found,
        args: browserArgs({ extraArgs: [], sandbox }),
        userDataDir,
        protocolTimeoutMs: timeoutMs,
        launchTimeoutMs: timeoutMs,
        env,
      }),
    );
  } finally {
    // The browser's last helpers may still be writing.
    await rm(userDataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}
