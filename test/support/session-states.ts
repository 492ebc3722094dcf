import { GatewayError } from '../../src/errors.ts';
import type { Account } from '../../src/session/driver.ts';
import { DEFAULT_POLICY } from '../../src/session/policy.ts';
import type { Phase, Reason, SessionInput, StateIn } from '../../src/session/state.ts';
import type { Context } from '../../src/session/transition.ts';

export const NOW = Date.UTC(2026, 0, 1, 12);
export const EPOCH = 7;

export const ACCOUNT: Account = {
  id: '79120000000@c.us',
  phone: '79120000000',
  name: 'Anna',
  platform: 'android',
};

export const CONTEXT: Context = { now: NOW, random: 0.5, policy: DEFAULT_POLICY, nextEpoch: EPOCH + 1 };

export const REASON: Reason = {
  code: 'browser_crashed',
  message: 'The browser ended',
  action: null,
  retryAt: null,
};

const common = { since: NOW - 1_000, failures: 0, reason: null, timers: [] };
const live = { ...common, epoch: EPOCH };
const timer = <Name extends string>(name: Name) => [{ name, at: NOW }] as const;

/** One typical state of each phase, with every timer that the phase may have. */
export const STATES: { readonly [P in Phase]: StateIn<P> } = {
  stopped: { ...common, phase: 'stopped' },
  checking: { ...common, phase: 'checking' },
  starting: { ...live, phase: 'starting', timers: timer('start') },
  qr: {
    ...live,
    phase: 'qr',
    qr: { payload: 'first', attempt: 1, issuedAt: NOW - 1_000, expiresAt: NOW + 59_000 },
    pairing: null,
    refreshes: 0,
    timers: [...timer('stale'), ...timer('stable')],
  },
  syncing: { ...live, phase: 'syncing', percent: 40, timers: timer('sync') },
  ready: { ...live, phase: 'ready', account: ACCOUNT, timers: [...timer('probe'), ...timer('stable')] },
  reconnecting: {
    ...live,
    phase: 'reconnecting',
    account: ACCOUNT,
    reason: REASON,
    silentProbes: 0,
    timers: [...timer('probe'), ...timer('reconnect')],
  },
  unlinking: { ...live, phase: 'unlinking', restart: false, timers: timer('stop') },
  stopping: { ...live, phase: 'stopping', after: { then: 'stay' }, timers: timer('stop') },
  removing: { ...common, phase: 'removing', restart: false, mayBeListed: false },
  waiting: { ...common, phase: 'waiting', reason: REASON, timers: timer('retry') },
  failed: {
    ...common,
    phase: 'failed',
    reason: REASON,
    looking: false,
    removal: null,
    timers: timer('retry'),
  },
  stuck: { ...live, phase: 'stuck', reason: REASON, after: { then: 'retry' }, because: REASON },
};

export const PHASES = Object.keys(STATES) as Phase[];

const error = (code: GatewayError['code']) => new GatewayError({ code, message: `what ${code} says` });
const driver = (event: Extract<SessionInput, { type: 'driver' }>['event']): SessionInput => ({
  type: 'driver',
  epoch: EPOCH,
  event,
});

/** Every kind of input, those of the driver with the epoch of the living client. */
export const INPUTS = {
  connect: { type: 'connect' },
  disconnect: { type: 'disconnect' },
  restart: { type: 'restart' },
  logout: { type: 'logout' },
  check_passed: { type: 'check_passed' },
  'check_failed folder': { type: 'check_failed', error: error('session_path_not_writable') },
  start_failed: { type: 'start_failed', epoch: EPOCH, error: error('load_timeout') },
  'driver qr new': driver({ type: 'qr', payload: 'second' }),
  'driver qr same': driver({ type: 'qr', payload: 'first' }),
  'driver authenticated': driver({ type: 'authenticated' }),
  'driver progress 70': driver({ type: 'progress', percent: 70 }),
  'driver progress 10': driver({ type: 'progress', percent: 10 }),
  'driver ready': driver({ type: 'ready', account: ACCOUNT }),
  'driver connection lost': driver({ type: 'connection', connected: false, socketState: 'TIMEOUT' }),
  'driver connection back': driver({ type: 'connection', connected: true, socketState: 'CONNECTED' }),
  'driver logged_out': driver({ type: 'logged_out' }),
  'driver failed': driver({ type: 'failed', error: error('browser_crashed') }),
  pairing_code: { type: 'pairing_code', epoch: EPOCH, code: 'ABCDEFGH', phoneNumber: '79120000000' },
  'probed connected': {
    type: 'probed',
    epoch: EPOCH,
    result: { connected: true, socketState: 'CONNECTED' },
  },
  'probed interrupted': {
    type: 'probed',
    epoch: EPOCH,
    result: { connected: false, socketState: 'OPENING' },
  },
  'login_checked right': { type: 'login_checked', epoch: EPOCH, problem: null },
  'login_checked gone': { type: 'login_checked', epoch: EPOCH, problem: error('session_path_deleted') },
  probe_failed: { type: 'probe_failed', epoch: EPOCH, error: error('browser_unresponsive') },
  refresh_failed: { type: 'refresh_failed', epoch: EPOCH },
  unlinked: { type: 'unlinked', epoch: EPOCH, confirmed: true },
  browser_stopped: { type: 'browser_stopped', epoch: EPOCH },
  login_removed: { type: 'login_removed' },
  login_not_removed: { type: 'login_not_removed', error: error('login_not_removed') },
  'timer start': { type: 'timer', name: 'start' },
  'timer stale': { type: 'timer', name: 'stale' },
  'timer sync': { type: 'timer', name: 'sync' },
  'timer probe': { type: 'timer', name: 'probe' },
  'timer reconnect': { type: 'timer', name: 'reconnect' },
  'timer retry': { type: 'timer', name: 'retry' },
  'timer stop': { type: 'timer', name: 'stop' },
  'timer stable': { type: 'timer', name: 'stable' },
} as const satisfies Record<string, SessionInput>;

export type InputName = keyof typeof INPUTS;
export const INPUT_NAMES = Object.keys(INPUTS) as InputName[];
