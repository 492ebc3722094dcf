import type { Account } from './driver.ts';
import { remedyFor, retryDelay, type Policy } from './policy.ts';
import { reasonOf, REASONS } from './reasons.ts';
import type { AfterStop, Effect, QrCode, Reason, Removal, SessionState, StateIn, Timer } from './state.ts';

/** What a transition may know besides state and input. */
export interface Context {
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** In [0, 1). */
  readonly random: number;
  readonly policy: Policy;
  /** The epoch that the next client will have. */
  readonly nextEpoch: number;
}

export interface Step {
  readonly state: SessionState;
  readonly effects: readonly Effect[];
}

/** A state that holds a client. */
export type LiveState = Extract<SessionState, { epoch: number }>;

/** Goes to a state without asking for anything. */
export function to(state: SessionState, ...effects: Effect[]): Step {
  return { state, effects };
}

/** Ends a session that has no client. */
export function rest(reason: Reason, { now }: Context): Step {
  return to({ phase: 'stopped', since: now, failures: 0, reason, timers: [] });
}

/** Looks at folder, locks and browser before anything is launched. */
export function check(failures: number, reason: Reason | null, { now }: Context): Step {
  const state = { phase: 'checking', since: now, failures, reason: underWay(reason), timers: [] } as const;
  return to(state, { type: 'check' });
}

/** Launches a new client. */
export function start(from: SessionState, { now, policy, nextEpoch }: Context): Step {
  return to(
    {
      phase: 'starting',
      epoch: nextEpoch,
      since: now,
      failures: from.failures,
      // Only what asks for a new link is worth telling once a start is under way.
      reason: asksForLink(from.reason) ? underWay(from.reason) : null,
      timers: [{ name: 'start', at: now + policy.startMs }],
    },
    { type: 'start', epoch: nextEpoch },
  );
}

/** Ends the client; `after` says what comes when its browser is gone. */
export function stop(
  from: LiveState,
  after: AfterStop,
  reason: Reason | null,
  { now, policy }: Context,
): Step {
  return to(
    {
      phase: 'stopping',
      epoch: from.epoch,
      since: now,
      failures: from.failures,
      reason,
      after,
      timers: [{ name: 'stop', at: now + policy.stopMs }],
    },
    { type: 'stop', epoch: from.epoch },
  );
}

/** The client is of no use any more: ends it, and tries again as the reason asks for. */
export function lose(from: LiveState, reason: Reason, context: Context): Step {
  return stop({ ...from, failures: from.failures + 1 }, { then: 'retry' }, reason, context);
}

/** The login was ended by WhatsApp or by the phone: browser first, then the folder, then a new client. */
export function expel(from: LiveState, restart: boolean, context: Context): Step {
  const after: AfterStop = { then: 'remove_login', restart, unlinkConfirmed: true, mayBeListed: false };
  return stop({ ...from, failures: 0 }, after, reasonOf(REASONS.logging_out), context);
}

/** Removes the stored login; no client is alive here. */
export function remove(removal: Removal, context: Context): Step {
  return to(removing(removal, context), { type: 'remove_login' });
}

/** A removal is under way. */
export function removing({ restart, mayBeListed }: Removal, { now }: Context): StateIn<'removing'> {
  const reason = reasonOf(REASONS.logging_out);
  return { phase: 'removing', since: now, failures: 0, reason, timers: [], restart, mayBeListed };
}

/** The removal that is under way in a state, or null. */
export function removalIn(state: SessionState): Removal | null {
  if (state.phase === 'removing') return state;
  return state.phase === 'failed' && state.looking ? state.removal : null;
}

/** The login resists: a person must act, and the removal is tried again, never a start. */
export function resist(reason: Reason, { restart, mayBeListed }: Removal, { now, policy }: Context): Step {
  const retryAt = now + policy.recheckMs;
  return to({
    phase: 'failed',
    since: now,
    failures: 1,
    reason: { ...reason, retryAt },
    timers: [{ name: 'retry', at: retryAt }],
    looking: false,
    removal: { restart, mayBeListed },
  });
}

