import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { DEFAULT_POLICY } from '../../src/session/policy.ts';
import { sessionRig, settle } from '../support/session-rig.ts';
import { ACCOUNT } from '../support/session-states.ts';

type Rig = ReturnType<typeof sessionRig>;

async function showingQr(rig: Rig = sessionRig()): Promise<Rig> {
  rig.session.connect();
  await settle();
  rig.driver.last.starting.open();
  rig.driver.last.emit({ type: 'qr', payload: 'first' });
  await settle();
  return rig;
}

async function ready(rig: Rig = sessionRig()): Promise<Rig> {
  await showingQr(rig);
  rig.driver.last.emit({ type: 'authenticated' });
  rig.driver.last.emit({ type: 'ready', account: ACCOUNT });
  await settle();
  return rig;
}

describe('session, the way to ready', () => {
  it('connect, checks before anything is launched, then qr, syncing and ready', async () => {
    const rig = sessionRig();
    expect(rig.session.status()).toMatchObject({ status: 'idle', reason: { code: 'stopped' }, hasQr: false });
    expect(rig.session.connect()).toMatchObject({ status: 'idle', phase: 'checking', reason: null });
    expect(rig.driver.clients).toHaveLength(0);
    await settle();
    expect(rig.session.status()).toMatchObject({ status: 'idle', phase: 'starting', reason: null });

    rig.driver.last.emit({ type: 'qr', payload: 'first' });
    await settle();
    expect(rig.session.status()).toMatchObject({
      success: true,
      status: 'qr',
      currentState: 'qr',
      isReady: false,
      hasQr: true,
      qrCode: 'data:first',
      message: 'QR code available, waiting for scan',
      qr: { attempt: 1 },
    });

    rig.driver.last.emit({ type: 'authenticated' });
    rig.driver.last.emit({ type: 'progress', percent: 41.6 });
    expect(rig.session.status()).toMatchObject({
      status: 'syncing',
      progress: 42,
      hasQr: false,
      qrCode: null,
    });
    rig.driver.last.emit({ type: 'progress', percent: 12 });
    expect(rig.session.status().progress).toBe(42);
    rig.driver.last.emit({ type: 'ready', account: ACCOUNT });
    expect(rig.session.status()).toMatchObject({
      status: 'ready',
      isReady: true,
      account: ACCOUNT,
      progress: null,
    });
    expect(rig.log.with('[WA] state=')).toEqual([
      '[WA] state=idle -> qr',
      '[WA] state=qr -> syncing',
      '[WA] state=syncing -> ready',
    ]);
    expect(rig.log.with('[WA] event=qr')).toEqual(['[WA] event=qr']);
  });

  it('a QR, however often the status is asked for, is drawn once and goes out together with its state', async () => {
    const rig = sessionRig();
    const seen: (string | null)[] = [];
    rig.session.subscribe((status) => {
      if (status.status === 'qr') seen.push(status.qrCode);
    });
    expect(rig.session.qrImages()).toBeNull();
    await showingQr(rig);
    expect(rig.session.qrImages()).toMatchObject({ dataUrl: 'data:first' });
    for (let call = 0; call < 100; call += 1) rig.session.status();
    rig.driver.last.emit({ type: 'qr', payload: 'second' });
    await settle();
    expect(rig.encoded).toEqual(['first', 'second']);
    expect(seen).toEqual(['data:first', 'data:second']);
    expect(rig.session.status().qr).toMatchObject({ attempt: 2 });
    expect(rig.session.qrImages()?.raw).toBe('second');
  });

  it('a QR that is overtaken while it is drawn, never shown', async () => {
    const rig = sessionRig();
    const seen: (string | null)[] = [];
    rig.session.subscribe((status) => seen.push(status.qrCode));
    rig.session.connect();
    await settle();
    rig.driver.last.emit({ type: 'qr', payload: 'first' });
    rig.driver.last.emit({ type: 'qr', payload: 'second' });
    await settle();
    expect(seen.filter((qrCode) => qrCode !== null)).toEqual(['data:second']);
  });

  it('a QR that cannot be drawn, the state is told all the same', async () => {
    const rig = sessionRig();
    rig.encodeError = new Error('too long');
    await showingQr(rig);
    expect(rig.session.status()).toMatchObject({
      status: 'qr',
      hasQr: false,
      qrCode: null,
      message: 'The QR code could not be drawn; the log says why',
    });
    expect(rig.session.qrImages()).toBeNull();
    expect(rig.log.with('could not be drawn')).toHaveLength(1);
  });

  it('a listener that throws, does not keep the others from hearing', async () => {
    const rig = sessionRig();
    const heard: string[] = [];
    rig.session.subscribe(() => {
      throw new Error('listener');
    });
    const unsubscribe = rig.session.subscribe((status) => heard.push(status.status));
    await showingQr(rig);
    expect(heard).toContain('qr');
    unsubscribe();
    const before = heard.length;
    await rig.session.disconnect();
    expect(heard).toHaveLength(before);
  });
});

