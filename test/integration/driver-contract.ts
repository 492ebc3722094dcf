import { describe, expect, test } from 'vitest';
import { type DriverWorld, START_STEPS } from '../support/driver-world.ts';

const ACCOUNT = { id: '15550001111@c.us', phone: '15550001111', name: 'Gateway', platform: 'android' };

/**
 * What every driver promises to the session (`src/session/driver.ts`).
 * @param makeWorld makes an impatient driver where a scenario waits for a deadline to pass
 */
export function driverContract(
  name: string,
  makeWorld: (options?: { impatient?: boolean }) => Promise<DriverWorld>,
): void {
  describe(`${name}, linking`, () => {
    test('unlinked, a QR that a phone takes, then authenticated, progress and ready, each account once', async () => {
      await using world = await makeWorld();
      const { client, recorded } = await begun(world);
      const qr = await recorded.until('qr');
      expect(qr.payload).toBe(world.shownQr());
      expect(await client.probe()).toMatchObject({ connected: false });

      await world.scan();
      expect(await recorded.until('ready')).toEqual({ type: 'ready', account: ACCOUNT });
      const order = recorded.types('connection', 'progress').filter((type) => type !== 'qr');
      expect(order).toEqual(['authenticated', 'ready']);
      expect(recorded.types().indexOf('progress')).toBeGreaterThan(recorded.types().indexOf('authenticated'));
      const percents = recorded.all('progress').map(({ percent }) => percent);
      expect(percents).toEqual(percents.toSorted((a, b) => a - b));
      expect(await client.probe()).toMatchObject({ connected: true, socketState: 'CONNECTED' });

      await client.stop();
      expect(await world.processes()).toBe(0);
    });

    test('linked before, ready without a QR', async () => {
      await using world = await makeWorld();
      const first = await begun(world);
      await first.recorded.until('qr');
      await world.scan();
      await first.recorded.until('ready');
      await first.client.stop();

      const second = await begun(world);
      expect(await second.recorded.until('ready')).toEqual({ type: 'ready', account: ACCOUNT });
      expect(second.recorded.types('connection', 'progress')).toEqual(['authenticated', 'ready']);
    });

    test('fresh QR, asked for, comes as an event', async () => {
      await using world = await makeWorld();
      const { client, recorded } = await begun(world);
      const before = new Set([(await recorded.until('qr')).payload]);
      await client.refreshQr();
      const second = await recorded.until('qr', 2);
      expect(before).not.toContain(second.payload);
    });

    test('pairing code, refused, the QR comes back', async () => {
      await using world = await makeWorld();
      const { client, recorded } = await begun(world);
      await recorded.until('qr');
      await world.refusePairing(true);
      const seen = recorded.all('qr').length;
      await expect(client.requestPairingCode('15550001111')).rejects.toMatchObject({
        code: 'pairing_failed',
      });
      await recorded.until('qr', seen + 1);
    });

    test('pairing code, no QR until it is ended; typed on the phone it links', async () => {
      await using world = await makeWorld();
      const { client, recorded } = await begun(world);
      await recorded.until('qr');
      await client.requestPairingCode('15550001111');
      const seen = recorded.all('qr').length;
      await world.rotateQr();
      await world.rotateQr();
      await client.probe();
      expect(recorded.all('qr')).toHaveLength(seen);
      await client.refreshQr();
      await recorded.until('qr', seen + 1);

      const code = await client.requestPairingCode('15550001111');
      expect(code).toMatch(/^[A-Z0-9]{8}$/);
      await world.enterPairingCode(code);
      await recorded.until('ready');
      expect(recorded.all('authenticated')).toHaveLength(1);
    });

    test('linked, neither a fresh QR nor a pairing code can be had, and the link stays', async () => {
      await using world = await makeWorld();
      const { client, recorded } = await linked(world);
      const seen = recorded.all('qr').length;
      await client.refreshQr();
      await expect(client.requestPairingCode('15550001111')).rejects.toMatchObject({
        code: 'pairing_failed',
      });
      expect(await client.probe()).toMatchObject({ connected: true });
      expect(recorded.all('qr')).toHaveLength(seen);
    });
  });

  describe(`${name}, a linked device`, () => {
    test('connection lost and back, said and measured; the phone unlinks, the last event', async () => {
      await using world = await makeWorld();
      const { client, recorded } = await linked(world);
      const seen = recorded.events.length;
      await world.interrupt();
      await recorded.untilConnected(false, seen);
      expect(await client.probe()).toMatchObject({ connected: false });
      const lost = recorded.events.length;
      await world.restore();
      await recorded.untilConnected(true, lost);
      expect(await client.probe()).toMatchObject({ connected: true });

      await world.phoneLogout();
      await recorded.until('logged_out');
      expect(recorded.types().at(-1)).toBe('logged_out');
    });

    test('logout, refused and then confirmed', async () => {
      await using world = await makeWorld();
      const { client, recorded } = await linked(world);
      await world.refuseLogout(true);
      expect(await client.logout()).toEqual({ confirmed: false });
      expect(await client.probe()).toMatchObject({ connected: true });
      await world.refuseLogout(false);
      expect(await client.logout()).toEqual({ confirmed: true });
      await recorded.until('logged_out');
      expect(await world.processes()).toBeGreaterThan(0);
    });

    test.each([
      { what: 'the browser dies', crash: 'crashBrowser', code: 'browser_crashed' },
      { what: 'the page dies', crash: 'crashPage', code: 'page_crashed' },
    ] as const)('$what, said as $code, and stopped as usual', async ({ crash, code }) => {
      await using world = await makeWorld();
      const { client, recorded } = await linked(world);
      await world[crash]();
      expect((await recorded.until('failed')).error).toMatchObject({ code, retryable: true });
      await expect(client.probe()).rejects.toMatchObject({ code: 'browser_unresponsive' });
      await client.stop();
      expect(await world.processes()).toBe(0);
    });

    test('frozen, a measurement fails in time, and stop leaves no process', async () => {
      await using world = await makeWorld({ impatient: true });
      const { client, recorded } = await linked(world);
      await world.freeze();
      await expect(client.probe()).rejects.toMatchObject({ code: 'browser_unresponsive' });
      expect(await client.logout()).toEqual({ confirmed: false });
      expect(recorded.types()).not.toContain('failed');
      await client.stop();
      expect(await world.processes()).toBe(0);
    });
  });

  describe(`${name}, stop`, () => {
    test('before start, everything refuses, and a start does nothing', async () => {
      await using world = await makeWorld();
      const { client } = world.create();
      await expect(client.probe()).rejects.toMatchObject({ code: 'browser_unresponsive' });
      await expect(client.refreshQr()).rejects.toMatchObject({ code: 'browser_unresponsive' });
      await expect(client.requestPairingCode('15550001111')).rejects.toMatchObject({
        code: 'pairing_failed',
      });
      expect(await client.logout()).toEqual({ confirmed: false });
      await client.stop();
      await expect(client.start()).rejects.toMatchObject({ code: 'stopped' });
      await client.stop();
      expect(await world.processes()).toBe(0);
    });

    test.each(START_STEPS)(
      'while the start hangs at %s, both settle, no process and no event',
      async (step) => {
        await using world = await makeWorld();
        await world.holdStart(step);
        const { client, events } = world.create();
        const started = client.start();
        started.catch(() => undefined);
        await world.held();
        await client.stop();
        await expect(started).rejects.toMatchObject({ code: 'stopped' });
        expect(await world.processes()).toBe(0);
        expect(events.filter(({ type }) => type !== 'connection')).toEqual([]);
      },
    );

    test('from inside an event, twice and at the same time, all resolve', async () => {
      await using world = await makeWorld();
      const stops: Promise<void>[] = [];
      const recorded = world.create((event) => {
        if (event.type === 'qr') stops.push(recorded.client.stop(), recorded.client.stop());
      });
      await recorded.client.start().catch(() => undefined);
      await recorded.until('qr');
      await Promise.all([...stops, recorded.client.stop()]);
      await recorded.client.stop();
      expect(stops).toHaveLength(2);
      expect(await world.processes()).toBe(0);
    });

    test('afterwards, everything refuses, and a new client starts on the same login', async () => {
      await using world = await makeWorld();
      const { client } = await linked(world);
      await client.stop();
      await expect(client.probe()).rejects.toMatchObject({ code: 'browser_unresponsive' });
      await expect(client.refreshQr()).rejects.toMatchObject({ code: 'browser_unresponsive' });
      expect(await client.logout()).toEqual({ confirmed: false });
      const second = await begun(world);
      await second.recorded.until('ready');
    });
  });
}

async function begun(world: DriverWorld) {
  const recorded = world.create();
  expect(recorded.events).toEqual([]);
  await recorded.client.start();
  return { recorded, client: recorded.client };
}

async function linked(world: DriverWorld) {
  const started = await begun(world);
  await started.recorded.until('qr');
  await world.scan();
  await started.recorded.until('ready');
  return started;
}
