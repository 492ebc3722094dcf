import type { ErrorBody } from '../border/error-body.ts';
import type { JournalEvent } from '../events/event.ts';
import type { Account } from '../session/driver.ts';
import type { StatusBody, StatusReason } from '../session/status.ts';

/** What the server tells. Times are ISO 8601. */
export interface ServerToClientEvents {
  /** On connect and with every change: the same body as `GET /api/whatsapp/status`. */
  status: (status: StatusBody) => void;
  /** On connect when there is one (the replay), and with every new QR. */
  qr: (qr: QrEvent) => void;
  /** Messages can flow from now on. Not repeated on connect: `status` says it. */
  ready: (event: { readonly account: Account }) => void;
  /**
   * The end of what `ready` began; the two alternate. A short interruption that WhatsApp Web heals by itself
   * (`status: "syncing"`, `phase: "reconnecting"`) is none. `reason` is `stopped` when somebody asked for it, and null
   * when that was a restart or a log-out.
   */
  disconnected: (event: { readonly reason: StatusReason | null }) => void;
  /**
   * An event of the journal: messages, acknowledgements and the rest, in order, each once. A client that
   * connects with `auth: {since: <seq>}` first gets everything above that number.
   */
  event: (event: JournalEvent) => void;
  /**
   * On connect, before `event`, when not all that came after the client's `since` is there: retention has removed it,
   * or `since` is a number of another journal. `firstSeq` is the oldest event that is kept; null: there is none.
   */
  events_missed: (gap: { readonly since: number; readonly firstSeq: number | null }) => void;
  /** On connect while the journal cannot be read, with the cause. Nothing is lost: `event` follows once it can. */
  events_unavailable: (error: ErrorBody) => void;
}

/**
 * What a client may ask for. The acknowledgement is optional everywhere.
 * Those without arguments take an empty object, too: some clients always send one.
 */
export interface ClientToServerEvents {
  /** Starts the client if it is not running. */
  connect_whatsapp: (ack?: Ack<StatusAnswer>) => void;
  /** Stops the browser and keeps the login; acknowledged once no browser is left. */
  disconnect_whatsapp: (ack?: Ack<StatusAnswer>) => void;
  restart_whatsapp: (ack?: Ack<StatusAnswer>) => void;
  /** Unlinks the device and removes the login. */
  logout_whatsapp: (ack?: Ack<StatusAnswer & { readonly unlinkConfirmed: boolean }>) => void;
  /** A code to be typed on the phone, instead of a QR. */
  request_pairing_code: (request: { readonly phoneNumber: string }, ack?: Ack<PairingAnswer>) => void;
}

/** `auth` of the handshake; needed when the gateway has an API key. */
export interface HandshakeAuth {
  readonly apiKey?: string;
  /** The `seq` of the last event that the client has handled. Left out: only what happens from now on. */
  readonly since?: number;
}

/** `data` of the `connect_error` of a refused handshake. */
export type ConnectErrorData = ErrorBody;

export interface QrEvent {
  /** A PNG as a data URL. */
  readonly qrCode: string;
  /** 1 for the first QR since the client started. */
  readonly attempt: number;
  readonly issuedAt: string;
  readonly expiresAt: string;
}

export interface StatusAnswer {
  readonly success: true;
  readonly status: StatusBody;
}

export interface PairingAnswer {
  readonly success: true;
  readonly code: string;
  readonly expiresAt: string;
}

export interface ErrorAnswer {
  readonly success: false;
  readonly error: ErrorBody;
}

export type Ack<Answer> = (answer: Answer | ErrorAnswer) => void;
