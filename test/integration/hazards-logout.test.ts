import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { findProcessesUsingProfile } from '../../src/whatsapp/processes.ts';
import { profileOf } from '../support/browser-processes.ts';
import { type GatewayRig, startGatewayRig } from '../support/gateway-rig.ts';
import { RealDriverWorld } from '../support/real-driver-world.ts';
import { forbidStrayRejections } from '../support/stray-rejections.ts';
import { waitFor } from '../support/wait-for.ts';

forbidStrayRejections();

describe('hazard: the phone logs out', () => {
  test('while ready, browser gone before the folder, new client; the next login survives a restart', async () => {
    await using rig = await startGatewayRig();
    await link(rig);
    const before = await pidsOf(rig);
    await rig.simulator.phoneLogout();
    const { reason } = await rig.until('qr');
    expect(reason).toMatchObject({ code: 'logged_out' });
    expect((await pidsOf(rig)).filter((pid) => before.includes(pid))).toEqual([]);
    expect(said(rig)).toEqual(
      expect.arrayContaining([
        '[WA] event=logged_out',
        '[WA] state=ready -> idle',
        'Removed the stored login',
      ]),
    );
    // One client after the other, and no event of the first after its last.
    const epochs = rig.lines.map(({ epoch }) => epoch).filter((epoch) => epoch !== undefined);
    expect(epochs).toEqual(epochs.toSorted((a, b) => Number(a) - Number(b)));

    await link(rig);
    const issued = rig.simulator.issuedQrs().length;
    await rig.restartProcess();
    await rig.until('ready');
    expect(rig.simulator.issuedQrs()).toHaveLength(issued);
    expect(rig.simulator.devices().filter(({ revokedAt }) => revokedAt === null)).toHaveLength(1);
  });

  test('and long after the next login a document changes, the login stays', async () => {
    await using rig = await startGatewayRig();
    await link(rig);
    await rig.simulator.phoneLogout();
    await link(rig);
    await rig.simulator.page('iframe');
    await rig.simulator.page('pushState');
    const { pageLoads } = rig.simulator;
    await rig.simulator.page('reload');
    await waitFor(() => rig.simulator.pageLoads > pageLoads);
    await rig.until('ready');
    const issued = rig.simulator.issuedQrs().length;
    await rig.restartProcess();
    await rig.until('ready');
    expect(rig.simulator.issuedQrs()).toHaveLength(issued);
  });

  test('while the gateway is down, a QR with the reason at the next start', async () => {
    await using rig = await startGatewayRig();
    await link(rig);
    await rig.gateway.session.disconnect();
    await rig.simulator.phoneLogout();
    rig.gateway.session.connect();
    const { reason } = await rig.until('qr');
    expect(reason).toMatchObject({ code: 'logged_out' });
    await link(rig);
  });

  test('and at the same moment somebody disconnects, idle, and the worthless login is gone', async () => {
    await using rig = await startGatewayRig();
    await link(rig);
    const loggedOut = rig.simulator.phoneLogout();
    await waitFor(() => rig.status().status !== 'ready', { intervalMs: 1 });
    await rig.gateway.session.disconnect();
    await loggedOut;
    expect(rig.status()).toMatchObject({ status: 'idle' });
    expect(await pidsOf(rig)).toEqual([]);
    expect(existsSync(profileOf(rig.sessionPath))).toBe(false);
  });

  test('and the page has left before it could say so, logged out at once', async () => {
    await using world = await RealDriverWorld.create({ deadlines: { logoutGraceMs: 3_600_000 } });
    const recorded = await world.ready();
    await world.library(recorded).pupPage?.evaluate("location.href = '/?post_logout=1&logout_reason=0'");
    await recorded.until('logged_out');
  });

  test('and the page hangs before it leaves, logged out all the same', async () => {
    await using world = await RealDriverWorld.create({ deadlines: { logoutGraceMs: 500 } });
    const recorded = await world.ready();
    await world.library(recorded).pupPage?.evaluate("window.require('WAWebCmd').Cmd.trigger('logout')");
    await recorded.until('logged_out');
  });
});

describe('hazard: logout by the gateway', () => {
  test('confirmed, browser and login gone, idle', async () => {
    await using rig = await startGatewayRig();
    await link(rig);
    const { unlinkConfirmed } = await rig.gateway.session.logout();
    expect(unlinkConfirmed).toBe(true);
    expect(rig.status()).toMatchObject({ status: 'idle', reason: { code: 'logged_out' } });
    await expectGone(rig);
    expect(rig.simulator.devices()).toMatchObject([{ revokedAt: expect.anything() as unknown }]);
  });

  test.each(['logoutFails', 'logoutHangs'] as const)(
    '%s, not confirmed, browser and login gone all the same',
    async (fault) => {
      await using rig = await startGatewayRig({ deadlines: { answerMs: 2_000, logoutGraceMs: 500 } });
      await link(rig);
      await rig.simulator.setFault(fault, true);
      const { unlinkConfirmed } = await rig.gateway.session.logout();
      expect(unlinkConfirmed).toBe(false);
      await expectGone(rig);
      rig.gateway.session.connect();
      await rig.until('qr');
    },
  );
});

async function link(rig: GatewayRig): Promise<void> {
  await rig.until('qr');
  await waitFor(() => rig.simulator.currentQr());
  await rig.simulator.scan();
  await rig.until('ready');
}

async function expectGone(rig: GatewayRig): Promise<void> {
  expect(await pidsOf(rig)).toEqual([]);
  expect(existsSync(profileOf(rig.sessionPath))).toBe(false);
}

function said({ lines }: GatewayRig): string[] {
  return lines.map(({ msg }) => String(msg));
}

async function pidsOf({ sessionPath }: GatewayRig): Promise<number[]> {
  return (await findProcessesUsingProfile(profileOf(sessionPath))).map(({ pid }) => pid);
}