describe('session, the QR heals itself', () => {
  it('no successor in time, asks for a fresh one and then restarts the browser', async () => {
    const rig = await showingQr();
    const { firstQrMs, qrGraceMs, qrRefreshMs } = DEFAULT_POLICY;
    rig.clock.advance(firstQrMs + qrGraceMs);
    expect(rig.driver.last.calls).toEqual(['start', 'refreshQr']);
    rig.clock.advance(qrRefreshMs);
    expect(rig.driver.last.calls).toEqual(['start', 'refreshQr', 'refreshQr']);
    rig.clock.advance(qrRefreshMs);
    await settle();
    expect(rig.session.status()).toMatchObject({
      status: 'idle',
      phase: 'waiting',
      reason: { code: 'qr_stale' },
    });
    rig.clock.advance(DEFAULT_POLICY.retryMs);
    await settle();
    expect(rig.driver.clients).toHaveLength(2);
  });

  it('a refresh that fails, restarts the browser at once', async () => {
    const rig = await showingQr();
    rig.driver.last.refreshError = new Error('the page is gone');
    rig.clock.advance(DEFAULT_POLICY.firstQrMs + DEFAULT_POLICY.qrGraceMs);
    await settle();
    expect(rig.session.status()).toMatchObject({ phase: 'waiting', reason: { code: 'qr_stale' } });
  });

  it('a fresh QR, the refreshes are counted anew', async () => {
    const rig = await showingQr();
    for (let round = 0; round < 10; round += 1) {
      const { firstQrMs, qrMs, qrGraceMs } = DEFAULT_POLICY;
      rig.clock.advance((round === 0 ? firstQrMs : qrMs) + qrGraceMs);
      rig.driver.last.emit({ type: 'qr', payload: `round ${round}` });
      await settle();
    }
    expect(rig.driver.clients).toHaveLength(1);
    expect(rig.session.status()).toMatchObject({ status: 'qr', qr: { attempt: 11 } });
  });
});

describe('session, pairing code', () => {
  it('requested while a QR is shown, replaces it until it expires', async () => {
    const rig = await showingQr();
    const { code, expiresAt } = await rig.session.requestPairingCode('79120000000');
    expect(code).toBe('ABCDEFGH');
    expect(Date.parse(expiresAt)).toBe(rig.clock.now() + DEFAULT_POLICY.pairingMs);
    expect(rig.session.status()).toMatchObject({
      status: 'qr',
      hasQr: false,
      qrCode: null,
      pairing: { code },
    });
    expect(rig.session.qrImages()).toBeNull();
    rig.clock.advance(DEFAULT_POLICY.pairingMs);
    expect(rig.driver.last.calls).toContain('refreshQr');
    rig.driver.last.emit({ type: 'qr', payload: 'second' });
    await settle();
    expect(rig.session.status()).toMatchObject({ status: 'qr', hasQr: true, pairing: null });
  });

  it('asked for four times at once, one code and three refusals', async () => {
    const rig = await showingQr();
    const asked = ['1', '2', '3', '4'].map(async (number) => rig.session.requestPairingCode(number));
    const answers = await Promise.allSettled(asked);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    expect(answers[3]).toMatchObject({ reason: { code: 'wrong_state' } });
    await rig.session.requestPairingCode('5');
    expect(rig.session.status().pairing?.code).toBe('ABCDEFGH');
  });

  it('in any other state, refused with the state in the message', async () => {
    const rig = sessionRig();
    await expect(rig.session.requestPairingCode('79120000000')).rejects.toMatchObject({
      code: 'wrong_state',
      message: expect.stringContaining('idle') as string,
    });
  });

  it('refused by WhatsApp, the error comes through and the QR stays', async () => {
    const rig = await showingQr();
    rig.driver.last.pairingCode = new GatewayError({ code: 'pairing_failed', message: 'no' });
    await expect(rig.session.requestPairingCode('79120000000')).rejects.toMatchObject({
      code: 'pairing_failed',
    });
    expect(rig.session.status()).toMatchObject({ status: 'qr', hasQr: true });
  });

  it('overtaken by the scan, refused instead of shown', async () => {
    const rig = await showingQr();
    const asked = rig.session.requestPairingCode('79120000000');
    rig.driver.last.emit({ type: 'ready', account: ACCOUNT });
    await expect(asked).rejects.toMatchObject({ code: 'wrong_state' });
  });
});

