import type { ErrorCode } from '../errors.ts';
import type { Account } from './driver.ts';
import type { Phase, PublicState, Reason, SessionState } from './state.ts';

/** The status body of the public contract: the same on REST and Socket.IO. Times are ISO 8601. */
export interface StatusBody {
  readonly success: true;
  readonly status: PublicState;
  /** The same value as `status`; both names are in use by clients. */
  readonly currentState: PublicState;
  readonly isReady: boolean;
  readonly hasQr: boolean;
  /** A PNG as a data URL, or null. */
  readonly qrCode: string | null;
  /** A sentence for a person. */
  readonly message: string;
  /** When this state began. */
  readonly since: string;
  readonly qr: { readonly attempt: number; readonly issuedAt: string; readonly expiresAt: string } | null;
  readonly pairing: {
    /** Null for callers without a valid key. */
    readonly code: string | null;
    readonly expiresAt: string;
  } | null;
  /** 0–100 while `syncing`. */
  readonly progress: number | null;
  readonly account: Account | null;
  readonly reason: StatusReason | null;
  /** The finer step inside a state, for a page that wants to say "starting" or "waiting to try again". */
  readonly phase: Phase;
}

export interface StatusReason {
  readonly code: ErrorCode;
  readonly message: string;
  readonly action: string | null;
  readonly retryAt: string | null;
}

const PUBLIC_STATE = {
  stopped: 'idle',
  checking: 'idle',
  starting: 'idle',
  qr: 'qr',
  syncing: 'syncing',
  ready: 'ready',
  reconnecting: 'syncing',
  unlinking: 'idle',
  stopping: 'idle',
  removing: 'idle',
  waiting: 'idle',
  failed: 'error',
  stuck: 'error',
} as const satisfies Record<Phase, PublicState>;

/** Maps the finer phase to the word of the public contract. */
export function publicStateOf(phase: Phase): PublicState {
  return PUBLIC_STATE[phase];
}

/**
 * Builds the public status of a state.
 * @param qrCode the current QR as a PNG data URL; used only while the state has a QR
 */
export function statusBody(state: SessionState, qrCode: string | null): StatusBody {
  const status = publicStateOf(state.phase);
  const shownQr = state.phase === 'qr' && state.pairing === null ? state.qr : null;
  const pairing = state.phase === 'qr' ? state.pairing : null;
  const hasQr = shownQr !== null && qrCode !== null;
  return {
    success: true,
    status,
    currentState: status,
    isReady: status === 'ready',
    hasQr,
    qrCode: hasQr ? qrCode : null,
    message:
      shownQr !== null && !hasQr ? 'The QR code could not be drawn; the log says why' : sentence(state),
    since: iso(state.since),
    qr:
      shownQr === null
        ? null
        : { attempt: shownQr.attempt, issuedAt: iso(shownQr.issuedAt), expiresAt: iso(shownQr.expiresAt) },
    pairing: pairing === null ? null : { code: pairing.code, expiresAt: iso(pairing.expiresAt) },
    progress: progressOf(state),
    account: state.phase === 'ready' || state.phase === 'reconnecting' ? state.account : null,
    reason: state.reason === null ? null : statusReason(state.reason),
    phase: state.phase,
  };
}

/**
 * The status for a caller without a valid key: the state stays visible to monitoring, but nothing that
 * lets somebody link their own phone or learn who is connected.
 */
export function redactedStatus(body: StatusBody): StatusBody {
  return {
    ...body,
    qrCode: null,
    account: null,
    // The sentence of a ready session names who is connected.
    message: body.isReady ? 'Connected' : body.message,
    pairing: body.pairing === null ? null : { ...body.pairing, code: null },
  };
}

/** Of a phase that is `syncing` outside. Once it was ready, everything has been loaded. */
function progressOf(state: SessionState): number | null {
  switch (state.phase) {
    case 'syncing':
      return state.percent;
    case 'reconnecting':
      return 100;
    default:
      return null;
  }
}

function statusReason(reason: Reason): StatusReason {
  return { ...reason, retryAt: reason.retryAt === null ? null : iso(reason.retryAt) };
}

function sentence(state: SessionState): string {
  switch (state.phase) {
    case 'stopped':
      return state.reason?.message ?? 'Not connected';
    case 'checking':
      return 'Checking the session folder and the browser';
    case 'starting':
      return 'Starting the browser and loading WhatsApp Web';
    case 'qr':
      return state.pairing === null
        ? 'QR code available, waiting for scan'
        : 'Pairing code issued, waiting for it to be typed on the phone';
    case 'syncing':
      return `Linked, loading messages (${state.percent} %)`;
    case 'ready':
      return `Connected as ${state.account.name === '' ? state.account.phone : state.account.name}`;
    case 'reconnecting':
      return 'Linked, but the connection to WhatsApp is interrupted; waiting for it to come back';
    case 'unlinking':
      return 'Unlinking this device';
    case 'stopping':
      return 'Stopping the browser';
    case 'removing':
      return 'Removing the stored login';
    case 'waiting':
    case 'failed':
    case 'stuck':
      return state.reason?.message ?? 'Waiting to try again';
  }
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
