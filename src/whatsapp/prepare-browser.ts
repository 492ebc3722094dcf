import type { SessionLog } from '../session/ports.ts';
import { browserArgs, refusedArgs } from './browser-launch.ts';

import { sandboxUsable } from './browser-sandbox.ts';
import { findBrowser, type FoundBrowser } from './browser.ts';

/** A browser that starts on this machine, with the flags it is to be started with. */
export interface PreparedBrowser {
  readonly found: FoundBrowser;
  readonly args: readonly string[];
}

/** Finds the browser once and remembers it; a failure is not remembered, so that an installation heals it. */
export class BrowserPreparation {
  readonly #options: {
    readonly executablePath: string | undefined;
    readonly extraArgs: readonly string[];
    readonly log: SessionLog;
  };
  #prepared: Promise<PreparedBrowser> | null = null;

  constructor(options: {
    /** `PUPPETEER_EXECUTABLE_PATH` */
    executablePath: string | undefined;
    /** `CHROMIUM_ARGS` */
    extraArgs: readonly string[];
    log: SessionLog;
  }) {
    this.#options = options;
  }

  /** @throws GatewayError `browser_not_found` */
  async get(): Promise<PreparedBrowser> {
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
    const found = await findBrowser({ executablePath });
    const sandbox = await sandboxUsable(found);
    log.info(
      { path: found.path, kind: found.kind, source: found.source, sandbox: sandbox.usable },
      'browser found',
    );
    if (!sandbox.usable)
      log.warn({ why: sandbox.reason }, "Chromium's sandbox cannot be used here; it runs without");
    const refused = refusedArgs(extraArgs);
    if (refused.length > 0)
      log.warn({ flags: refused }, 'flags in CHROMIUM_ARGS that the gateway sets itself are left out');
    return { found, args: browserArgs({ extraArgs, sandbox: sandbox.usable }) };
  }
}