describe('session, failures', () => {
  it('a bad folder, error with the reason, looked at again quietly until it is right', async () => {
    const rig = sessionRig();
    rig.checkError = new GatewayError({
      code: 'session_path_not_writable',
      message: 'not writable',
      action: 'chown',
    });
    rig.session.connect();
    await settle();
    expect(rig.session.status()).toMatchObject({
      status: 'error',
      reason: { code: 'session_path_not_writable', action: 'chown', retryAt: expect.any(String) as string },
    });
    const { since } = rig.session.status();
    for (let look = 0; look < 5; look += 1) {
      rig.clock.advance(DEFAULT_POLICY.recheckMs);
      await settle();
      expect(rig.session.status()).toMatchObject({ status: 'error', since });
    }
    expect(rig.checks).toBe(6);
    expect(rig.log.with('not writable')).toHaveLength(1);
    rig.checkError = null;
    rig.clock.advance(DEFAULT_POLICY.recheckMs);
    await settle();
    expect(rig.session.status()).toMatchObject({ status: 'idle', phase: 'starting' });
  });

  it('something that is no GatewayError, still a reason and never a crash', async () => {
    const rig = sessionRig();
    rig.checkError = new TypeError("Cannot read properties of null (reading 'close')");
    rig.session.connect();
    await settle();
    expect(rig.session.status()).toMatchObject({
      status: 'error',
      reason: { code: 'session_path_unusable' },
    });
  });

  it('failures in a row, growing delays, then error and slow tries', async () => {
    const rig = sessionRig({ policy: { retries: 3 } });
    const delays: number[] = [];
    rig.session.connect();
    for (let failure = 1; failure <= 4; failure += 1) {
      await settle();
      rig.driver.last.starting.fail(
        new GatewayError({ code: 'whatsapp_unreachable', message: 'no network' }),
      );
      await settle();
      const { reason } = rig.session.status();
      const delay = Date.parse(reason?.retryAt ?? '') - rig.clock.now();
      delays.push(delay);
      expect(rig.session.status().status).toBe(failure <= 3 ? 'idle' : 'error');
      rig.clock.advance(delay);
    }
    expect(delays).toEqual([1_500, 3_000, 6_000, DEFAULT_POLICY.slowRetryMs]);
    await settle();
    expect(rig.driver.clients).toHaveLength(5);
    expect(rig.driver.alive).toHaveLength(1);
  });

  it('a connection that holds, earlier failures are forgotten', async () => {
    const rig = sessionRig();
    rig.session.connect();
    await settle();
    rig.driver.last.starting.fail(new GatewayError({ code: 'load_timeout', message: 'slow' }));
    await settle();
    rig.clock.advance(DEFAULT_POLICY.retryMs);
    await settle();
    rig.driver.last.emit({ type: 'ready', account: ACCOUNT });
    rig.clock.advance(DEFAULT_POLICY.stableMs);
    await settle();
    rig.driver.last.emit({
      type: 'failed',
      error: new GatewayError({ code: 'browser_crashed', message: 'gone' }),
    });
    await settle();
    const retryAt = Date.parse(rig.session.status().reason?.retryAt ?? '');
    expect(retryAt - rig.clock.now()).toBe(DEFAULT_POLICY.retryMs * 0.75);
  });

  it('a login in use elsewhere, error, and the next try not before long', async () => {
    const rig = await ready();
    rig.driver.last.emit({
      type: 'failed',
      error: new GatewayError({ code: 'conflict', message: 'elsewhere' }),
    });
    await settle();
    expect(rig.session.status()).toMatchObject({ status: 'error', reason: { code: 'conflict' } });
    rig.clock.advance(DEFAULT_POLICY.slowRetryMs - 1);
    await settle();
    expect(rig.driver.clients).toHaveLength(1);
    rig.clock.advance(1);
    await settle();
    expect(rig.driver.clients).toHaveLength(2);
  });

  it('a blocked account, no further tries by itself', async () => {
    const rig = await ready();
    rig.driver.last.emit({
      type: 'failed',
      error: new GatewayError({ code: 'blocked', message: 'blocked' }),
    });
    await settle();
    expect(rig.session.status()).toMatchObject({
      status: 'error',
      reason: { code: 'blocked', retryAt: null },
    });
    expect(rig.clock.pending).toBe(0);
    rig.session.connect();
    await settle();
    expect(rig.driver.clients).toHaveLength(2);
  });

  it.each([
    ['start', 'starting', 'startMs', 'load_timeout'],
    ['sync', 'syncing', 'syncMs', 'sync_timeout'],
  ] as const)('the %s deadline passes, %s ends with its reason', async (_name, phase, deadline, code) => {
    const rig = sessionRig();
    rig.session.connect();
    await settle();
    if (phase === 'syncing') rig.driver.last.emit({ type: 'authenticated' });
    expect(rig.session.status().phase).toBe(phase);
    rig.clock.advance(DEFAULT_POLICY[deadline]);
    await settle();
    expect(rig.session.status()).toMatchObject({ phase: 'waiting', reason: { code } });
    expect(rig.driver.alive).toHaveLength(0);
  });
});

