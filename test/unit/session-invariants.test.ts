import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../src/session/policy.ts';
import type { SessionInput, SessionState } from '../../src/session/state.ts';
import { removalIn } from '../../src/session/steps.ts';
import { publicStateOf, statusBody } from '../../src/session/status.ts';
import { initialState, transition, type Step } from '../../src/session/transition.ts';
import { INPUTS, INPUT_NAMES, NOW } from '../support/session-states.ts';

/** What the world does: any input at all, with the epoch of the living client or of an earlier one. */
const anyInput = fc.record({
  name: fc.constantFrom(...INPUT_NAMES),
  stale: fc.boolean(),
  wait: fc.nat(400_000),
});

/** Follows random inputs and keeps the books that a runner would keep: which clients were started and stopped. */
function follow(
  inputs: { name: (typeof INPUT_NAMES)[number]; stale: boolean; wait: number }[],
): SessionState {
  let state = initialState(NOW);
  let now = NOW;
  let epoch = 0;
  const alive = new Set<number>();
  let removals = 0;
  let owed = false;
  for (const { name, stale, wait } of inputs) {
    now += wait;
    const template: SessionInput = INPUTS[name];
    const present = 'epoch' in state ? state.epoch : epoch;
    const input: SessionInput =
      'epoch' in template ? { ...template, epoch: stale ? present - 1 : present } : template;
    if (input.type === 'browser_stopped' && !stale) alive.delete(input.epoch);
    if (input.type === 'logout') owed = true;
    // The first of them keeps the login, and the others were asked for after the logout.
    if (['disconnect', 'connect', 'restart'].includes(input.type)) owed = false;
    if (input.type === 'login_removed') owed = false;
    if (input.type === 'login_removed' || input.type === 'login_not_removed') removals = 0;
    const step: Step = transition(state, input, {
      now,
      random: 0.5,
      policy: DEFAULT_POLICY,
      nextEpoch: epoch + 1,
    });
    for (const effect of step.effects) {
      if (effect.type === 'start') {
        expect(alive.size, 'a second client').toBe(0);
        expect(removals, 'a client while its login is being removed').toBe(0);
        expect(owed, 'a start, after a logout that nobody took back').toBe(false);
        epoch = effect.epoch;
        alive.add(epoch);
      }
      if (effect.type === 'remove_login') {
        expect(alive.size, 'login removed under a living browser').toBe(0);
        expect((removals += 1), 'two removals at the same time').toBe(1);
      }
      if ('epoch' in effect)
        expect(alive.has(effect.epoch), `${effect.type} for a client that is gone`).toBe(true);
    }
    state = step.state;
    const holdsClient = 'epoch' in state;
    expect(holdsClient, `${state.phase} and the clients alive`).toBe(alive.size === 1);
    for (const { at } of state.timers) expect(at).toBeGreaterThan(0);
    const body = statusBody(state, 'data:');
    expect(body.isReady).toBe(body.status === 'ready');
    expect(body.hasQr).toBe(body.qrCode !== null);
    if (body.status === 'error') expect(body.reason).not.toBeNull();
    if (body.status !== 'qr') expect(body.hasQr).toBe(false);
  }
  return state;
}

describe('session, random sequences of inputs', () => {
  it('never two clients, no login removed under a browser, no timer beyond its state', () => {
    fc.assert(
      // `browser_stopped` while a client works would be a driver that breaks its promise.
      fc.property(fc.array(anyInput, { maxLength: 60 }), (inputs) => {
        follow(honest(inputs));
      }),
      { numRuns: 2_000 },
    );
  });

  it('stop, from wherever it comes, reaches idle once the browser is gone', () => {
    fc.assert(
      fc.property(fc.array(anyInput, { maxLength: 40 }), (inputs) => {
        let state = follow(honest(inputs));
        const context = { now: NOW + 1e9, random: 0.5, policy: DEFAULT_POLICY, nextEpoch: 1_000 };
        const feed = (input: SessionInput) => {
          state = transition(state, input, context).state;
        };
        feed({ type: 'disconnect' });
        // What a runner answers to the effects that can be under way.
        for (let answer = 0; answer < 3; answer += 1) {
          if (state.phase === 'unlinking') feed({ type: 'unlinked', epoch: state.epoch, confirmed: true });
          if (state.phase === 'stopping') feed({ type: 'browser_stopped', epoch: state.epoch });
          if (state.phase === 'removing') feed({ type: 'login_removed' });
        }
        expect(publicStateOf(state.phase)).toBe('idle');
        expect(state.phase).toBe('stopped');
        expect(state.timers).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Leaves out what no runner sends: the end of a browser, or of a removal, that nobody has asked for. */
function honest<T extends { name: (typeof INPUT_NAMES)[number]; stale: boolean }>(inputs: T[]): T[] {
  const kept: T[] = [];
  let state = initialState(NOW);
  let epoch = 0;
  for (const entry of inputs) {
    const template: SessionInput = INPUTS[entry.name];
    const present = 'epoch' in state ? state.epoch : epoch;
    const input: SessionInput =
      'epoch' in template ? { ...template, epoch: entry.stale ? present - 1 : present } : template;
    if (input.type === 'browser_stopped' && state.phase !== 'stopping' && state.phase !== 'stuck') continue;
    if (input.type === 'login_removed' && removalIn(state) === null) continue;
    if (input.type === 'login_not_removed' && removalIn(state) === null) continue;
    const step = transition(state, input, {
      now: NOW,
      random: 0.5,
      policy: DEFAULT_POLICY,
      nextEpoch: epoch + 1,
    });
    const start = step.effects.find((effect) => effect.type === 'start');
    if (start !== undefined) epoch = start.epoch;
    state = step.state;
    kept.push(entry);
  }
  return kept;
}
