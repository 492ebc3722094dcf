import type { GatewayError } from '../errors.ts';

/**
 * The port through which the session reaches WhatsApp. The session owns these types; the real
 * implementation is in `src/whatsapp/`, a scriptable one in `test/support/`, and one contract suite
 * (`test/integration/driver-contract.ts`) holds both to what is written here.
 */
export interface WhatsAppDriver {
  /**
   * Makes a client and starts nothing. The driver calls `emit` from then on, never synchronously inside
   * `create`, and never again after `logged_out` or `failed`, or once `stop()` of this client has been called.
   */
  create(emit: (event: DriverEvent) => void): DriverClient;
}

export interface DriverClient {
  /**
   * Launches the browser and loads WhatsApp Web. Resolves when the page is loaded and listened to
   * (events may come before). The driver keeps its own deadlines for launch and load. A client is started
   * once; one that has been stopped cannot be started any more.
   * @throws GatewayError when it cannot, or is stopped meanwhile (`stopped`); the caller then calls `stop()`
   */
  start(): Promise<void>;

  /**
   * Ends everything: page, browser, every process of it. Safe in every moment: before `start`, while it
   * runs, twice, after a crash, when the browser hangs. Never rejects; once it resolves no process is left.
   */
  stop(): Promise<void>;

  /**
   * Asks WhatsApp to unlink this device. Touches no file and does not stop the browser. Never rejects.
   * @returns whether WhatsApp confirmed; false when the page could not be asked
   */
  logout(): Promise<{ confirmed: boolean }>;

  /**
   * Links by a code that is typed on the phone instead of a QR that is scanned. No `qr` comes any more until
   * `refreshQr` ends the code, or no code could be had.
   * @param phoneNumber digits with country code
   * @throws GatewayError `pairing_failed`
   */
  requestPairingCode(phoneNumber: string): Promise<string>;

  /**
   * Asks the page for a fresh QR; it arrives as a `qr` event. Does nothing to a page that is linked.
   * @throws GatewayError `browser_unresponsive` when the page does not answer
   */
  refreshQr(): Promise<void>;

  /** Measures the page. @throws GatewayError `browser_unresponsive` when it does not answer within the driver's deadline */
  probe(): Promise<ProbeResult>;
}

export interface Account {
  /** Chat id of the linked account, `<digits>@c.us`. */
  readonly id: string;
  /** Digits with country code, without `+`. */
  readonly phone: string;
  readonly name: string;
  /** What the phone runs: `android`, `iphone`, … */
  readonly platform: string;
}

/** What the page says of its connection to WhatsApp. */
export interface ProbeResult {
  /** Whether WhatsApp's socket is CONNECTED and the account is linked and synced. */
  readonly connected: boolean;
  /** WhatsApp's own word for the socket state, for the log. */
  readonly socketState: string;
}

export type DriverEvent =
  /** A new QR; `payload` is the text that is drawn. */
  | { readonly type: 'qr'; readonly payload: string }
  /** The phone has linked this device, or the stored login was accepted. */
  | { readonly type: 'authenticated' }
  /** Loading of chats and messages, 0–100. */
  | { readonly type: 'progress'; readonly percent: number }
  | { readonly type: 'ready'; readonly account: Account }
  /** WhatsApp's socket changed; the page may come back by itself. */
  | { readonly type: 'connection'; readonly connected: boolean; readonly socketState: string }
  /** The phone (or WhatsApp) has ended this login: the stored one is worthless. */
  | { readonly type: 'logged_out' }
  /** The client is of no use any more; `error.code` says why. */
  | { readonly type: 'failed'; readonly error: GatewayError };
