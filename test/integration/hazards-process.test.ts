import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findProcessesUsingProfile } from '../../src/whatsapp/processes.ts';
import { type Simulator, startSimulator } from '../simulator/server.ts';
import { profileOf, signalBrowser } from '../support/browser-processes.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { removeFolder } from '../support/remove-folder.ts';

describe('hazard: the gateway is killed', () => {
  let simulator: Simulator;
  let sessionPath: string;
  beforeEach(async () => {
    simulator = await startSimulator();
    sessionPath = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-hazard-'));
  });
  afterEach(async () => {
    await simulator.stop();
    await removeFolder(sessionPath);
  });

  const start = () =>
    new GatewayProcess({
      env: { WHATSAPP_SESSION_PATH: sessionPath, CHROMIUM_ARGS: simulator.chromiumArgsLine },
    });
  const browser = () => findProcessesUsingProfile(profileOf(sessionPath));

  test('its browser ends by itself; the next gateway shows a QR and links', async () => {
    await using first = start();
    await first.until(({ status }) => status === 'qr', 'qr');
    await first.end('SIGKILL');
    await waitFor(async () => (await browser()).length === 0, { what: 'the end of the browser' });
    await using second = start();
    await second.until(({ status }) => status === 'qr', 'qr');
    await simulator.scan();
    await second.until(({ status }) => status === 'ready', 'ready');
    expect(await second.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await browser()).toEqual([]);
  });

  test('its browser hangs and stays; the next gateway ends it and is ready without a QR', async () => {
    await using first = start();
    await first.until(({ status }) => status === 'qr', 'qr');
    await simulator.scan();
    await first.until(({ status }) => status === 'ready', 'ready');
    expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
    await using second = start();
    await second.until(({ status }) => status === 'ready', 'ready');
    const orphans = await signalBrowser(profileOf(sessionPath), 'SIGSTOP');
    await second.end('SIGKILL');
    expect((await browser()).length).toBeGreaterThan(0);

    await using third = start();
    await third.until(({ status }) => status === 'ready', 'ready');
    expect(third.said('ended a browser that a killed gateway had left behind')).toHaveLength(1);
    const pids = (await browser()).map(({ pid }) => pid);
    expect(pids.filter((pid) => orphans.includes(pid))).toEqual([]);
    expect(simulator.issuedQrs()).toHaveLength(1);
    for (const gateway of [first, second, third]) {
      expect(gateway.said('a promise was rejected and nobody listened')).toEqual([]);
    }
    expect(await third.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await browser()).toEqual([]);
  });
});
