import { connect, disconnect, logout, restart } from './commands.ts';
import { driverEvent, type WorkingState } from './driver-events.ts';
import { remedyFor } from './policy.ts';
import { reasonOf, reasonOfError, REASONS } from './reasons.ts';
import type { GatewayError } from '../errors.ts';
import type { DriverEvent } from './driver.ts';
import type { AfterStop, Reason, SessionInput, SessionState, StateIn, Timer } from './state.ts';
import { publicStateOf } from './status.ts';
import {
  beReady,
  check,
  expel,
  lose,
  reconnect,
  remove,
  removalIn,
  resist,
  rest,
  settle,
  start,
  stop,
  to,
  type Context,
  type Step,
} from './steps.ts';

export type { Context, Step } from './steps.ts';

/** The state of a gateway that has not been asked to connect. @param now milliseconds since the Unix epoch */
export function initialState(now: number): SessionState {
  return { phase: 'stopped', since: now, failures: 0, reason: reasonOf(REASONS.stopped), timers: [] };
}

/** The client that a state holds, or null. There is never more than one. */
export function epochOf(state: SessionState): number | null {
  return 'epoch' in state ? state.epoch : null;
}

/**
 * The session's life as a pure function. What a state does not expect is ignored: the same state object
 * comes back, without effects. Inputs of a client that has been replaced are such a case.
 */
export function transition(state: SessionState, input: SessionInput, context: Context): Step {
  if ('epoch' in input && input.epoch !== epochOf(state)) return to(state);
  const step = react(state, input, context);
  // `since` belongs to the public state, so that it does not jump at every inner step.
  return publicStateOf(state.phase) === publicStateOf(step.state.phase) && state.since !== step.state.since
    ? { ...step, state: { ...step.state, since: state.since } }
    : step;
}

function react(state: SessionState, input: SessionInput, context: Context): Step {
  switch (input.type) {
    case 'connect':
      return connect(state, context);
    case 'disconnect':
      return disconnect(state, context);
    case 'restart':
      return restart(state, context);
    case 'logout':
      return logout(state, context);
    case 'check_passed':
      return isChecking(state) ? start(state, context) : to(state);
    case 'check_failed':
      return isChecking(state) ? checkFailed(state, reasonOfError(input.error), context) : to(state);
    case 'start_failed':
      return isWorking(state) ? lose(state, reasonOfError(input.error), context) : to(state);
    case 'driver':
      return fromDriver(state, input.event, context);
    case 'pairing_code':
      return state.phase === 'qr' ? showPairingCode(state, input, context) : to(state);
    case 'refresh_failed':
      return state.phase === 'qr' ? lose(state, reasonOf(REASONS.qr_stale), context) : to(state);
    case 'probed':
      return probed(state, input, context);
    case 'login_checked':
      return loginChecked(state, input.problem, context);
    case 'probe_failed':
      return probeFailed(state, reasonOfError(input.error), context);
    case 'unlinked':
      return state.phase === 'unlinking' ? unlinked(state, input.confirmed, context) : to(state);
    case 'browser_stopped':
      return state.phase === 'stopping' || state.phase === 'stuck'
        ? browserStopped(state, context)
        : to(state);
    case 'login_removed':
      return loginRemoved(state, context);
    case 'login_not_removed':
      return loginNotRemoved(state, reasonOfError(input.error), context);
    case 'timer':
      return timer(state, input.name, context);
  }
}

/** A client works and nothing has been asked that ends it. */
function isWorking(state: SessionState): state is WorkingState {
  switch (state.phase) {
    case 'starting':
    case 'qr':
    case 'syncing':
    case 'ready':
    case 'reconnecting':
      return true;
    default:
      return false;
  }
}

function isChecking(state: SessionState): boolean {
  return state.phase === 'checking' || (state.phase === 'failed' && state.looking && state.removal === null);
}

/** What a person must put right takes as long as it takes, and is no reason to give up on the network afterwards. */
function checkFailed(state: SessionState, reason: Reason, context: Context): Step {
  const counts = remedyFor(reason.code) !== 'recheck';
  return settle(reason, state.failures + (counts ? 1 : 0), context);
}

function fromDriver(state: SessionState, event: DriverEvent, context: Context): Step {
  if (isWorking(state)) return driverEvent(state, event, context);
  switch (state.phase) {
    case 'unlinking':
      // The page answers a logout in two ways, and either may come first; a dead page cannot confirm any more.
      if (event.type === 'logged_out') return unlinked(state, true, context);
      return event.type === 'failed' ? unlinked(state, false, context) : to(state);
    case 'stopping':
      // The phone unlinks while the browser is being ended: the login is worthless all the same.
      return event.type === 'logged_out' && state.after.then !== 'remove_login'
        ? expel(state, state.after.then !== 'stay', context)
        : to(state);
    default:
      return to(state);
  }
}

function showPairingCode(
  state: StateIn<'qr'>,
  { code, phoneNumber }: { code: string; phoneNumber: string },
  { now, policy }: Context,
): Step {
  const expiresAt = now + policy.pairingMs;
  return to(
    {
      ...state,
      pairing: { code, phoneNumber, issuedAt: now, expiresAt },
      refreshes: 0,
      // WhatsApp Web gives no QR while a pairing code is valid; afterwards one has to be asked for.
      timers: rearm(state.timers, { name: 'stale', at: expiresAt }),
    },
    { type: 'check_login', epoch: state.epoch },
  );
}

