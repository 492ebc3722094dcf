import { describe, expect, it } from 'vitest';
import type { Phase } from '../../src/session/state.ts';
import { transition } from '../../src/session/transition.ts';
import {
  CONTEXT,
  EPOCH,
  INPUT_NAMES,
  INPUTS,
  PHASES,
  STATES,
  type InputName,
} from '../support/session-states.ts';

/** `phase` or `phase! effect effect`: where an input leads, and what it asks for. All that is not listed is ignored. */
const TABLE: Record<Phase, Partial<Record<InputName, string>>> = {
  stopped: {
    connect: 'checking! check',
    disconnect: 'stopped',
    restart: 'checking! check',
    logout: 'removing! remove_login',
  },
  checking: {
    disconnect: 'stopped',
    logout: 'removing! remove_login',
    check_passed: 'starting! start',
    'check_failed folder': 'failed',
  },
  starting: {
    disconnect: 'stopping! stop',
    restart: 'stopping! stop',
    logout: 'stopping! stop',
    start_failed: 'stopping! stop',
    'driver qr new': 'qr! check_login',
    'driver qr same': 'qr! check_login',
    'driver authenticated': 'syncing',
    'driver progress 70': 'syncing',
    'driver progress 10': 'syncing',
    'driver ready': 'ready! check_login',
    'driver logged_out': 'stopping! stop',
    'driver failed': 'stopping! stop',
    'timer start': 'stopping! stop',
  },
  qr: {
    disconnect: 'stopping! stop',
    restart: 'stopping! stop',
    logout: 'stopping! stop',
    start_failed: 'stopping! stop',
    'driver qr new': 'qr! check_login',
    'driver authenticated': 'syncing',
    'driver progress 70': 'syncing',
    'driver progress 10': 'syncing',
    'driver ready': 'ready! check_login',
    'driver logged_out': 'stopping! stop',
    'driver failed': 'stopping! stop',
    pairing_code: 'qr! check_login',
    'login_checked gone': 'stopping! stop',
    refresh_failed: 'stopping! stop',
    'timer stale': 'qr! refresh_qr',
    'timer stable': 'qr',
  },
  syncing: {
    disconnect: 'stopping! stop',
    restart: 'stopping! stop',
    logout: 'unlinking! unlink',
    start_failed: 'stopping! stop',
    'driver qr new': 'qr! check_login',
    'driver qr same': 'qr! check_login',
    'driver progress 70': 'syncing',
    'driver ready': 'ready! check_login',
    'driver logged_out': 'stopping! stop',
    'driver failed': 'stopping! stop',
    'timer sync': 'stopping! stop',
  },
  ready: {
    disconnect: 'stopping! stop',
    restart: 'stopping! stop',
    logout: 'unlinking! unlink',
    start_failed: 'stopping! stop',
    'driver qr new': 'stopping! stop',
    'driver qr same': 'stopping! stop',
    'driver connection lost': 'reconnecting',
    'driver logged_out': 'stopping! stop',
    'driver failed': 'stopping! stop',
    'probed connected': 'ready',
    'probed interrupted': 'reconnecting',
    'login_checked gone': 'ready',
    probe_failed: 'reconnecting',
    'timer probe': 'ready! probe check_login',
    'timer stable': 'ready',
  },
  reconnecting: {
    disconnect: 'stopping! stop',
    restart: 'stopping! stop',
    logout: 'unlinking! unlink',
    start_failed: 'stopping! stop',
    'driver qr new': 'stopping! stop',
    'driver qr same': 'stopping! stop',
    'driver ready': 'ready! check_login',
    'driver connection back': 'reconnecting! probe',
    'driver logged_out': 'stopping! stop',
    'driver failed': 'stopping! stop',
    'probed connected': 'ready! check_login',
    'probed interrupted': 'reconnecting',
    probe_failed: 'reconnecting',
    'timer probe': 'reconnecting! probe',
    'timer reconnect': 'stopping! stop',
  },
  unlinking: {
    connect: 'unlinking',
    disconnect: 'unlinking',
    restart: 'unlinking',
    logout: 'unlinking',
    'driver logged_out': 'stopping! stop',
    'driver failed': 'stopping! stop',
    unlinked: 'stopping! stop',
    'timer stop': 'stopping! stop',
  },
  stopping: {
    connect: 'stopping',
    disconnect: 'stopping',
    restart: 'stopping',
    logout: 'stopping',
    'driver logged_out': 'stopping! stop',
    browser_stopped: 'stopped',
    'timer stop': 'stuck',
  },
  removing: {
    connect: 'removing',
    disconnect: 'removing',
    restart: 'removing',
    logout: 'removing',
    login_removed: 'stopped',
    login_not_removed: 'failed',
  },
  waiting: {
    connect: 'checking! check',
    disconnect: 'stopped',
    restart: 'checking! check',
    logout: 'removing! remove_login',
    'timer retry': 'checking! check',
  },
  failed: {
    connect: 'checking! check',
    disconnect: 'stopped',
    restart: 'checking! check',
    logout: 'removing! remove_login',
    'timer retry': 'failed! check',
  },
  stuck: {
    connect: 'stopping! stop',
    disconnect: 'stopping! stop',
    restart: 'stopping! stop',
    logout: 'stopping! stop',
    browser_stopped: 'waiting',
  },
};

describe('session transition, every state with every input', () => {
  for (const phase of PHASES) {
    for (const name of INPUT_NAMES) {
      const expected = TABLE[phase][name];
      it(`${phase}, ${name}, ${expected ?? 'ignored'}`, () => {
        const { state, effects } = transition(STATES[phase], INPUTS[name], CONTEXT);
        if (expected === undefined) {
          expect(state).toBe(STATES[phase]);
          expect(effects).toEqual([]);
          return;
        }
        const [target, wanted = ''] = expected.split('! ');
        expect(state === STATES[phase] && effects.length === 0).toBe(false);
        expect(state.phase).toBe(target);
        expect(effects.map(({ type }) => type)).toEqual(wanted === '' ? [] : wanted.split(' '));
      });

      const input = INPUTS[name];
      if ('epoch' in input) {
        it(`${phase}, ${name} of a replaced client, ignored`, () => {
          const stale = { ...input, epoch: EPOCH - 1 };
          expect(transition(STATES[phase], stale, CONTEXT)).toEqual({ state: STATES[phase], effects: [] });
        });
      }
    }
  }
});