describe('session, ready is measured', () => {
  it('probes that say connected, stays ready', async () => {
    const rig = await ready();
    for (let round = 0; round < 5; round += 1) {
      rig.clock.advance(DEFAULT_POLICY.probeMs);
      await settle();
    }
    expect(rig.driver.last.calls.filter((call) => call === 'probe')).toHaveLength(5);
    expect(rig.session.status().status).toBe('ready');
  });

  it('a probe that says interrupted, not ready until one says connected', async () => {
    const rig = await ready();
    rig.driver.last.probeResult = { connected: false, socketState: 'TIMEOUT' };
    rig.clock.advance(DEFAULT_POLICY.probeMs);
    await settle();
    expect(rig.session.status()).toMatchObject({
      status: 'syncing',
      isReady: false,
      reason: { code: 'whatsapp_unreachable' },
    });
    rig.clock.advance(DEFAULT_POLICY.probeAgainMs);
    await settle();
    expect(rig.session.status().status).toBe('syncing');
    rig.driver.last.probeResult = { connected: true, socketState: 'CONNECTED' };
    rig.driver.last.emit({ type: 'connection', connected: true, socketState: 'CONNECTED' });
    await settle();
    expect(rig.session.status()).toMatchObject({ status: 'ready', reason: null, account: ACCOUNT });
  });

  it('interrupted for too long, the browser is restarted', async () => {
    const rig = await ready();
    rig.driver.last.probeResult = { connected: false, socketState: 'OPENING' };
    rig.driver.last.emit({ type: 'connection', connected: false, socketState: 'OPENING' });
    for (let waited = 0; waited < DEFAULT_POLICY.reconnectMs; waited += DEFAULT_POLICY.probeAgainMs) {
      rig.clock.advance(DEFAULT_POLICY.probeAgainMs);
      await settle();
    }
    expect(rig.session.status()).toMatchObject({
      phase: 'waiting',
      reason: { code: 'whatsapp_unreachable' },
    });
    expect(rig.driver.alive).toHaveLength(0);
  });

  it('two probes without an answer, the browser is restarted', async () => {
    const rig = await ready();
    rig.driver.last.probeResult = new GatewayError({ code: 'browser_unresponsive', message: 'silent' });
    rig.clock.advance(DEFAULT_POLICY.probeMs);
    await settle();
    expect(rig.session.status()).toMatchObject({
      status: 'syncing',
      reason: { code: 'browser_unresponsive' },
    });
    rig.clock.advance(DEFAULT_POLICY.probeAgainMs);
    await settle();
    expect(rig.session.status()).toMatchObject({
      phase: 'waiting',
      reason: { code: 'browser_unresponsive' },
    });
  });

  it('probes that hang together, one of them; a page that is silent for a moment is not ended', async () => {
    const rig = await ready();
    const client = rig.driver.last;
    const hanging: ((error: Error) => void)[] = [];
    client.probe = () => new Promise((_, reject) => hanging.push(reject));
    client.emit({ type: 'connection', connected: false, socketState: 'OPENING' });
    for (let again = 0; again < 3; again += 1) {
      client.emit({ type: 'connection', connected: true, socketState: 'CONNECTED' });
      rig.clock.advance(DEFAULT_POLICY.probeAgainMs);
    }
    expect(hanging).toHaveLength(1);
    hanging[0]?.(new GatewayError({ code: 'browser_unresponsive', message: 'silent' }));
    await settle();
    expect(rig.session.status()).toMatchObject({ phase: 'reconnecting' });
    rig.clock.advance(DEFAULT_POLICY.probeAgainMs);
    expect(hanging, 'measured again').toHaveLength(2);
  });

  it('one silent probe and a later answer, no restart', async () => {
    const rig = await ready(sessionRig({ policy: { silentProbes: 3 } }));
    rig.driver.last.probeResult = new GatewayError({ code: 'browser_unresponsive', message: 'silent' });
    rig.clock.advance(DEFAULT_POLICY.probeMs);
    await settle();
    rig.clock.advance(DEFAULT_POLICY.probeAgainMs);
    await settle();
    rig.driver.last.probeResult = { connected: true, socketState: 'CONNECTED' };
    rig.clock.advance(DEFAULT_POLICY.probeAgainMs);
    await settle();
    expect(rig.session.status().status).toBe('ready');
    expect(rig.driver.clients).toHaveLength(1);
  });
});

