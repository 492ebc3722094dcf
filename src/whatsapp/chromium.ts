import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError, messageOf } from '../errors.ts';
import type { SessionLog } from '../session/ports.ts';
import { launchOptions } from './browser-launch.ts';
import { BrowserProcess, type Launched } from './browser-process.ts';
import { withDeadline } from './deadline.ts';
import { launchFailure } from './failures.ts';
import { killProcesses, killProcessTree, type KillResult } from './kill-process-tree.ts';
import type { PreparedBrowser } from './prepare-browser.ts';
import { findProcessesUsingProfile } from './processes.ts';

/** Pause before another look at processes that do not end. */
const AGAIN_MS = 100;

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
  #child: BrowserProcess | null = null;
  #closed = false;

  constructor(options: ChromiumOptions) {
    this.#options = options;
  }

  /**
   * Launches, once.
   * @throws GatewayError `browser_failed`, `browser_not_found` or `profile_in_use`
   */
  async launch(prepared: PreparedBrowser): Promise<Launched> {
    try {
      return await this.#launch(prepared);
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      // Ended on the way, it has not failed.
      if (this.#closed) throw launchFailure(error);
      this.#options.log.warn({ error: messageOf(error) }, 'the browser did not start');
      const unsandboxed = await prepared.withoutSandbox();
      if (unsandboxed === null) throw launchFailure(error);
      return await this.#launch(unsandboxed).catch((second: unknown) => {
        throw launchFailure(second);
      });
    }
  }

  /**
   * Ends the browser cleanly, so that the profile is flushed; kills what is left of it. Safe before, during
   * and after a launch, and twice; nothing is launched any more. Never rejects. Resolves when no process on
   * this profile is left.
   */
  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#child;
    // What others have started on this profile is not this client's to end.
    if (child === null) return;
    const { closeMs, log } = this.#options;
    await withDeadline(child.close(), closeMs, () => new Error('no answer')).catch((error: unknown) => {
      log.warn({ error: messageOf(error) }, 'the browser does not close by itself and is killed');
    });
    // Where processes cannot be listed this is all that can be done.
    child.kill();
    // Not before the last process is gone may anybody touch the profile. The caller has a deadline of its own.
    while (!(await this.#isGone(child))) await delay(AGAIN_MS);
  }

  async #launch({ found, args }: PreparedBrowser): Promise<Launched> {
    const { profile, userAgent, launchMs, answerMs } = this.#options;
    if (this.#closed) throw new Error('closed before the launch');
    const child = new BrowserProcess(
      launchOptions({
        found,
        args: [...args, `--user-agent=${userAgent}`, '--disable-blink-features=AutomationControlled'],
        userDataDir: profile,
        // Longer than any deadline of a single question, so that this one is never the first to pass.
        protocolTimeoutMs: launchMs + answerMs,
        launchTimeoutMs: launchMs,
      }),
    );
    this.#child = child;
    try {
      return await withDeadline(
        child.connect(),
        launchMs,
        () =>
          new GatewayError({
            code: 'browser_failed',
            message: `The browser was started, but did not answer within ${launchMs / 1_000} s`,
            action: 'Check the free memory and the load of the machine; the gateway tries again by itself',
            retryable: true,
          }),
      );
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  /** Kills what is left of the browser. @returns whether nothing is; false too when that cannot be found out */
  async #isGone({ pid }: BrowserProcess): Promise<boolean> {
    const { profile, log } = this.#options;
    try {
      const results: KillResult[] = [
        await killProcesses(await findProcessesUsingProfile(profile), { graceMs: 0 }),
      ];
      // Helpers whose parent died carry no profile in their command line, but still its process group.
      if (pid !== undefined) results.push(await killProcessTree(pid, { graceMs: 0 }));
      const left = results.flatMap((result) => (result.outcome === 'survived' ? result.pids : []));
      if (left.length > 0) log.error({ pids: left }, 'processes of the browser survive SIGKILL');
      return left.length === 0;
    } catch (error) {
      // Out of file descriptors, for example: /proc cannot be read just now.
      log.error({ error: messageOf(error) }, 'the processes of the browser cannot be looked at');
      return false;
    }
  }
}
