import { GatewayError } from '../../src/errors.ts';
import { DEFAULT_POLICY } from '../../src/session/policy.ts';
import type { SessionInput, SessionState } from '../../src/session/state.ts';
import { initialState, transition } from '../../src/session/transition.ts';
import { INPUTS, NOW } from './session-states.ts';

/** One failure for every remedy: retry, recheck, slow, give up. */
const FAILURES = (['browser_crashed', 'session_path_not_writable', 'outdated', 'blocked'] as const).map(
  (code) => new GatewayError({ code, message: code }),
);

/** Every change of phase that can happen, found by following all inputs from the initial state. `from --> to`. */
export function reachableEdges(): Set<string> {
  const policy = { ...DEFAULT_POLICY, retries: 1 };
  const edges = new Set<string>();
  const seen = new Set<string>();
  const queue: SessionState[] = [initialState(NOW)];
  for (let state = queue.shift(); state !== undefined; state = queue.shift()) {
    const key = essence(state);
    if (seen.has(key)) continue;
    seen.add(key);
    for (const input of inputsFor(state)) {
      const next: SessionState = transition(state, input, {
        now: NOW,
        random: 0.5,
        policy,
        nextEpoch: 1,
      }).state;
      if (next.phase !== state.phase) edges.add(`${state.phase} --> ${next.phase}`);
      queue.push(next);
    }
  }
  return edges;
}

/** What decides where a state can lead; times and counters beyond the budget do not. */
function essence(state: SessionState): string {
  const { since, reason, failures, timers, ...rest } = state;
  const qr = 'qr' in rest ? { qr: rest.qr.payload } : {};
  return JSON.stringify({
    ...rest,
    ...qr,
    percent: 0,
    failures: Math.min(failures, 3),
    reason: reason?.code,
    timers: timers.map(({ name }) => name),
  });
}

function* inputsFor(state: SessionState): Generator<SessionInput> {
  const epoch = 'epoch' in state ? state.epoch : 0;
  const templates: SessionInput[] = [
    ...Object.values(INPUTS),
    ...FAILURES.flatMap((error): SessionInput[] => [
      { type: 'check_failed', error },
      { type: 'start_failed', epoch, error },
    ]),
  ];
  for (const template of templates) yield 'epoch' in template ? { ...template, epoch } : template;
}
