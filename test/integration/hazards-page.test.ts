import type { Page } from 'puppeteer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PageClient } from '../../src/whatsapp/page-client.ts';
import type { RecordedClient } from '../support/driver-world.ts';
import { MessageRecorder } from '../support/message-recorder.ts';
import { RealDriverWorld } from '../support/real-driver-world.ts';
import { forbidStrayRejections } from '../support/stray-rejections.ts';
import { waitFor } from '../support/wait-for.ts';

const DEADLINES = { logoutGraceMs: 500 };

forbidStrayRejections();

describe('hazard: documents that come and go', () => {
  test('navigation inside the page and an iframe, ready once, every message once', async () => {
    await using world = await RealDriverWorld.create({ deadlines: DEADLINES });
    const recorded = await world.ready();
    const messages = new MessageRecorder(world.library(recorded));
    await world.simulator.page('pushState');
    await world.simulator.page('iframe');
    await world.simulator.page('pushState', '/?again=1');
    await messages.expectEachOnce(world.simulator);
    expect(recorded.all('ready')).toHaveLength(1);
    expect(recorded.all('authenticated')).toHaveLength(1);
    expect(world.simulator.pageLoads).toBe(1);
  });

  test('quick reloads, ready again, every message once', async () => {
    await using world = await RealDriverWorld.create({ deadlines: DEADLINES });
    const recorded = await world.ready();
    const messages = new MessageRecorder(world.library(recorded));
    await reload(world, recorded);
    await reload(world, recorded);
    await connectedAgain(world, recorded);
    await messages.expectEachOnce(world.simulator);
    expect(recorded.types()).not.toContain('failed');
    expect(recorded.all('authenticated')).toHaveLength(1);
  });

  test('reloads while the library is being loaded, a whole one in the end, every message once', async () => {
    await using world = await RealDriverWorld.create({
      simulator: { bootMs: 150, syncMs: 300 },
      deadlines: DEADLINES,
    });
    const recorded = world.create();
    const started = recorded.client.start();
    for (const loads of [1, 2, 3]) {
      await waitFor(() => world.simulator.pageLoads >= loads && world.simulator.pages().length > 0);
      await reload(world, recorded);
    }
    await started;
    await recorded.until('qr');
    await waitFor(() => world.shownQr() !== null);
    await world.scan();
    await waitFor(() => world.simulator.pages()[0]?.state === 'CONNECTED');
    await reload(world, recorded);
    await connectedAgain(world, recorded);
    const messages = new MessageRecorder(world.library(recorded));
    await messages.expectEachOnce(world.simulator);
    expect(recorded.types()).not.toContain('failed');
  });

  test('replaced between two steps of the library, the half of it is not used', async () => {
    await using world = await RealDriverWorld.create({ deadlines: DEADLINES });
    const recorded = world.create();
    let replaced = false;
    world.onLibrary = (library) =>
      onExposeFunction(library, async (name, page) => {
        if (replaced || name !== 'onAppStateHasSyncedEvent') return;
        replaced = true;
        await page.reload();
      });
    await recorded.client.start();
    expect(replaced).toBe(true);
    await waitFor(() => recorded.all('qr').at(-1)?.payload === world.shownQr());
    await world.scan();
    await recorded.until('ready');
    await new MessageRecorder(world.library(recorded)).expectEachOnce(world.simulator);
  });

  test('reload while a QR is shown, another QR that links', async () => {
    await using world = await RealDriverWorld.create({ deadlines: DEADLINES });
    const recorded = await world.started();
    const first = await recorded.until('qr');
    await reload(world, recorded);
    await waitFor(() => recorded.all('qr').at(-1)?.payload !== first.payload);
    await world.simulator.scan({ qr: recorded.all('qr').at(-1)!.payload });
    await recorded.until('ready');
    expect(recorded.all('ready')).toHaveLength(1);
  });

  test.each([
    { what: 'leaves WhatsApp Web', leave: 'navigateAway' },
    { what: 'is closed', leave: 'close' },
  ] as const)('the page $what, said as page_crashed', async ({ leave }) => {
    await using world = await RealDriverWorld.create({ deadlines: DEADLINES });
    const recorded = await world.started();
    if (leave === 'close') await world.library(recorded).pupPage?.close();
    else await world.simulator.page(leave);
    expect((await recorded.until('failed')).error).toMatchObject({ code: 'page_crashed' });
  });
});