function probed(
  state: SessionState,
  input: Extract<SessionInput, { type: 'probed' }>,
  context: Context,
): Step {
  const { now, policy } = context;
  const { connected } = input.result;
  if (state.phase === 'ready') {
    return connected
      ? to({ ...state, timers: rearm(state.timers, { name: 'probe', at: now + policy.probeMs }) })
      : reconnect(state, reasonOf(REASONS.interrupted), 0, context);
  }
  if (state.phase !== 'reconnecting') return to(state);
  return connected
    ? beReady(state, state.account, context)
    : to({
        ...state,
        silentProbes: 0,
        timers: rearm(state.timers, { name: 'probe', at: now + policy.probeAgainMs }),
      });
}

function probeFailed(state: SessionState, reason: Reason, context: Context): Step {
  const { now, policy } = context;
  if (state.phase === 'ready') return reconnect(state, reason, 1, context);
  if (state.phase !== 'reconnecting') return to(state);
  const silentProbes = state.silentProbes + 1;
  if (silentProbes >= policy.silentProbes) return lose(state, reason, context);
  const timers = rearm(state.timers, { name: 'probe', at: now + policy.probeAgainMs });
  return to({ ...state, reason, silentProbes, timers });
}

function unlinked(state: StateIn<'unlinking'>, unlinkConfirmed: boolean, context: Context): Step {
  const { restart } = state;
  const after: AfterStop = { then: 'remove_login', restart, unlinkConfirmed, mayBeListed: !unlinkConfirmed };
  return stop(state, after, null, context);
}

function browserStopped(state: StateIn<'stopping' | 'stuck'>, context: Context): Step {
  const { after, failures } = state;
  const reason = state.phase === 'stuck' ? state.because : state.reason;
  switch (after.then) {
    case 'stay':
      return rest(reason ?? reasonOf(REASONS.stopped), context);
    case 'start':
      return check(failures, null, context);
    case 'remove_login':
      return remove(after, context);
    case 'retry':
      return settle(reason ?? reasonOf(REASONS.interrupted), failures, context);
  }
}

function loginRemoved(state: SessionState, context: Context): Step {
  const removal = removalIn(state);
  if (removal === null) return to(state);
  const reason = reasonOf(removal.mayBeListed ? REASONS.unlink_unconfirmed : REASONS.logged_out);
  return removal.restart ? check(0, reason, context) : rest(reason, context);
}

function loginNotRemoved(state: SessionState, reason: Reason, context: Context): Step {
  const removal = removalIn(state);
  return removal === null ? to(state) : resist(reason, removal, context);
}

/** The folder may have been taken away under the browser: what is linked then, nobody will find again. */
function loginChecked(state: SessionState, problem: GatewayError | null, context: Context): Step {
  switch (state.phase) {
    case 'qr':
      return problem === null ? to(state) : lose(state, reasonOfError(problem), context);
    case 'ready':
      if (problem === null && state.reason === null) return to(state);
      // It is connected all the same: said beside the state, not instead of it.
      return to({ ...state, reason: problem === null ? null : reasonOfError(problem) });
    default:
      return to(state);
  }
}

function timer(state: SessionState, name: Timer['name'], context: Context): Step {
  if (!state.timers.some((listed) => listed.name === name)) return to(state);
  const { now, policy } = context;
  switch (state.phase) {
    case 'starting':
      return lose(state, reasonOf(REASONS.load_timeout), context);
    case 'qr':
      return name === 'stable' ? stable(state) : stale(state, context);
    case 'syncing':
      return lose(state, reasonOf(REASONS.sync_timeout), context);
    case 'ready':
      return name === 'stable' ? stable(state) : look(state, now + policy.probeMs);
    case 'reconnecting':
      return name === 'reconnect' ? lose(state, state.reason, context) : probe(state, now + policy.probeMs);
    case 'unlinking':
      return unlinked(state, false, context);
    case 'stopping':
      return to({
        ...state,
        phase: 'stuck',
        since: now,
        reason: reasonOf(REASONS.stuck),
        because: state.reason,
        timers: [],
      });
    case 'waiting':
      return check(state.failures, state.reason, context);
    case 'failed':
      return to(
        { ...state, looking: true, timers: [] },
        state.removal === null ? { type: 'check' } : { type: 'remove_login' },
      );
    default:
      return to(state);
  }
}

/** It has worked for so long that earlier failures are forgotten. */
function stable(state: StateIn<'qr' | 'ready'>): Step {
  return to({ ...state, failures: 0, timers: without(state.timers, 'stable') });
}

/** The QR has had no successor in time: asks for one, and in the end restarts the browser. */
function stale(state: StateIn<'qr'>, context: Context): Step {
  const { now, policy } = context;
  if (state.refreshes >= policy.qrRefreshes) return lose(state, reasonOf(REASONS.qr_stale), context);
  return to(
    {
      ...state,
      refreshes: state.refreshes + 1,
      timers: rearm(state.timers, { name: 'stale', at: now + policy.qrRefreshMs }),
    },
    { type: 'refresh_qr', epoch: state.epoch },
  );
}

/** Measures, and measures again later even if no answer ever comes. */
function probe(state: StateIn<'ready' | 'reconnecting'>, again: number): Step {
  return to(
    { ...state, timers: rearm(state.timers, { name: 'probe', at: again }) },
    { type: 'probe', epoch: state.epoch },
  );
}

/** Measures page and folder, each by itself: a disk that is asleep holds up no news of the page. */
function look(state: StateIn<'ready'>, again: number): Step {
  const step = probe(state, again);
  return { ...step, effects: [...step.effects, { type: 'check_login', epoch: state.epoch }] };
}

function rearm(timers: readonly Timer[], timer: Timer): readonly Timer[] {
  return [...without(timers, timer.name), timer];
}

function without(timers: readonly Timer[], name: Timer['name']): readonly Timer[] {
  return timers.filter((timer) => timer.name !== name);
}
