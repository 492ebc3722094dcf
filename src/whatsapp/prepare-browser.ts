import type { SessionLog } from '../session/ports.ts';
import { browserArgs, refusedArgs } from './browser-launch.ts';
import { executableProblem } from './browser-probe.ts';
import { sandboxUsable } from './browser-sandbox.ts';
import { findBrowser, type FoundBrowser } from './browser.ts';

/** A browser that starts on this machine, with the flags it is to be started with. */
export interface PreparedBrowser {
  readonly found: FoundBrowser;
  readonly args: readonly string[];
  /**
   * After a failed launch: whether Chromium's sandbox was to blame.
   * @returns what to launch instead, or null when the sandbox is not the cause
   */
  withoutSandbox(): Promise<PreparedBrowser | null>;
}

/**
 * Finds the browser once and remembers it. A failure is not remembered, so that an installation heals it, nor
 * is a browser that an update has moved.
 */
export class BrowserPreparation {
  readonly #options: {
    readonly executablePath: string | undefined;
    readonly extraArgs: readonly string[];
    readonly log: SessionLog;
  };
  /** Used once: what it found may be gone by the second time. */
  #early: Promise<FoundBrowser> | null;
  #prepared: Promise<PreparedBrowser> | null = null;

  constructor(options: {
    /** `PUPPETEER_EXECUTABLE_PATH` */
    executablePath: string | undefined;
    /** `CHROMIUM_ARGS` */
    extraArgs: readonly string[];
    log: SessionLog;
    /** The same `executablePath`, looked for already. */
    early?: Promise<FoundBrowser> | null;
  }) {
    this.#options = options;
    this.#early = options.early ?? null;
  }

  /** @throws GatewayError `browser_not_found` */
  async get(): Promise<PreparedBrowser> {
    const remembered = this.#prepared;
    const path = (await remembered?.catch(() => null))?.found.path;
    if (path !== undefined && (await executableProblem(path)) !== null && this.#prepared === remembered) {
      this.#prepared = null;
    }
    this.#prepared ??= this.#prepare();
    try {
      return await this.#prepared;
    } catch (error) {
      this.#prepared = null;
      throw error;
    }
  }

  async #prepare(): Promise<PreparedBrowser> {
    const { executablePath, extraArgs, log } = this.#options;
    const early = this.#early;
    this.#early = null;
    const found = await (early ?? findBrowser({ executablePath }));
    log.info({ path: found.path, kind: found.kind, source: found.source }, 'browser found');
    const refused = refusedArgs(extraArgs);
    if (refused.length > 0) {
      log.warn({ flags: refused }, 'flags in CHROMIUM_ARGS that the gateway sets itself are left out');
    }
    // For root the answer is known. For others the launch itself is the test: a probe of its own would cost
    // every start another launch.
    return process.getuid?.() === 0 ? await this.#unsandboxed(found) : this.#sandboxed(found);
  }

  #sandboxed(found: FoundBrowser): PreparedBrowser {
    return {
      found,
      args: browserArgs({ extraArgs: this.#options.extraArgs, sandbox: true }),
      withoutSandbox: async () => {
        const { usable } = await sandboxUsable(found);
        if (usable) return null;
        this.#prepared = this.#unsandboxed(found);
        return await this.#prepared;
      },
    };
  }

  async #unsandboxed(found: FoundBrowser): Promise<PreparedBrowser> {
    const { extraArgs, log } = this.#options;
    const sandbox = await sandboxUsable(found);
    if (!sandbox.usable)
      log.warn({ why: sandbox.reason }, "Chromium's sandbox cannot be used here; it runs without");
    return {
      found,
      args: browserArgs({ extraArgs, sandbox: sandbox.usable }),
      withoutSandbox: () => Promise.resolve(null),
    };
  }
}