describe('hazard: what the page says too early, too late or never', () => {
  test('synced before anybody listens, ready all the same, every message once', async () => {
    await using world = await RealDriverWorld.create({ deadlines: DEADLINES });
    await world.simulator.setFault('syncTooEarly', true);
    const recorded = await world.ready();
    const messages = new MessageRecorder(world.library(recorded));
    await messages.expectEachOnce(world.simulator);
    expect(recorded.all('ready')).toHaveLength(1);
  });

  test('synced too early after a reload too, connected again', async () => {
    await using world = await RealDriverWorld.create({ deadlines: DEADLINES });
    const recorded = await world.ready();
    await world.simulator.setFault('syncTooEarly', true);
    await reload(world, recorded);
    await connectedAgain(world, recorded);
    await recorded.until('ready', 2);
  });

  test('synced, said three times at once and once more, ready once, every message once', async () => {
    await using world = await RealDriverWorld.create({ deadlines: DEADLINES });
    const recorded = await world.started();
    await world.library(recorded).pupPage?.evaluate(`
      const { Socket } = window.require('WAWebSocketModel');
      for (const _ of [1, 2]) Socket.on('change:hasSynced', () => window.onAppStateHasSyncedEvent());
    `);
    await world.scan();
    await recorded.until('ready');
    await world.library(recorded).pupPage?.evaluate('window.onAppStateHasSyncedEvent()');
    await new MessageRecorder(world.library(recorded)).expectEachOnce(world.simulator);
    expect(recorded.all('ready')).toHaveLength(1);
  });

  test('never synced, never ready, measured as not connected', async () => {
    await using world = await RealDriverWorld.create({ deadlines: DEADLINES });
    await world.simulator.setFault('neverSync', true);
    const recorded = await world.started();
    await world.scan();
    await recorded.until('authenticated');
    await waitFor(() => world.simulator.pages()[0]?.state === 'CONNECTED');
    expect(await recorded.client.probe()).toEqual({ connected: false, socketState: 'CONNECTED' });
    expect(recorded.types()).not.toContain('ready');
  });

  test('no more QRs by themselves (UNPAIRED_IDLE), a fresh one is asked for and links', async () => {
    await using world = await RealDriverWorld.create({
      simulator: { qrRotateMs: 400, refsBeforeIdle: 2 },
      deadlines: DEADLINES,
    });
    const recorded = await world.started();
    // Two refs come by themselves, any further one because it was asked for.
    await recorded.until('qr', 4);
    await world.scan();
    await recorded.until('ready');
  });

  test('QR drawn before there is a reference, not shown', async () => {
    await using world = await RealDriverWorld.create({ deadlines: DEADLINES });
    await world.simulator.setFault('lateRef', true);
    const recorded = await world.started();
    expect((await recorded.until('qr')).payload).toBe(world.shownQr());
  });

  test('passkey wanted, said as passkey_required with what is known', async () => {
    await using world = await RealDriverWorld.create({ deadlines: DEADLINES });
    await world.simulator.setFault('passkey', true);
    const recorded = await world.started();
    await world.scan();
    const { error } = await recorded.until('failed');
    expect(error.code).toBe('passkey_required');
    expect(error.action).toContain('https://');
    expect(recorded.types()).not.toContain('ready');
  });

  test('messages before and after a reload, the library asks for no chat with each of them', async () => {
    await using world = await RealDriverWorld.create({ deadlines: DEADLINES });
    const recorded = await world.ready();
    const library = world.library(recorded);
    const asked: string[] = [];
    library.getChatById = (id) => {
      asked.push(id);
      return Promise.reject(new Error('nobody needs it'));
    };
    await new MessageRecorder(library).expectEachOnce(world.simulator);
    await reload(world, recorded);
    await connectedAgain(world, recorded);
    await new MessageRecorder(library).expectEachOnce(world.simulator);
    expect(asked).toEqual([]);
  });

  test('the session cannot take an event, the later ones come', async () => {
    await using world = await RealDriverWorld.create({ deadlines: DEADLINES });
    const recorded = world.create(({ type }) => {
      if (type === 'qr' || type === 'authenticated') throw new Error(`cannot take ${type}`);
    });
    await recorded.client.start();
    await world.scan();
    await recorded.until('ready');
    expect(world.log.with('could not take an event').length).toBeGreaterThanOrEqual(2);
  });
});