describe('session, the end of a login', () => {
  it('logged out by the phone, browser gone before the folder is removed, then a new client', async () => {
    const rig = sessionRig();
    rig.driver.manualStop = true;
    await ready(rig);
    const first = rig.driver.last;
    first.emit({ type: 'logged_out' });
    await settle();
    expect(rig.removals).toBe(0);
    first.stopping.open();
    await settle();
    expect(rig.removals).toBe(1);
    expect(rig.driver.clients).toHaveLength(2);
    expect(rig.session.status()).toMatchObject({ phase: 'starting', reason: { code: 'logged_out' } });
    rig.driver.last.emit({ type: 'qr', payload: 'again' });
    await settle();
    expect(rig.session.status()).toMatchObject({
      status: 'qr',
      reason: { code: 'logged_out' },
      qr: { attempt: 1 },
    });
  });

  it.each([
    [true, 'logged_out'],
    [false, 'unlink_unconfirmed'],
  ])('logout on request, confirmed by WhatsApp: %s, says %s', async (confirmed, code) => {
    const rig = await ready();
    rig.driver.last.unlinkConfirmed = confirmed;
    const answer = await rig.session.logout();
    expect(answer).toMatchObject({
      unlinkConfirmed: confirmed,
      status: { status: 'idle', reason: { code } },
    });
    expect(rig.removals).toBe(1);
    expect(rig.driver.alive).toHaveLength(0);
  });

  it('logout asked for again while it is under way, all are told that WhatsApp has confirmed', async () => {
    const rig = sessionRig();
    rig.driver.manualStop = true;
    await ready(rig);
    const answers: unknown[] = [];
    const logout = () => rig.session.logout().then(({ unlinkConfirmed }) => answers.push(unlinkConfirmed));
    rig.session.subscribe(({ phase }) => {
      if (phase === 'removing') void logout();
    });
    void logout();
    await settle();
    expect(rig.session.status().phase).toBe('stopping');
    void logout();
    rig.driver.last.stopping.open();
    await settle();
    expect(answers).toEqual([true, true, true]);
    expect(rig.removals).toBe(1);
    expect(await rig.session.logout(), 'nobody was there to confirm').toMatchObject({
      unlinkConfirmed: false,
    });
  });

  it('connect while WhatsApp is asked to unlink, starts once the login is removed', async () => {
    const rig = await ready();
    const logout = rig.session.logout();
    expect(rig.session.connect().phase).toBe('unlinking');
    expect(await logout).toMatchObject({ unlinkConfirmed: true });
    await settle();
    expect(rig.removals).toBe(1);
    expect(rig.session.status().phase).toBe('starting');
  });

  it('logout with no browser, the login is removed and the unlink not confirmed', async () => {
    const rig = sessionRig();
    expect(await rig.session.logout()).toMatchObject({
      unlinkConfirmed: false,
      status: { reason: { code: 'unlink_unconfirmed' } },
    });
    expect(rig.removals).toBe(1);
  });

  it('logout after a disconnect, the phone is not told and that is said, also after a restart; at a QR there is nothing to say', async () => {
    const rig = await ready();
    await rig.session.disconnect();
    await rig.session.logout();
    expect(rig.session.status().reason?.code).toBe('unlink_unconfirmed');
    rig.session.connect();
    await settle();
    expect(rig.session.status()).toMatchObject({ phase: 'starting', reason: { code: 'unlink_unconfirmed' } });
    rig.driver.last.emit({ type: 'qr', payload: 'again' });
    await settle();
    await rig.session.logout();
    expect(rig.session.status().reason?.code, 'nobody has confirmed it since').toBe('unlink_unconfirmed');
  });

  it('logout at a QR, or again after one that was confirmed, has nothing that the phone should be told', async () => {
    const rig = await ready();
    await rig.session.logout();
    for (let turn = 0; turn < 2; turn += 1) {
      await rig.session.logout();
      expect(rig.session.status().reason?.code).toBe('logged_out');
      rig.session.connect();
      await settle();
      if (turn === 1) rig.driver.last.emit({ type: 'qr', payload: 'again' });
      await settle();
      await rig.session.logout();
      expect(rig.session.status().reason?.code).toBe('logged_out');
    }
  });

  it('a login that cannot be removed, says so', async () => {
    const rig = await ready();
    rig.removeError = new GatewayError({ code: 'login_not_removed', message: 'busy' });
    await expect(rig.session.logout()).rejects.toMatchObject({ code: 'login_not_removed' });
    expect(rig.session.status()).toMatchObject({ status: 'error', reason: { code: 'login_not_removed' } });
  });

  describe('a login that could not be removed', () => {
    async function resisting(): Promise<Rig> {
      const rig = await ready();
      rig.removeError = new GatewayError({ code: 'login_not_removed', message: 'busy' });
      await expect(rig.session.logout()).rejects.toThrow('busy');
      return rig;
    }
    async function look(rig: Rig): Promise<void> {
      rig.clock.advance(DEFAULT_POLICY.recheckMs);
      await settle();
    }

    it('tried again until it is gone, and nothing is started meanwhile or afterwards', async () => {
      const rig = await resisting();
      await look(rig);
      expect(rig.session.status()).toMatchObject({ status: 'error', reason: { code: 'login_not_removed' } });
      expect(rig.removals).toBe(2);
      rig.removeError = null;
      await look(rig);
      expect(rig.removals).toBe(3);
      expect(rig.session.status()).toMatchObject({ phase: 'stopped', reason: { code: 'logged_out' } });
      expect(rig.checks).toBe(1);
      expect(rig.driver.clients).toHaveLength(1);
      expect(rig.clock.pending).toBe(0);
    });

    it('ended by the phone, a new link is asked for once it is gone', async () => {
      const rig = await ready();
      rig.removeError = new GatewayError({ code: 'login_not_removed', message: 'busy' });
      rig.driver.last.emit({ type: 'logged_out' });
      await settle();
      expect(rig.session.status().reason?.code).toBe('login_not_removed');
      rig.removeError = null;
      await look(rig);
      expect(rig.session.status()).toMatchObject({ phase: 'starting', reason: { code: 'logged_out' } });
    });

    it('connect, it is removed first', async () => {
      const rig = await resisting();
      rig.removeError = null;
      rig.session.connect();
      await settle();
      expect(rig.removals).toBe(2);
      expect(rig.session.status()).toMatchObject({ phase: 'starting', reason: { code: 'logged_out' } });
    });

    it('disconnect, it is kept', async () => {
      const rig = await resisting();
      await rig.session.disconnect();
      await look(rig);
      expect(rig.session.status()).toMatchObject({ phase: 'stopped', reason: { code: 'stopped' } });
      expect(rig.removals).toBe(1);
    });

    it('logout again, what WhatsApp has confirmed to the first holds', async () => {
      const rig = await resisting();
      rig.removeError = null;
      expect(await rig.session.logout()).toMatchObject({ unlinkConfirmed: true });
      expect(rig.removals).toBe(2);
    });

    it.each([
      ['connect', 'starting'],
      ['logout', 'stopped'],
      ['disconnect', 'stopped'],
    ] as const)('%s while it is tried again, one removal at a time', async (command, phase) => {
      const rig = await resisting();
      rig.removeError = null;
      rig.clock.advance(DEFAULT_POLICY.recheckMs);
      void rig.session[command]();
      expect(rig.session.status().phase).toBe('removing');
      await settle();
      expect(rig.removals).toBe(2);
      expect(rig.session.status()).toMatchObject({ phase, reason: { code: 'logged_out' } });
    });
  });

  it('the end of the gateway, not held up by a page that does not answer the logout', async () => {
    const rig = await ready();
    rig.driver.last.unlinkAnswers = false;
    const logout = rig.session.logout();
    const closed = rig.session.close();
    await settle();
    expect(rig.session.status().phase).toBe('unlinking');
    rig.clock.advance(1_000);
    expect(await logout).toMatchObject({ unlinkConfirmed: false });
    await closed;
    expect(rig.removals).toBe(1);
    expect(rig.session.status().phase).toBe('stopped');
    expect(rig.clock.pending).toBe(0);
  });

  it('the end of the gateway, waits a moment for a logout that is being answered', async () => {
    const rig = await ready();
    const logout = rig.session.logout();
    await rig.session.close();
    expect(await logout).toMatchObject({ unlinkConfirmed: true });
    expect(rig.clock.pending).toBe(0);
  });
});

