import { GatewayError, messageOf } from '../errors.ts';
import type { DriverClient, DriverEvent, WhatsAppDriver } from './driver.ts';
import type { Policy } from './policy.ts';
import type { Clock, LoginStore, Preflight, Random, SessionLog } from './ports.ts';
import { publicStateOf } from './status.ts';
import type { Effect, SessionInput, SessionState, Timer } from './state.ts';
import { initialState, transition } from './transition.ts';

/** A browser may say pages about why it does not start; in characters. */
const MAX_CAUSE = 1_000;

export interface RunnerParts {
  readonly driver: WhatsAppDriver;
  readonly preflight: Preflight;
  readonly login: LoginStore;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: SessionLog;
}

/**
 * Owns the state: takes one input at a time, runs the effects, arms the timers that the state lists,
 * and tells its listeners of each new state. Effects report back as inputs, so nothing is awaited
 * between reading and writing the state.
 */
export class SessionRunner {
  readonly #parts: RunnerParts;
  readonly #listeners = new Set<(state: SessionState) => void>();
  readonly #inputs: SessionInput[] = [];
  readonly #armed = new Map<Timer['name'], { at: number; cancel: () => void }>();
  #state: SessionState;
  #client: { epoch: number; client: DriverClient } | null = null;
  #epoch = 0;
  #checks: Promise<void> = Promise.resolve();
  #latestCheck = 0;
  #lastCause = '';
  /** Whose page is being measured. */
  #probing: number | null = null;
  #busy = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#state = initialState(parts.clock.now());
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The living client, for what only it can answer; null when there is none. */
  get client(): { readonly epoch: number; readonly client: DriverClient } | null {
    return this.#client;
  }

  /** Calls `listener` with every new state until the returned function is called. */
  subscribe(listener: (state: SessionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Feeds one input. Returns when it and everything it led to at once has been taken. */
  dispatch(input: SessionInput): void {
    this.#inputs.push(input);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#take(next);
    } finally {
      this.#busy = false;
    }
  }

  /** Resolves with the first state, the present one included, that `wanted` accepts. */
  async when(wanted: (state: SessionState) => boolean): Promise<SessionState> {
    if (wanted(this.#state)) return this.#state;
    return new Promise((resolve) => {
      const unsubscribe = this.subscribe((state) => {
        if (!wanted(state)) return;
        unsubscribe();
        resolve(state);
      });
    });
  }

  #take(input: SessionInput): void {
    const { clock, random, policy, log } = this.#parts;
    if (input.type === 'driver') this.#logEvent(input.epoch, input.event);
    this.#logCause(errorIn(input));
    const before = this.#state;
    const step = transition(before, input, {
      now: clock.now(),
      random: random(),
      policy,
      nextEpoch: this.#epoch + 1,
    });
    if (step.state === before && step.effects.length === 0) {
      log.debug({ input: input.type, phase: before.phase }, 'nothing to do for this input in this state');
      return;
    }
    this.#state = step.state;
    this.#logChange(before, step.state);
    this.#armTimers(step.state.timers);
    for (const effect of step.effects) this.#run(effect);
    if (step.state !== before) this.#publish(step.state);
  }

  #logEvent(epoch: number, { type }: DriverEvent): void {
    // These two come in swarms and change little; what they do change is logged as a state.
    const level = type === 'progress' || type === 'connection' ? 'debug' : 'info';
    this.#parts.log[level]({ epoch }, `[WA] event=${type}`);
  }

  /** What a library or the system said, for those who have to find out why; a repetition is not said again. */
  #logCause(error: GatewayError | null): void {
    if (error?.cause === undefined) return;
    const cause = messageOf(error.cause).slice(0, MAX_CAUSE);
    if (cause === this.#lastCause) return;
    this.#lastCause = cause;
    this.#parts.log.warn({ reason: error.code, cause }, 'what the reason was read from');
  }

  #logChange(before: SessionState, after: SessionState): void {
    const { log } = this.#parts;
    const from = publicStateOf(before.phase);
    const to = publicStateOf(after.phase);
    if (from !== to) log.info({ phase: after.phase }, `[WA] state=${from} -> ${to}`);
    else if (before.phase !== after.phase) log.debug({ from: before.phase, to: after.phase }, 'phase');
    const { reason } = after;
    if (reason === null) return;
    if (reason.code === before.reason?.code && reason.message === before.reason.message) return;
    const level = to === 'error' ? 'error' : reason.code === 'stopped' ? 'info' : 'warn';
    log[level]({ reason: reason.code, action: reason.action }, reason.message);
  }

