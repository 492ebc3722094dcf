import type { LaunchOptions } from 'puppeteer';
import { browserEnvironment } from './browser-environment.ts';
import type { FoundBrowser } from './browser.ts';

export interface BrowserArgsOptions {
  /** The operator's own flags (CHROMIUM_ARGS). They come last, and the last one of a name wins in Chromium. */
  readonly extraArgs: readonly string[];
  /** Whether Chromium's sandbox works here; see `sandboxUsable`. */
  readonly sandbox: boolean;
}

/**
 * What puppeteer's own defaults do not say yet. Those already switch off background networking, sync, first
 * run, crash reports, extensions and sound. `--single-process` and `--no-zygote` are never given: measured,
 * the first breaks the browser and the second takes more memory.
 *
 * `--disable-crashpad-for-testing` would save two processes, but with it every first navigation of a full
 * Chromium 156 ends in net::ERR_ABORTED.
 */
const ARGS = [
  '--disable-component-update',
  '--disable-domain-reliability',
  '--enable-aggressive-domstorage-flushing',
  '--no-default-browser-check',
  '--no-pings',
];

/**
 * Flags that would take the browser away from the gateway: the profile and the pipe are its own, and a
 * debugging port is a door to the login.
 */
const REFUSED =
  /^--(?:user-data-dir|profile-directory|remote-debugging-(?:port|pipe|address|io-pipes)|headless|single-process|no-zygote)(?:=|$)/;

/** Which of the operator's flags are not passed on, for a warning. */
export function refusedArgs(extraArgs: readonly string[]): string[] {
  return extraArgs.filter((arg) => REFUSED.test(arg));
}

/** The flags to launch with, beside puppeteer's defaults. */
export function browserArgs({ extraArgs, sandbox }: BrowserArgsOptions): string[] {
  return [...ARGS, ...(sandbox ? [] : ['--no-sandbox']), ...extraArgs.filter((arg) => !REFUSED.test(arg))];
}

export interface BrowserLaunchOptions {
  readonly found: FoundBrowser;
  /** From {@link browserArgs}. */
  readonly args: readonly string[];
  /** The profile; left out when whatsapp-web.js's LocalAuth sets it. */
  readonly userDataDir?: string | undefined;
  /** How long one call to the browser may take, in milliseconds; puppeteer's default is three minutes. */
  readonly protocolTimeoutMs: number;
  /** How long the launch may take, in milliseconds; puppeteer's default is 30 seconds. */
  readonly launchTimeoutMs?: number | undefined;
  /** The gateway's environment, of which the browser sees a part; default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * What puppeteer is launched with.
 *
 * - `pipe`: Chromium exits when the gateway dies, even by SIGKILL, and opens no port.
 * - no signal handlers: puppeteer's kill Chromium before the profile is flushed; the gateway closes it itself.
 */
export function launchOptions(options: BrowserLaunchOptions): LaunchOptions {
  const { found, args, userDataDir, protocolTimeoutMs, launchTimeoutMs } = options;
  return {
    executablePath: found.path,
    headless: found.kind === 'headless-shell' ? 'shell' : true,
    args: [...args],
    env: browserEnvironment(options.env ?? process.env, found.env),
    pipe: true,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    dumpio: false,
    protocolTimeout: protocolTimeoutMs,
    ...(launchTimeoutMs === undefined ? {} : { timeout: launchTimeoutMs }),
    ...(userDataDir === undefined ? {} : { userDataDir }),
  };
}