describe('session, a folder that is taken away under the browser', () => {
  const gone = new GatewayError({ code: 'session_path_deleted', message: 'gone' });

  it('no QR is left on the screen that would link into nothing', async () => {
    const rig = sessionRig();
    rig.loginProblem = gone;
    await showingQr(rig);
    expect(rig.session.status()).toMatchObject({ status: 'error', reason: { code: 'session_path_deleted' } });
    rig.loginProblem = null;
    rig.clock.advance(DEFAULT_POLICY.recheckMs);
    await settle();
    rig.driver.last.emit({ type: 'qr', payload: 'second' });
    await settle();
    expect(rig.session.status()).toMatchObject({ status: 'qr', reason: null });
  });

  it('nor a pairing code', async () => {
    const rig = await showingQr();
    rig.loginProblem = gone;
    await rig.session.requestPairingCode('79120000000');
    await settle();
    expect(rig.session.status()).toMatchObject({ status: 'error', reason: { code: 'session_path_deleted' } });
  });

  it('said at once when it is connected', async () => {
    const rig = await showingQr();
    rig.loginProblem = gone;
    rig.driver.last.emit({ type: 'ready', account: ACCOUNT });
    await settle();
    expect(rig.session.status()).toMatchObject({ status: 'ready', reason: { code: 'session_path_deleted' } });
  });

  it('a look that comes too late, or fails, changes nothing', async () => {
    const rig = await showingQr();
    rig.loginProblem = gone;
    rig.driver.last.emit({ type: 'qr', payload: 'second' });
    rig.driver.last.emit({ type: 'authenticated' });
    await settle();
    expect(rig.session.status()).toMatchObject({ status: 'syncing', reason: null });
    rig.lookError = new Error('no answer');
    rig.driver.last.emit({ type: 'ready', account: ACCOUNT });
    await settle();
    expect(rig.session.status()).toMatchObject({ status: 'ready', reason: null });
  });
});