  #publish(state: SessionState): void {
    for (const listener of this.#listeners) {
      try {
        listener(state);
      } catch (error) {
        this.#parts.log.error({ error: messageOf(error) }, 'a listener of the session state failed');
      }
    }
  }

  #armTimers(timers: readonly Timer[]): void {
    for (const [name, armed] of this.#armed) {
      if (timers.some((timer) => timer.name === name && timer.at === armed.at)) continue;
      armed.cancel();
      this.#armed.delete(name);
    }
    for (const { name, at } of timers) {
      if (this.#armed.has(name)) continue;
      const cancel = this.#parts.clock.schedule(Math.max(0, at - this.#parts.clock.now()), () => {
        this.#armed.delete(name);
        this.dispatch({ type: 'timer', name });
      });
      this.#armed.set(name, { at, cancel });
    }
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case 'check':
        this.#check();
        return;
      case 'start':
        this.#start(effect.epoch);
        return;
      case 'stop':
        void this.#stop(effect.epoch);
        return;
      case 'probe':
        void this.#probe(effect.epoch);
        return;
      case 'check_login':
        void this.#checkLogin(effect.epoch);
        return;
      case 'refresh_qr':
        void this.#refreshQr(effect.epoch);
        return;
      case 'unlink':
        void this.#unlink(effect.epoch);
        return;
      case 'remove_login':
        void this.#removeLogin();
    }
  }

  /** Checks run one after another, and only the newest one's verdict counts. */
  #check(): void {
    const check = ++this.#latestCheck;
    this.#checks = this.#checks.then(async () => {
      if (check !== this.#latestCheck) return;
      const error = await failureOf(this.#parts.preflight, 'session_path_unusable');
      if (check !== this.#latestCheck) return;
      this.dispatch(error === null ? { type: 'check_passed' } : { type: 'check_failed', error });
    });
  }

  #start(epoch: number): void {
    /* v8 ignore next -- the table of states keeps this from happening; a mistake in it must not start a second browser */
    if (this.#client !== null) throw new Error('invariant broken: a second client while one is alive');
    this.#epoch = epoch;
    const started = failureOf(async () => {
      const client = this.#parts.driver.create((event) => this.dispatch({ type: 'driver', epoch, event }));
      this.#client = { epoch, client };
      await client.start();
    }, 'browser_failed');
    void started.then((error) => {
      if (error !== null) this.dispatch({ type: 'start_failed', epoch, error });
    });
  }

  async #stop(epoch: number): Promise<void> {
    const alive = this.#client;
    // There is none when the driver could not make one.
    if (alive?.epoch === epoch) {
      await failureOf(() => alive.client.stop(), 'browser_unresponsive');
      // Asked for twice, the second answer may come when the next client is there.
      if (this.#client === alive) this.#client = null;
    }
    this.dispatch({ type: 'browser_stopped', epoch });
  }

  /** One measurement at a time: several that hang together would count as several in a row. */
  async #probe(epoch: number): Promise<void> {
    if (this.#probing === epoch) return;
    this.#probing = epoch;
    const error = await failureOf(async () => {
      const result = await this.#clientOf(epoch).probe();
      this.#probed(epoch);
      this.dispatch({ type: 'probed', epoch, result });
    }, 'browser_unresponsive');
    this.#probed(epoch);
    if (error !== null) this.dispatch({ type: 'probe_failed', epoch, error });
  }

  #probed(epoch: number): void {
    if (this.#probing === epoch) this.#probing = null;
  }

  async #checkLogin(epoch: number): Promise<void> {
    const problem = await this.#parts.login.problem().catch(() => null);
    this.dispatch({ type: 'login_checked', epoch, problem });
  }

  async #refreshQr(epoch: number): Promise<void> {
    const error = await failureOf(async () => this.#clientOf(epoch).refreshQr(), 'qr_stale');
    if (error !== null) this.dispatch({ type: 'refresh_failed', epoch });
  }

  async #unlink(epoch: number): Promise<void> {
    let confirmed = false;
    await failureOf(async () => {
      ({ confirmed } = await this.#clientOf(epoch).logout());
    }, 'browser_unresponsive');
    this.dispatch({ type: 'unlinked', epoch, confirmed });
  }

  async #removeLogin(): Promise<void> {
    const error = await failureOf(() => this.#parts.login.remove(), 'login_not_removed');
    this.dispatch(error === null ? { type: 'login_removed' } : { type: 'login_not_removed', error });
  }

  #clientOf(epoch: number): DriverClient {
    /* v8 ignore next -- an effect names the client of the state that asked for it, which lives until it is stopped */
    if (this.#client?.epoch !== epoch)
      throw new Error('invariant broken: an effect for a client that is gone');
    return this.#client.client;
  }
}

function errorIn(input: SessionInput): GatewayError | null {
  if (input.type === 'driver') return input.event.type === 'failed' ? input.event.error : null;
  return 'error' in input ? input.error : null;
}

/** Runs `work` and returns what it threw, as a GatewayError, or null. Nothing a port throws gets past here. */
async function failureOf(
  work: () => Promise<unknown>,
  code: GatewayError['code'],
): Promise<GatewayError | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return error instanceof GatewayError
      ? error
      : new GatewayError({ code, message: messageOf(error), cause: error });
  }
}
