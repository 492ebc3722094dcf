import puppeteer, { type Browser, type Page } from 'puppeteer';
import { GatewayError, messageOf } from '../errors.ts';
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
  #browser: Browser | null = null;

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
      if (error instanceof GatewayError) throw error;
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
    const browser = await withDeadline(
      this.#launching,
      launchMs,
      () =>
        new GatewayError({
          code: 'browser_failed',
          message: `The browser was started, but did not answer within ${launchMs / 1_000} s`,
          action: 'Check the free memory and the load of the machine; the gateway tries again by itself',
          retryable: true,
        }),
    );
    this.#browser = browser;
    const page = (await browser.pages())[0] ?? (await browser.newPage());
    return { browser, page };
  }

  /**
   * Ends the browser cleanly, so that the profile is flushed; kills what is left of it. Safe before, during
   * and after a launch, and twice; nothing is launched any more. Never rejects. Resolves when no process on
   * this profile is left.
   */
  async close(): Promise<void> {
    const { closeMs, log } = this.#options;
    // Cuts short a launch under way; to one that is over it does nothing.
    if (this.#browser === null) this.#abort.abort();
    if (this.#launching === null) return;
    const browser = this.#browser ?? (await this.#launched());
    if (browser?.connected === true) {
      await withDeadline(browser.close(), closeMs, () => new Error('no answer')).catch((error: unknown) => {
        log.warn({ error: messageOf(error) }, 'the browser does not close by itself and is killed');
        // Where processes cannot be listed this is all that can be done.
        browser.process()?.kill('SIGKILL');
      });
    }
    // Not before the last process is gone may anybody touch the profile. The caller has a deadline of its own.
    for (let left = await this.#kill(browser); left.length > 0; left = await this.#kill(browser)) {
      log.error({ pids: left }, 'processes of the browser survive SIGKILL');
    }
  }

  /** Kills what is left of the browser and returns the processes that survive. */
  async #kill(browser: Browser | null): Promise<readonly number[]> {
    const results: KillResult[] = [
      await killProcesses(await findProcessesUsingProfile(this.#options.profile), { graceMs: 0 }),
    ];
    // Helpers whose parent died carry no profile in their command line, but still its process group.
    const pid = browser?.process()?.pid;
    if (pid !== undefined) results.push(await killProcessTree(pid, { graceMs: 0 }));
    return results.flatMap((result) => (result.outcome === 'survived' ? result.pids : []));
  }

  /** The browser of an aborted launch that came up all the same; null when it did not. */
  async #launched(): Promise<Browser | null> {
    try {
      return await this.#launching;
    } catch {
      return null;
    }
  }
}
