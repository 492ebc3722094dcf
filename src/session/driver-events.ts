import type { DriverEvent } from './driver.ts';
import { reasonOf, reasonOfError, REASONS } from './reasons.ts';
import { beReady, expel, lose, reconnect, showQr, sync, to, type Context, type Step } from './steps.ts';
import type { StateIn } from './state.ts';

/** The states in which a client works: its events mean something. */
export type WorkingState = StateIn<'starting' | 'qr' | 'syncing' | 'ready' | 'reconnecting'>;

/** What an event of the living client does. */
export function driverEvent(state: WorkingState, event: DriverEvent, context: Context): Step {
  switch (event.type) {
    case 'qr':
      return qr(state, event.payload, context);
    case 'authenticated':
      return state.phase === 'starting' || state.phase === 'qr' ? sync(state, 0, context) : to(state);
    case 'progress':
      return progress(state, event.percent, context);
    case 'ready':
      // The library repeats `ready` after a navigation inside the page; only the first one counts.
      return state.phase === 'ready' ? to(state) : beReady(state, event.account, context);
    case 'connection':
      return connection(state, event.connected, context);
    case 'logged_out':
      return expel(state, true, context);
    case 'failed':
      return lose(state, reasonOfError(event.error), context);
  }
}

function qr(state: WorkingState, payload: string, context: Context): Step {
  switch (state.phase) {
    case 'starting':
    case 'syncing':
      return showQr(state, payload, 1, context);
    case 'qr':
      // The page repeats a QR when it is listened to again; that is not a new one.
      return payload === state.qr.payload && state.pairing === null
        ? to(state)
        : showQr(state, payload, state.qr.attempt + 1, context);
    case 'ready':
    case 'reconnecting':
      // A linked page that asks for a scan has lost its login, and a login made in it would go to a dead profile.
      return expel(state, true, context);
  }
}

function progress(state: WorkingState, reported: number, context: Context): Step {
  const percent = Math.min(100, Math.max(0, Math.round(reported)));
  switch (state.phase) {
    case 'starting':
    case 'qr':
      return sync(state, percent, context);
    case 'syncing':
      return percent > state.percent ? sync(state, percent, context) : to(state);
    case 'ready':
    case 'reconnecting':
      return to(state);
  }
}

function connection(state: WorkingState, connected: boolean, context: Context): Step {
  if (state.phase === 'ready' && !connected) {
    return reconnect(state, reasonOf(REASONS.interrupted), 0, context);
  }
  // Only a measurement makes it ready again.
  return state.phase === 'reconnecting' && connected
    ? to(state, { type: 'probe', epoch: state.epoch })
    : to(state);
}
