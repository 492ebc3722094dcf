import type { DriverEvent, WhatsAppDriver } from '../session/driver.ts';
import type { SessionLog } from '../session/ports.ts';
import type { PageClient } from './page-client.ts';
import type { PreparedBrowser } from './prepare-browser.ts';
import { WwebjsClient } from './wwebjs-client.ts';

/** Deadlines of the driver, in milliseconds. */
export interface DriverDeadlines {
  /** From the start of the browser process to its first answer. A NAS with a cold disk takes a while. */
  readonly launchMs: number;
  /** From the first byte to WhatsApp Web's load event. */
  readonly loadMs: number;
  /** From the load event to a page that shows a QR or is linked. */
  readonly injectMs: number;
  /** For a measurement, and for any other question to the page. */
  readonly answerMs: number;
  /** For a clean end of the browser, before its processes are killed. */
  readonly closeMs: number;
  /** How long a page that says UNPAIRED may take to show that it is a logout. */
  readonly logoutGraceMs: number;
}

export const DEFAULT_DEADLINES: DriverDeadlines = {
  launchMs: 60_000,
  loadMs: 60_000,
  injectMs: 60_000,
  answerMs: 10_000,
  closeMs: 5_000,
  logoutGraceMs: 4_000,
};

export interface WwebjsDriverOptions {
  /** The browser and its flags; asked for at every launch. @throws GatewayError `browser_not_found` */
  readonly browser: () => Promise<PreparedBrowser>;
  /** The profile folder, absolute. It exists and is writable: the preflight has seen to that. */
  readonly profile: string;
  readonly deadlines?: Partial<DriverDeadlines>;
  readonly log: SessionLog;
  /** Told of the library's client whenever there is a new one, before it hears anything. */
  readonly onClient?: (library: PageClient) => void;
}

/** WhatsApp through whatsapp-web.js in a Chromium of its own. */
export class WwebjsDriver implements WhatsAppDriver {
  readonly #options: WwebjsDriverOptions;

  constructor(options: WwebjsDriverOptions) {
    this.#options = options;
  }

  create(emit: (event: DriverEvent) => void): WwebjsClient {
    const { browser, profile, log, deadlines, onClient } = this.#options;
    return new WwebjsClient({
      browser,
      profile,
      log,
      emit,
      deadlines: { ...DEFAULT_DEADLINES, ...deadlines },
      onLibrary: (library) => onClient?.(library),
    });
  }
}
