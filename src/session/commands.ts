import { reasonOf, REASONS } from './reasons.ts';
import { check, removalIn, remove, removing, rest, stop, to, type Context, type Step } from './steps.ts';
import type { AfterStop, Reason, Removal, SessionState, StateIn } from './state.ts';

/** Starts what does not run. Harmless when it runs already. */
export function connect(state: SessionState, context: Context): Step {
  switch (state.phase) {
    case 'failed':
      if (state.removal !== null) return removeAgain(state, { ...state.removal, restart: true }, context);
      return check(0, stillTrue(state.reason), context);
    case 'stopped':
    case 'waiting':
      return check(0, stillTrue(state.reason), context);
    case 'stopping':
      return to({ ...state, after: startingAfter(state.after), reason: stillTrue(state.reason) });
    case 'stuck':
      return stop(state, startingAfter(state.after), stillTrue(state.because), context);
    case 'unlinking':
    case 'removing':
      return to({ ...state, restart: true });
    case 'checking':
    case 'starting':
    case 'qr':
    case 'syncing':
    case 'ready':
    case 'reconnecting':
      return to(state);
  }
}

/** Once a connection is under way nobody is told that it was stopped, and to press Connect. */
function stillTrue(reason: Reason | null): Reason | null {
  return reason?.code === 'stopped' ? null : reason;
}

/** Ends what runs and keeps the login. */
export function disconnect(state: SessionState, context: Context): Step {
  const reason = reasonOf(REASONS.stopped);
  switch (state.phase) {
    case 'failed':
      // A removal that is at work cannot be called back; one that would be tried later can.
      return state.removal === null || !state.looking
        ? rest(reason, context)
        : to(removing({ ...state.removal, restart: false }, context));
    case 'stopped':
    case 'checking':
    case 'waiting':
      return rest(reason, context);
    case 'unlinking':
    case 'removing':
      return to({ ...state, restart: false });
    // Its deadline stands: whoever goes on asking must not keep a browser that cannot be ended out of sight.
    case 'stopping':
      return to({ ...state, after: stayingAfter(state.after), reason });
    case 'stuck':
      return stop(state, stayingAfter(state.after), reason, context);
    case 'starting':
    case 'qr':
    case 'syncing':
    case 'ready':
    case 'reconnecting':
      return stop({ ...state, failures: 0 }, { then: 'stay' }, reason, context);
  }
}

/** Ends what runs and starts it again. */
export function restart(state: SessionState, context: Context): Step {
  switch (state.phase) {
    case 'starting':
    case 'qr':
    case 'syncing':
    case 'ready':
    case 'reconnecting':
      return stop({ ...state, failures: 0 }, { then: 'start' }, null, context);
    case 'stopped':
    case 'checking':
    case 'waiting':
    case 'failed':
    case 'stuck':
    case 'stopping':
    case 'removing':
    case 'unlinking':
      return connect(state, context);
  }
}

/**
 * Unlinks this device and removes the login. Where no page can be asked to unlink, the login is removed
 * all the same, and the answer says that WhatsApp did not confirm.
 */
export function logout(state: SessionState, context: Context): Step {
  switch (state.phase) {
    case 'syncing':
    case 'ready':
    case 'reconnecting':
      return to(
        {
          phase: 'unlinking',
          epoch: state.epoch,
          since: context.now,
          failures: 0,
          reason: null,
          timers: [{ name: 'stop', at: context.now + context.policy.stopMs }],
          restart: false,
        },
        { type: 'unlink', epoch: state.epoch },
      );
    case 'starting':
    case 'qr':
      return stop({ ...state, failures: 0 }, removingAfter(null, mayHoldLogin(state)), null, context);
    case 'stopping':
      return to({ ...state, failures: 0, after: removingAfter(state.after, true), reason: null });
    case 'stuck':
      return stop({ ...state, failures: 0 }, removingAfter(state.after, true), null, context);
    case 'failed':
      return removeAgain(state, { ...(state.removal ?? unknown(state)), restart: false }, context);
    case 'stopped':
    case 'checking':
    case 'waiting':
      return remove(unknown(state), context);
    case 'unlinking':
    case 'removing':
      return to({ ...state, restart: false });
  }
}

/** Two removals at the same time: the second would take the next login. */
function removeAgain(state: StateIn<'failed'>, removal: Removal, context: Context): Step {
  return removalIn(state) === null ? remove(removal, context) : to(removing(removal, context));
}

/** A code that nobody has scanned has linked nothing; what an earlier end has left unconfirmed stays so. */
function mayHoldLogin({ phase, reason }: StateIn<'starting' | 'qr'>): boolean {
  return phase === 'qr' ? reason?.code === 'unlink_unconfirmed' : reason?.code !== 'logged_out';
}

/** The end of a login while nobody can be asked whether there is one, unless it was ended right before. */
function unknown({ reason }: SessionState): Removal {
  return { restart: false, mayBeListed: reason?.code !== 'logged_out' };
}

/** A login that WhatsApp has ended is removed whatever comes afterwards. */
function startingAfter(after: AfterStop): AfterStop {
  return after.then === 'remove_login' ? { ...after, restart: true } : { then: 'start' };
}

function stayingAfter(after: AfterStop): AfterStop {
  return after.then === 'remove_login' ? { ...after, restart: false } : { then: 'stay' };
}

/** Asked for twice, the second one does not take back what WhatsApp has confirmed to the first. */
function removingAfter(after: AfterStop | null, mayBeListed: boolean): AfterStop {
  return after?.then === 'remove_login'
    ? { ...after, restart: false }
    : { then: 'remove_login', restart: false, unlinkConfirmed: false, mayBeListed };
}