it('a browser that cannot be ended, said although somebody goes on asking', async () => {
  const rig = sessionRig();
  rig.driver.manualStop = true;
  await ready(rig);
  for (let press = 0; press < 10; press += 1) {
    rig.session.restart();
    rig.clock.advance(DEFAULT_POLICY.stopMs / 10);
  }
  expect(rig.session.status()).toMatchObject({ status: 'error', reason: { code: 'browser_unresponsive' } });
});

describe('session, what counts as a failure', () => {
  it('a folder that a person puts right, takes none of the tries of what comes afterwards', async () => {
    const rig = sessionRig();
    rig.checkError = new GatewayError({ code: 'session_path_not_writable', message: 'not ours' });
    rig.session.connect();
    for (let look = 0; look < 20; look += 1) {
      rig.clock.advance(DEFAULT_POLICY.recheckMs);
      await settle();
    }
    expect(rig.session.status().reason?.code).toBe('session_path_not_writable');
    rig.checkError = null;
    rig.clock.advance(DEFAULT_POLICY.recheckMs);
    await settle();
    rig.driver.last.starting.fail(new Error('net::ERR_NAME_NOT_RESOLVED'));
    await settle();
    expect(rig.session.status()).toMatchObject({ status: 'idle', phase: 'waiting' });
  });

  it('a QR that has been shown for long, forgives what was before it', async () => {
    const rig = sessionRig();
    for (let crash = 0; crash < 2 * DEFAULT_POLICY.retries; crash += 1) {
      rig.session.connect();
      await settle();
      const { last } = rig.driver;
      for (let shown = 0; shown <= DEFAULT_POLICY.stableMs; shown += DEFAULT_POLICY.qrMs) {
        last.emit({ type: 'qr', payload: `${crash} ${shown}` });
        rig.clock.advance(DEFAULT_POLICY.qrMs);
        await settle();
      }
      last.emit({ type: 'failed', error: new GatewayError({ code: 'browser_crashed', message: 'gone' }) });
      await settle();
      expect(rig.session.status().phase).toBe('waiting');
      rig.clock.advance(DEFAULT_POLICY.retryMs);
      await settle();
      expect(rig.session.status().phase, 'the first delay, each time').toBe('starting');
    }
  });

  it('the cause of a reason, in the log once', async () => {
    const rig = sessionRig();
    const cause = new Error('libnss3.so: cannot open shared object file');
    rig.checkError = new GatewayError({ code: 'browser_not_found', message: 'none starts', cause });
    rig.session.connect();
    for (let look = 0; look < 3; look += 1) {
      rig.clock.advance(DEFAULT_POLICY.recheckMs);
      await settle();
    }
    const said = rig.log.lines.filter(({ fields }) => 'cause' in fields);
    expect(said.map(({ fields }) => fields)).toEqual([{ reason: 'browser_not_found', cause: cause.message }]);
  });
});

it('a disk that is asleep, holds up no news of the page', async () => {
  const rig = await ready();
  rig.loginLook = new Promise(() => undefined);
  rig.driver.last.probeResult = { connected: false, socketState: 'OPENING' };
  rig.clock.advance(DEFAULT_POLICY.probeMs);
  await settle();
  expect(rig.session.status().phase).toBe('reconnecting');
});

it('a try that is under way, promises no time for itself', async () => {
  const rig = await ready();
  rig.driver.last.emit({
    type: 'failed',
    error: new GatewayError({ code: 'unpaired', message: 'unlinked' }),
  });
  await settle();
  expect(rig.session.status().reason?.retryAt).not.toBeNull();
  rig.clock.advance(DEFAULT_POLICY.retryMaxMs);
  expect(rig.session.status()).toMatchObject({ phase: 'checking', reason: { retryAt: null } });
  await settle();
  expect(rig.session.status()).toMatchObject({ phase: 'starting', reason: { retryAt: null } });
});

