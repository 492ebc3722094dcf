import type { ErrorCode, GatewayError } from '../errors.ts';
import type { Account, DriverEvent, ProbeResult } from './driver.ts';

/** The five words that REST, Socket.IO and the log use for the state. */
export type PublicState = 'idle' | 'qr' | 'syncing' | 'ready' | 'error';

/** Why the session is where it is. Times are milliseconds since the Unix epoch. */
export interface Reason {
  readonly code: ErrorCode;
  readonly message: string;
  readonly action: string | null;
  /** When the gateway tries again by itself; null when it does not. */
  readonly retryAt: number | null;
}

/** A deadline that belongs to a state. It is gone when the state is: the runner arms only what the state lists. */
export interface Timer {
  readonly name: 'start' | 'stale' | 'sync' | 'probe' | 'reconnect' | 'retry' | 'stop' | 'stable';
  readonly at: number;
}

export interface QrCode {
  readonly payload: string;
  /** 1 for the first QR since the client started. */
  readonly attempt: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface PairingCode {
  readonly code: string;
  readonly phoneNumber: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** The end of a login. */
export interface Removal {
  /** Whether a browser is started afterwards. */
  readonly restart: boolean;
  /** WhatsApp was not told, or did not confirm it: the phone may go on listing this device. */
  readonly mayBeListed: boolean;
}

/** What is to happen once the browser is gone. */
export type AfterStop =
  | { readonly then: 'stay' }
  | { readonly then: 'start' }
  | ({ readonly then: 'remove_login'; readonly unlinkConfirmed: boolean } & Removal)
  | { readonly then: 'retry' };

interface Common {
  /** When this state began. */
  readonly since: number;
  /** Consecutive failed starts or lost connections; the retry delay grows with it. */
  readonly failures: number;
  readonly reason: Reason | null;
  readonly timers: readonly Timer[];
}

/** A client exists; `epoch` names it. Events of any other epoch are dropped. */
interface Live extends Common {
  readonly epoch: number;
}

export type SessionState =
  | (Common & { readonly phase: 'stopped' })
  | (Common & { readonly phase: 'checking' })
  | (Live & { readonly phase: 'starting' })
  | (Live & {
      readonly phase: 'qr';
      readonly qr: QrCode;
      readonly pairing: PairingCode | null;
      /** Fresh QRs asked for since the last one came. */
      readonly refreshes: number;
    })
  | (Live & { readonly phase: 'syncing'; readonly percent: number })
  | (Live & { readonly phase: 'ready'; readonly account: Account })
  /** Linked and once ready, but the last measurement said not connected. */
  | (Live & {
      readonly phase: 'reconnecting';
      readonly reason: Reason;
      readonly account: Account;
      /** Unanswered measurements in a row. */ readonly silentProbes: number;
    })
  | (Live & { readonly phase: 'unlinking'; readonly restart: boolean })
  | (Live & { readonly phase: 'stopping'; readonly after: AfterStop })
  | (Common & Removal & { readonly phase: 'removing' })
  | (Common & { readonly phase: 'waiting' })
  /** A person must act. A look is quiet, so that the state does not flicker while nothing is new. */
  | (Common & {
      readonly phase: 'failed';
      readonly reason: Reason;
      readonly looking: boolean;
      /** The login that was to be removed and resisted. Then a look is another try at that, and never a start. */
      readonly removal: Removal | null;
    })
  /** A person must act: the browser of this client cannot be ended. */
  | (Live & {
      readonly phase: 'stuck';
      readonly reason: Reason;
      readonly after: AfterStop;
      /** Why the browser was to be ended: what counts again when it does end after all. */
      readonly because: Reason | null;
    });

export type Phase = SessionState['phase'];

export type StateIn<P extends Phase> = Extract<SessionState, { phase: P }>;

export type Command =
  | { readonly type: 'connect' }
  | { readonly type: 'disconnect' }
  | { readonly type: 'restart' }
  | { readonly type: 'logout' };

export type SessionInput =
  | Command
  | { readonly type: 'check_passed' }
  | { readonly type: 'check_failed'; readonly error: GatewayError }
  | { readonly type: 'start_failed'; readonly epoch: number; readonly error: GatewayError }
  | { readonly type: 'driver'; readonly epoch: number; readonly event: DriverEvent }
  | {
      readonly type: 'pairing_code';
      readonly epoch: number;
      readonly code: string;
      readonly phoneNumber: string;
    }
  | {
      readonly type: 'probed';
      readonly epoch: number;
      readonly result: ProbeResult;
    }
  /** `problem`: why the next start will not find the login that the browser writes now. */
  | { readonly type: 'login_checked'; readonly epoch: number; readonly problem: GatewayError | null }
  | { readonly type: 'probe_failed'; readonly epoch: number; readonly error: GatewayError }
  | { readonly type: 'refresh_failed'; readonly epoch: number }
  | { readonly type: 'unlinked'; readonly epoch: number; readonly confirmed: boolean }
  | { readonly type: 'browser_stopped'; readonly epoch: number }
  | { readonly type: 'login_removed' }
  | { readonly type: 'login_not_removed'; readonly error: GatewayError }
  | { readonly type: 'timer'; readonly name: Timer['name'] };

/** What the runner has to do; the result comes back as an input. */
export type Effect =
  | { readonly type: 'check' }
  | { readonly type: 'start'; readonly epoch: number }
  | { readonly type: 'stop'; readonly epoch: number }
  | { readonly type: 'probe'; readonly epoch: number }
  | { readonly type: 'check_login'; readonly epoch: number }
  | { readonly type: 'refresh_qr'; readonly epoch: number }
  | { readonly type: 'unlink'; readonly epoch: number }
  | { readonly type: 'remove_login' };
