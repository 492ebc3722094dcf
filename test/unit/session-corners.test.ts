import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import type { SessionState } from '../../src/session/state.ts';
import { statusBody } from '../../src/session/status.ts';
import { transition } from '../../src/session/transition.ts';
import { SessionRunner } from '../../src/session/runner.ts';
import { DEFAULT_POLICY } from '../../src/session/policy.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeDriver } from '../support/fake-driver.ts';
import { RecordingLog, sessionRig, settle } from '../support/session-rig.ts';
import { CONTEXT, EPOCH, STATES } from '../support/session-states.ts';

describe('session, corners', () => {
  it('a browser that ended without a reason, tried again with one', () => {
    const state: SessionState = { ...STATES.stopping, reason: null, after: { then: 'retry' } };
    const next = transition(state, { type: 'browser_stopped', epoch: EPOCH }, CONTEXT).state;
    expect(next).toMatchObject({ phase: 'waiting', reason: { code: 'whatsapp_unreachable' } });
  });

  it('a timer in a state that has none, ignored', () => {
    const state: SessionState = { ...STATES.checking, timers: [{ name: 'retry', at: CONTEXT.now }] };
    expect(transition(state, { type: 'timer', name: 'retry' }, CONTEXT)).toEqual({ state, effects: [] });
  });

  it('states without a reason or a name, still said in words', () => {
    expect(statusBody({ ...STATES.stopped, reason: null }, null).message).toBe('Not connected');
    expect(statusBody({ ...STATES.waiting, reason: null }, null).message).toBe('Waiting to try again');
    const nameless = { ...STATES.ready, account: { ...STATES.ready.account, name: '' } };
    expect(statusBody(nameless, null).message).toBe('Connected as 79120000000');
  });

  it('connected after a stop, while it starts nobody is told to press Connect', async () => {
    const rig = sessionRig();
    rig.session.connect();
    expect(rig.session.status()).toMatchObject({ phase: 'checking', reason: null });
    await settle();
    void rig.session.disconnect();
    rig.session.connect();
    expect(rig.session.status()).toMatchObject({ phase: 'stopping', reason: null });
  });

  it('the stored login gone while it is connected, said beside the state until it is back', async () => {
    const rig = sessionRig();
    rig.session.connect();
    await settle();
    rig.driver.last.emit({ type: 'authenticated' });
    rig.driver.last.emit({ type: 'ready', account: STATES.ready.account });
    rig.loginProblem = new GatewayError({ code: 'session_path_deleted', message: 'gone', action: 'scan' });
    const probe = async () => {
      rig.clock.advance(DEFAULT_POLICY.probeMs);
      await settle();
      return rig.session.status();
    };
    expect(await probe()).toMatchObject({
      status: 'ready',
      isReady: true,
      reason: { code: 'session_path_deleted', message: 'gone', action: 'scan' },
    });
    await probe();
    expect(rig.log.with('gone')).toHaveLength(1);
    rig.loginProblem = null;
    expect(await probe()).toMatchObject({ status: 'ready', reason: null });
  });

  it('a QR that is asked for again while it is drawn, drawn once', async () => {
    const rig = sessionRig();
    rig.session.connect();
    await settle();
    rig.driver.last.emit({ type: 'qr', payload: 'first' });
    rig.clock.advance(DEFAULT_POLICY.firstQrMs + DEFAULT_POLICY.qrGraceMs);
    await settle();
    expect(rig.encoded).toEqual(['first']);
    expect(rig.session.status()).toMatchObject({ status: 'qr', qrCode: 'data:first' });
  });
});

describe('runner, corners', () => {
  function runnerWith(preflight: () => Promise<void>) {
    const driver = new FakeDriver();
    const clock = new FakeClock();
    const runner = new SessionRunner({
      driver,
      preflight,
      login: { remove: () => Promise.resolve(), problem: () => Promise.resolve(null) },
      policy: DEFAULT_POLICY,
      clock,
      random: () => 0.5,
      log: new RecordingLog(),
    });
    return { driver, runner, clock };
  }

  it('a driver that makes no client, tried again with its reason', async () => {
    const { driver, runner } = runnerWith(() => Promise.resolve());
    driver.create = () => {
      throw new GatewayError({ code: 'browser_failed', message: 'no library' });
    };
    runner.dispatch({ type: 'connect' });
    await settle();
    expect(runner.state).toMatchObject({ phase: 'waiting', reason: { message: 'no library' } });
  });

  it('a stop that is answered twice, the second time when the next client is there', async () => {
    const { driver, runner, clock } = runnerWith(() => Promise.resolve());
    runner.dispatch({ type: 'connect' });
    await settle();
    const first = driver.last;
    const answers: (() => void)[] = [];
    first.stop = () => {
      first.stopped = true;
      return new Promise((resolve) => answers.push(resolve));
    };
    runner.dispatch({ type: 'restart' });
    clock.advance(DEFAULT_POLICY.stopMs);
    expect(runner.state.phase).toBe('stuck');
    runner.dispatch({ type: 'connect' });
    answers[0]?.();
    await settle();
    expect(runner.client?.client).toBe(driver.last);
    answers[1]?.();
    await settle();
    expect(driver.clients).toHaveLength(2);
    expect(runner.client?.client).toBe(driver.last);
  });

  it('an input from within a listener, taken after the present one', () => {
    const { runner } = runnerWith(() => Promise.resolve());
    const seen: string[] = [];
    runner.subscribe(({ phase }) => {
      seen.push(phase);
      if (phase === 'checking') runner.dispatch({ type: 'disconnect' });
    });
    runner.dispatch({ type: 'connect' });
    expect(seen).toEqual(['checking', 'stopped']);
  });

  it('checks that are overtaken, never run or without a say', async () => {
    const answers: (() => void)[] = [];
    const { driver, runner } = runnerWith(() => new Promise((resolve) => answers.push(resolve)));
    runner.dispatch({ type: 'connect' });
    await settle();
    for (let press = 0; press < 2; press += 1) {
      runner.dispatch({ type: 'disconnect' });
      runner.dispatch({ type: 'connect' });
    }
    await settle();
    expect(answers).toHaveLength(1);
    answers[0]?.();
    await settle();
    expect(driver.clients).toHaveLength(0);
    expect(answers).toHaveLength(2);
    answers[1]?.();
    await settle();
    expect(driver.clients).toHaveLength(1);
  });
});