describe('hazard: a send under way', () => {
  test.each(['stop', 'crashBrowser'] as const)('%s, the send fails and nothing else does', async (how) => {
    await using world = await RealDriverWorld.create({ deadlines: DEADLINES });
    const recorded = await world.ready();
    const held = world.simulator.hold('before-resolve');
    const send = world.library(recorded).sendMessage('15550002222@c.us', 'out');
    send.catch(() => undefined);
    await held.reached();
    if (how === 'stop') await recorded.client.stop();
    else await world.crashBrowser();
    await expect(send).rejects.toThrow();
    await recorded.client.stop();
    expect(await world.processes()).toBe(0);
  });
});

describe('hazard: states of the socket', () => {
  let world: RealDriverWorld;
  beforeAll(async () => {
    world = await RealDriverWorld.create({ deadlines: DEADLINES });
    const { client } = await world.ready();
    await client.stop();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test.each([
    { state: 'CONFLICT', code: 'conflict' },
    { state: 'UNPAIRED', code: 'unpaired' },
    { state: 'UNPAIRED_IDLE', code: 'unpaired' },
    { state: 'UNLAUNCHED', code: 'whatsapp_unreachable' },
    { state: 'DEPRECATED_VERSION', code: 'outdated' },
    { state: 'TOS_BLOCK', code: 'blocked' },
  ])('$state while ready, of no use any more: $code, profile kept', async ({ state, code }) => {
    const { client, recorded } = await readyIn(world);
    await world.simulator.setState(state);
    expect((await recorded.until('failed')).error).toMatchObject({ code });
    await client.stop();
  });

  test('TIMEOUT, OPENING and PAIRING while ready, an interruption; CONNECTED ends it', async () => {
    const { recorded, client } = await readyIn(world);
    for (const state of ['TIMEOUT', 'OPENING', 'PAIRING']) {
      const seen = recorded.events.length;
      await world.simulator.setState(state);
      await recorded.untilConnected(false, seen);
      expect(await client.probe()).toEqual({ connected: false, socketState: state });
      const lost = recorded.events.length;
      await world.simulator.setState('CONNECTED');
      await recorded.untilConnected(true, lost);
    }
    expect(await client.probe()).toEqual({ connected: true, socketState: 'CONNECTED' });
    await client.stop();
  });

  test.each([
    { fault: 'outdated', code: 'outdated' },
    { fault: 'blocked', code: 'blocked' },
  ] as const)('$fault instead of a login, said as $code', async ({ fault, code }) => {
    await world.simulator.setFault(fault, true);
    const recorded = world.create();
    await recorded.client.start().catch(() => undefined);
    expect((await recorded.until('failed')).error).toMatchObject({ code });
    await recorded.client.stop();
    await world.simulator.setFault(fault, false);
  });
});

async function readyIn(world: RealDriverWorld) {
  const recorded = await world.ready();
  expect(recorded.types()).not.toContain('qr');
  return { recorded, client: recorded.client };
}

/** Runs `before` each time that the library is about to expose a function to the page. */
function onExposeFunction(library: PageClient, before: (name: string, page: Page) => Promise<void>): void {
  const attach = library.attach.bind(library);
  library.attach = (browser, page) => {
    const expose = page.exposeFunction.bind(page);
    page.exposeFunction = async (name, implementation) => {
      await before(name, page);
      await expose(name, implementation);
    };
    attach(browser, page);
  };
}

/** Reloads the page, also one that has just been loaded, and waits for the request for the new document. */
async function reload(world: RealDriverWorld, recorded: RecordedClient): Promise<void> {
  const { pageLoads } = world.simulator;
  await waitFor(async () => {
    await world.library(recorded).pupPage?.evaluate('location.reload()');
    return true;
  });
  await waitFor(() => world.simulator.pageLoads > pageLoads, { what: 'the reload' });
}

async function connectedAgain(world: RealDriverWorld, { client }: RecordedClient): Promise<void> {
  await waitFor(() => world.simulator.pages().length === 1, { what: 'one page' });
  await waitFor(async () => (await client.probe()).connected, { what: 'a connection' });
}