describe('session, stopping', () => {
  it.each(['checking', 'starting', 'qr', 'syncing', 'ready', 'waiting'])(
    'disconnect in %s, no client is left',
    async (phase) => {
      const rig = sessionRig();
      rig.session.connect();
      if (phase !== 'checking') await settle();
      if (phase === 'qr') rig.driver.last.emit({ type: 'qr', payload: 'first' });
      if (phase === 'syncing') rig.driver.last.emit({ type: 'authenticated' });
      if (phase === 'ready') rig.driver.last.emit({ type: 'ready', account: ACCOUNT });
      if (phase === 'waiting') rig.driver.last.starting.fail(new Error('net::ERR_NAME_NOT_RESOLVED'));
      await settle();
      const status = await rig.session.disconnect();
      await settle();
      expect(status).toMatchObject({ status: 'idle', reason: { code: 'stopped' } });
      expect(rig.session.status()).toMatchObject({ status: 'idle', phase: 'stopped' });
      expect(rig.driver.alive).toHaveLength(0);
      expect(rig.clock.pending).toBe(0);
    },
  );

  it('connect and disconnect pressed wildly, ends as the last press says', async () => {
    const rig = sessionRig();
    for (let press = 0; press < 20; press += 1) {
      rig.session.connect();
      if (press % 3 === 0) await settle();
      void rig.session.disconnect();
    }
    rig.session.connect();
    await settle();
    expect(rig.session.status().phase).toBe('starting');
    expect(rig.driver.alive).toHaveLength(1);
  });

  it('connect while the browser is being stopped, starts once it is gone', async () => {
    const rig = sessionRig();
    rig.driver.manualStop = true;
    await ready(rig);
    const stopped = rig.session.disconnect();
    rig.session.connect();
    expect(rig.driver.clients).toHaveLength(1);
    rig.driver.last.stopping.open();
    await stopped;
    await settle();
    expect(rig.driver.clients).toHaveLength(2);
  });

  it('a browser that cannot be ended, error, and no second client beside it', async () => {
    const rig = sessionRig();
    rig.driver.manualStop = true;
    await ready(rig);
    const disconnected = rig.session.disconnect();
    rig.clock.advance(DEFAULT_POLICY.stopMs);
    await expect(disconnected).rejects.toMatchObject({ code: 'browser_unresponsive' });
    expect(rig.session.status()).toMatchObject({ status: 'error', reason: { code: 'browser_unresponsive' } });
    rig.session.connect();
    await settle();
    expect(rig.driver.clients).toHaveLength(1);
    rig.driver.last.stopping.open();
    await settle();
    expect(rig.driver.clients).toHaveLength(2);
  });

  it('restart, one client is replaced by another', async () => {
    const rig = await ready();
    const first = rig.driver.last;
    expect(rig.session.restart()).toMatchObject({ phase: 'stopping' });
    await settle();
    expect(first.stopped).toBe(true);
    expect(rig.driver.clients).toHaveLength(2);
    expect(rig.session.status()).toMatchObject({ phase: 'starting', reason: null });
  });

  it('close, ends for good and refuses commands', async () => {
    const rig = await ready();
    await rig.session.close();
    expect(rig.driver.alive).toHaveLength(0);
    expect(() => rig.session.connect()).toThrow(GatewayError);
    expect(() => rig.session.restart()).toThrow('shutting down');
    await expect(rig.session.logout()).rejects.toThrow('shutting down');
    await expect(rig.session.requestPairingCode('1')).rejects.toThrow('shutting down');
  });

  it('close with a browser that cannot be ended, resolves and says so in the log', async () => {
    const rig = sessionRig();
    rig.driver.manualStop = true;
    await ready(rig);
    const closed = rig.session.close();
    rig.clock.advance(DEFAULT_POLICY.stopMs);
    await closed;
    expect(rig.log.with('did not end cleanly')).toHaveLength(1);
  });

  it('events of a replaced client, dropped', async () => {
    const rig = await ready();
    const first = rig.driver.last;
    rig.session.restart();
    await settle();
    first.stopped = false;
    first.emit({ type: 'logged_out' });
    await settle();
    expect(rig.removals).toBe(0);
    expect(rig.driver.clients).toHaveLength(2);
  });
});

describe('session, a browser that ends only after it was given up', () => {
  async function stuckAfter(act: (rig: Rig) => void): Promise<Rig> {
    const rig = sessionRig();
    rig.driver.manualStop = true;
    await ready(rig);
    act(rig);
    rig.clock.advance(DEFAULT_POLICY.stopMs);
    await settle();
    expect(rig.session.status()).toMatchObject({ phase: 'stuck', reason: { code: 'browser_unresponsive' } });
    rig.driver.last.stopping.open();
    await settle();
    return rig;
  }

  it('of an account that is blocked, is not started again', async () => {
    const rig = await stuckAfter(({ driver }) =>
      driver.last.emit({ type: 'failed', error: new GatewayError({ code: 'blocked', message: 'banned' }) }),
    );
    expect(rig.session.status()).toMatchObject({
      status: 'error',
      reason: { code: 'blocked', retryAt: null },
    });
    rig.clock.advance(60 * 60_000);
    await settle();
    expect(rig.driver.clients).toHaveLength(1);
  });

  it('that somebody has stopped, is stopped', async () => {
    const rig = await stuckAfter(({ session }) => {
      session.disconnect().catch(() => undefined);
    });
    expect(rig.session.status()).toMatchObject({ status: 'idle', reason: { code: 'stopped' } });
  });
});