/** What a failure asks for, when no client is alive: wait and try again, or ask for a person. */
export function settle(reason: Reason, failures: number, { now, random, policy }: Context): Step {
  const remedy = remedyFor(reason.code);
  if (remedy === 'retry' && failures <= policy.retries) {
    const retryAt = now + retryDelay(policy, failures, random);
    return to({
      phase: 'waiting',
      since: now,
      failures,
      reason: { ...reason, retryAt },
      timers: [{ name: 'retry', at: retryAt }],
    });
  }
  const retryAt =
    remedy === 'give_up' ? null : now + (remedy === 'recheck' ? policy.recheckMs : policy.slowRetryMs);
  return to({
    phase: 'failed',
    since: now,
    failures,
    reason: { ...reason, retryAt },
    timers: retryAt === null ? [] : [{ name: 'retry', at: retryAt }],
    looking: false,
    removal: null,
  });
}

/** Shows a QR. */
export function showQr(from: LiveState, payload: string, attempt: number, { now, policy }: Context): Step {
  const expiresAt = now + (attempt === 1 ? policy.firstQrMs : policy.qrMs);
  const qr: QrCode = { payload, attempt, issuedAt: now, expiresAt };
  const state: StateIn<'qr'> = {
    phase: 'qr',
    epoch: from.epoch,
    since: now,
    failures: from.failures,
    reason: asksForLink(from.reason) ? underWay(from.reason) : null,
    timers: [
      { name: 'stale', at: expiresAt + policy.qrGraceMs },
      // A page that goes on giving QRs works: what failed before is past.
      ...(from.phase === 'qr' ? stableIn(from) : [{ name: 'stable', at: now + policy.stableMs } as const]),
    ],
    qr,
    pairing: null,
    refreshes: 0,
  };
  return to(state, { type: 'check_login', epoch: from.epoch });
}

/** The deadline after which earlier failures are forgotten, while it has not passed. */
export function stableIn({ timers }: SessionState): readonly Timer[] {
  return timers.filter(({ name }) => name === 'stable');
}

/** Linked; messages are loading. */
export function sync(from: LiveState, percent: number, { now, policy }: Context): Step {
  return to({
    phase: 'syncing',
    epoch: from.epoch,
    since: now,
    failures: from.failures,
    reason: null,
    timers: [{ name: 'sync', at: now + policy.syncMs }],
    percent,
  });
}

/** Messages flow. */
export function beReady(from: LiveState, account: Account, { now, policy }: Context): Step {
  const state: StateIn<'ready'> = {
    phase: 'ready',
    epoch: from.epoch,
    since: now,
    failures: from.failures,
    reason: null,
    timers: [
      { name: 'probe', at: now + policy.probeMs },
      { name: 'stable', at: now + policy.stableMs },
    ],
    account,
  };
  return to(state, { type: 'check_login', epoch: from.epoch });
}

/** A measurement said that messages do not flow; WhatsApp Web may mend that by itself for a while. */
export function reconnect(
  from: StateIn<'ready'>,
  reason: Reason,
  silentProbes: number,
  { now, policy }: Context,
): Step {
  return to({
    phase: 'reconnecting',
    epoch: from.epoch,
    since: now,
    failures: from.failures,
    reason,
    timers: [
      { name: 'probe', at: now + policy.probeAgainMs },
      { name: 'reconnect', at: now + policy.reconnectMs },
    ],
    account: from.account,
    silentProbes,
  });
}

/** What has been waited for is being done. */
function underWay<R extends Reason | null>(reason: R): R {
  return reason === null ? reason : { ...reason, retryAt: null };
}

function asksForLink(reason: Reason | null): boolean {
  return ['logged_out', 'unlink_unconfirmed', 'unpaired'].includes(reason?.code ?? '');
}
