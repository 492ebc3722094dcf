import puppeteer, { type Browser, type Page } from 'puppeteer';
import { messageOf } from '../errors.ts';
import type { SessionLog } from '../session/ports.ts';
import { launchOptions } from './browser-launch.ts';
import { withDeadline } from './deadline.ts';
import { launchFailure } from './failures.ts';
import type { PreparedBrowser } from './prepare-browser.ts';
import { killProcesses, killProcessTree, type KillResult } from './kill-process-tree.ts';
import { findProcessesUsingProfile } from './processes.ts';

export interface ChromiumOptions {
  readonly profile: string;
  readonly userAgent: string;
  readonly launchMs: number;
  readonly answerMs: number;
  readonly closeMs: number;
  readonly log: SessionLog;
}

/** One browser on one profile, from its launch to the proof that none of its processes is left. */
export class Chromium {
  readonly #options: ChromiumOptions;
  readonly #abort = new AbortController();
  #launching: Promise<Browser> | null = null;
  #pid: number | undefined;

  constructor(options: ChromiumOptions) {
    this.#options = options;
  }

  /**
   * Launches, once.
   * @throws GatewayError `browser_failed` or `profile_in_use`
   */
  async launch(prepared: PreparedBrowser): Promise<{ browser: Browser; page: Page }> {
    try {
      return await this.#launch(prepared);
    } catch (error) {
      const unsandboxed = this.#abort.signal.aborted ? null : await prepared.withoutSandbox();
      if (unsandboxed === null || this.#abort.signal.aborted) throw launchFailure(error);
      return await this.#launch(unsandboxed).catch((second: unknown) => {
        throw launchFailure(second);
      });
    }
  }

  async #launch({ found, args }: PreparedBrowser): Promise<{ browser: Browser; page: Page }> {
    const { profile, userAgent, launchMs, answerMs } = this.#options;
    this.#launching = puppeteer.launch({
      ...launchOptions({
        found,
        args: [...args, `--user-agent=${userAgent}`, '--disable-blink-features=AutomationControlled'],
        userDataDir: profile,
        // Longer than any deadline of a single question, so that this one is never the first to pass.
        protocolTimeoutMs: launchMs + answerMs,
        launchTimeoutMs: launchMs,
      }),
      defaultViewport: null,
      signal: this.#abort.signal,
    });
    const browser = await this.#launching;
    this.#pid = browser.process()?.pid;
    const page = (await browser.pages())[0] ?? (await browser.newPage());
    return { browser, page };
  }

  /**
   * Ends the browser cleanly, so that the profile is flushed; kills what is left of it. Safe before, during
   * and after a launch, and twice. Never rejects. Resolves when no process on this profile is left.
   */
  async close(): Promise<void> {
    const { closeMs, log } = this.#options;
    const browser = await this.#launched();
    if (browser?.connected === true) {
      await withDeadline(browser.close(), closeMs, () => new Error('no answer')).catch((error: unknown) => {
        log.warn({ error: messageOf(error) }, 'the browser does not close by itself and is killed');
      });
    }
    // Not before the last process is gone may anybody touch the profile. The caller has a deadline of its own.
    for (let left = await this.#kill(); left.length > 0; left = await this.#kill()) {
      log.error({ pids: left }, 'processes of the browser survive SIGKILL');
    }
  }

  /** Kills what is left of the browser and returns the processes that survive. */
  async #kill(): Promise<readonly number[]> {
    const results: KillResult[] = [
      await killProcesses(await findProcessesUsingProfile(this.#options.profile), { graceMs: 0 }),
    ];
    // Helpers whose parent died carry no profile in their command line, but still its process group.
    if (this.#pid !== undefined) results.push(await killProcessTree(this.#pid, { graceMs: 0 }));
    return results.flatMap((result) => (result.outcome === 'survived' ? result.pids : []));
  }

  /** The browser, or null when its launch failed or there was none. A launch under way is cut short. */
  async #launched(): Promise<Browser | null> {
    if (this.#launching === null) return null;
    if (this.#pid === undefined) this.#abort.abort();
    try {
      return await this.#launching;
    } catch {
      return null;
    }
  }
}
