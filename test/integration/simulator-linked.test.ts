import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import wwebjs from 'whatsapp-web.js';
import { type Simulator, startSimulator } from '../simulator/server.ts';
import { LibraryClient } from '../support/library-client.ts';
import { waitFor } from '../support/wait-for.ts';

const { MessageMedia } = wwebjs;
const ALICE = '15550002222@c.us';
const LOGOUT = 'require("WAWebSocketModel").Socket.logout()';

describe('simulator, sends of a linked device', () => {
  let simulator: Simulator;
  let library: LibraryClient;
  beforeAll(async () => {
    simulator = await startSimulator();
    library = await LibraryClient.create(simulator);
    await library.link(simulator);
  });
  afterAll(async () => {
    await library.stop();
    await simulator.stop();
  });
  afterEach(() => simulator.clearFaults());

  const send = (text: string) => library.client.sendMessage(ALICE, text);
  const onServer = (text: string) => simulator.sent().filter(({ body }) => body === text);
  const acks = (text: string) =>
    library
      .emitted('message_ack')
      .filter(([message]) => (message as wwebjs.Message).body === text)
      .map(([, ack]) => ack);
  const settled = (promise: Promise<unknown>) =>
    Promise.race([promise.then(() => true), new Promise((resolve) => setImmediate(resolve, false))]);

  test('fault sendThrows, the call rejects and nothing is handed over', async () => {
    await simulator.setFault('sendThrows', true);
    await expect(send('thrown')).rejects.toThrow('send failed');
    expect(onServer('thrown')).toEqual([]);
  });

  test('faults that fail, upload and number check', async () => {
    const file = new MessageMedia('application/pdf', 'AAAA', 'a.pdf');
    await simulator.setFault('uploadFails', true);
    await expect(library.client.sendMessage(ALICE, file)).rejects.toThrow('media upload failed');
    await simulator.setFault('existsFails', true);
    await expect(library.client.getNumberId('15550009999')).rejects.toThrow('query failed');
  });

  test('faults that hang, send and download and logout', async () => {
    await simulator.receive({ from: ALICE, media: { data: 'AAAA', mimetype: 'application/pdf' } });
    const received = await library.first<wwebjs.Message>('message');
    for (const fault of ['sendHangs', 'mediaHangs', 'logoutHangs'] as const)
      await simulator.setFault(fault, true);
    const hanging = [send('hung'), received.downloadMedia(), library.client.pupPage!.evaluate(LOGOUT)];
    // They end with the page; nobody waits for them until then.
    for (const call of hanging) call.catch(() => undefined);
    expect(await library.client.getState()).toBe('CONNECTED');
    expect(await Promise.all(hanging.map(settled))).toEqual([false, false, false]);
    expect(onServer('hung')).toEqual([]);
    expect(simulator.devices()[0]!.revokedAt).toBeNull();
  });

  test('fault sendLost, the call settles and the server never hears of it', async () => {
    await simulator.setFault('sendLost', true);
    expect((await send('lost')).ack).toBe(0);
    await send('also lost');
    expect(onServer('lost')).toEqual([]);
  });

  test('fault sendRefused, ack -1', async () => {
    await simulator.setFault('sendRefused', true);
    await send('refused');
    await waitFor(() => acks('refused').includes(-1));
    expect(onServer('refused')).toEqual([]);
  });

  test('fault neverAcked, the server has it and says nothing', async () => {
    await simulator.setFault('neverAcked', true);
    await send('unconfirmed');
    await waitFor(() => onServer('unconfirmed').length === 1);
    await simulator.clearFaults();
    await send('confirmed');
    await waitFor(() => acks('confirmed').length === 1);
    expect(acks('unconfirmed')).toEqual([]);
  });

  test('fault slowSendMs, the call settles later than the hand-over', async () => {
    await simulator.setFault('slowSendMs', 5_000);
    const slow = send('slow');
    await waitFor(() => onServer('slow').length === 1);
    expect(await settled(slow)).toBe(false);
    await slow;
  });

  test('steps, each can be held, looked at and released', async () => {
    for (const [step, handedOver] of [
      ['before-add', 0],
      ['before-hand-over', 0],
      ['recorded', 1],
      ['before-resolve', 1],
    ] as const) {
      const hold = simulator.hold(step);
      const sending = send(step);
      const [key] = await hold.reached();
      if (handedOver === 1) await waitFor(() => onServer(step).length === 1);
      expect(onServer(step)).toHaveLength(handedOver);
      if (step === 'before-add' || step === 'before-resolve') expect(await settled(sending)).toBe(false);
      hold.release();
      const message = await sending;
      expect(message.id._serialized).toBe(key);
      await waitFor(() => acks(step).length === 1);
    }
  });

  test('fault offline, state TIMEOUT; what is sent and received meanwhile arrives afterwards, once', async () => {
    await simulator.setFault('offline', true);
    await waitFor(() => library.emitted('change_state').some(([state]) => state === 'TIMEOUT'));
    const sending = send('delayed');
    await simulator.receive({ from: ALICE, body: 'while away' });
    expect(onServer('delayed')).toEqual([]);
    await simulator.setFault('offline', false);
    await waitFor(() =>
      library.emitted('message').some(([message]) => (message as wwebjs.Message).body === 'while away'),
    );
    await sending;
    await waitFor(() => acks('delayed').length === 1);
    expect(onServer('delayed')).toHaveLength(1);
    expect(await library.client.getState()).toBe('CONNECTED');
  });

  test('reload before the hand-over, the page sends it again under the same id', async () => {
    const hold = simulator.hold('before-hand-over');
    await send('interrupted');
    const [key] = await hold.reached();
    await library.client.pupPage!.reload();
    hold.release();
    await waitFor(() => onServer('interrupted').length === 1);
    expect(onServer('interrupted')[0]!.key).toBe(key);
  });

  test('the same id twice, counted and dropped', async () => {
    await waitFor(() => library.emitted('ready').length === 2);
    const message = await send('twice');
    await waitFor(() => acks('twice').length === 1);
    await library.client.pupPage!.evaluate(`(() => {
      const { Msg, Chat } = require('WAWebCollections');
      const known = Msg.get('${message.id._serialized}');
      const again = require('WAWebSendMsgChatAction').addAndSendMsgToChat;
      return again(Chat.get(known.id.remote), known.serialize())[1];
    })()`);
    expect(onServer('twice')).toMatchObject([{ duplicates: 1 }]);
    expect(simulator.counters().duplicates).toBe(1);
  });

  test('fault doubleEvents, one message is announced twice', async () => {
    await simulator.setFault('doubleEvents', true);
    await simulator.receive({ from: ALICE, body: 'echo' });
    await waitFor(
      () =>
        library.emitted('message').filter(([message]) => (message as wwebjs.Message).body === 'echo')
          .length === 2,
    );
  });

  test('takeover, CONFLICT ends in CONNECTED', async () => {
    // The library's own answer to CONFLICT is to end itself.
    const page = library.client.pupPage!;
    await page.evaluate('window.onAppStateChangedEvent = () => {}');
    await simulator.setState('CONFLICT');
    expect(await library.client.getState()).toBe('CONFLICT');
    await page.evaluate('require("WAWebSocketModel").Socket.takeover()');
    expect(await library.client.getState()).toBe('CONNECTED');
  });

  test('renderer killed, the page crashes and the browser lives on', async () => {
    const crashed = new Promise((resolve) => library.client.pupPage!.once('error', resolve));
    expect(simulator.crashPage()).not.toEqual([]);
    await crashed;
    expect(library.client.pupBrowser!.connected).toBe(true);
  });
});

describe('simulator, sync and logout', () => {
  test('fault neverSync, then re-injection by iframe and pushState, authenticated comes three times', async () => {
    await using simulator = await startSimulator();
    await using library = await LibraryClient.create(simulator);
    await simulator.setFault('neverSync', true);
    await library.client.initialize();
    await simulator.scan({ qr: await library.first<string>('qr') });
    await waitFor(() => library.emitted('loading_screen').length > 0);
    const listeners = 'require("WAWebSocketModel").Socket.listenerCount("change:hasSynced")';
    for (const [index, action] of (['pushState', 'iframe'] as const).entries()) {
      await simulator.page(action);
      await waitFor(async () => (await library.client.pupPage!.evaluate(listeners)) === index + 2);
    }
    expect(library.emitted('ready')).toEqual([]);
    await simulator.setFault('neverSync', false);
    await waitFor(() => library.emitted('authenticated').length === 3);
    await library.first('ready');
  });

  test('fault syncTooEarly, authenticated is missed for ever', async () => {
    await using simulator = await startSimulator();
    await using library = await LibraryClient.create(simulator);
    await library.link(simulator);
    await library.client.destroy();
    await simulator.setFault('syncTooEarly', true);
    await library.client.initialize();
    expect(await library.client.getState()).toBe('CONNECTED');
    const synced = await library.client.pupPage!.evaluate('require("WAWebSocketModel").Socket.hasSynced');
    expect(synced).toBe(true);
    expect(library.emitted('ready')).toHaveLength(1);

    // Revoked while it was away: a new code, under new keys.
    await library.client.destroy();
    await simulator.clearFaults();
    await simulator.phoneLogout();
    await library.client.initialize().catch(() => undefined);
    await waitFor(() => simulator.currentQr() !== null);
    expect(new Set(simulator.issuedQrs().map(({ noise }) => noise)).size).toBe(2);
    expect(simulator.devices()).toMatchObject([{ revokedAt: expect.any(String) as string }]);
  });

  test('logout by the device, refused by the server and then done', async () => {
    await using simulator = await startSimulator();
    await using library = await LibraryClient.create(simulator);
    await library.link(simulator);
    await simulator.setFault('logoutFails', true);
    const logout = () => library.client.pupPage!.evaluate(LOGOUT);
    await expect(logout()).rejects.toThrow('logout failed');
    expect(simulator.devices()[0]!.revokedAt).toBeNull();
    await simulator.clearFaults();
    await logout();
    expect(simulator.devices()[0]!.revokedAt).not.toBeNull();
    await library.first('disconnected');
  });

  test('logout by the phone, the page leaves and the library says LOGOUT', async () => {
    await using simulator = await startSimulator();
    await using library = await LibraryClient.create(simulator);
    await library.link(simulator);
    await simulator.phoneLogout({ reason: 3 });
    expect(await library.first('disconnected')).toBe('LOGOUT');
    expect(library.client.pupPage!.url()).toContain('post_logout=1&logout_reason=3');
  });

  test('browser ended in mid-send, the message is on the server or sent by the next start, once', async () => {
    await using simulator = await startSimulator();
    await using library = await LibraryClient.create(simulator);
    await library.link(simulator);
    const hold = simulator.hold('before-hand-over');
    await library.client.sendMessage(ALICE, 'survivor');
    const [key] = await hold.reached();
    await library.client.destroy();
    hold.release();
    expect(simulator.sent()).toEqual([]);
    await library.client.initialize();
    await waitFor(() => simulator.sent().length === 1);
    expect(simulator.sent()[0]!.key).toBe(key);
  });

  test.each(['before-hand-over', 'recorded', 'before-resolve'] as const)(
    'browser killed at the step %s, after the next start the server has the message once',
    async (step) => {
      await using simulator = await startSimulator({ loginIn: 'indexedDB' });
      await using library = await LibraryClient.create(simulator);
      await library.link(simulator);
      const hold = simulator.hold(step);
      const sending = library.client.sendMessage(ALICE, 'survivor').catch(() => undefined);
      const [key] = await hold.reached();
      simulator.killBrowser();
      await waitFor(() => simulator.browserPids().length === 0);
      await sending;
      hold.release();
      await library.client.initialize();
      await waitFor(() => simulator.sent().length === 1 && library.emitted('ready').length === 2);
      expect(simulator.sent()[0]!.key).toBe(key);
      expect((await library.client.getMessageById(key!)).body).toBe('survivor');
      expect(library.emitted('qr')).toHaveLength(1);
    },
  );

  test('messages while no page is there, announced later when asked for', async () => {
    await using simulator = await startSimulator({ offlineDelivery: 'events' });
    await using library = await LibraryClient.create(simulator);
    await library.link(simulator);
    await library.client.destroy();
    await simulator.receive({ from: ALICE, body: 'good morning' });
    await library.client.initialize();
    expect((await library.first<wwebjs.Message>('message')).body).toBe('good morning');
  });
});

test('simulator, chats addressed by privacy id and numbers registered under other digits', async () => {
  await using simulator = await startSimulator({
    lidChats: true,
    aliases: { '5511912345678': '551112345678' },
  });
  await using library = await LibraryClient.create(simulator);
  await library.link(simulator);
  await simulator.receive({ from: '15550002222', body: 'who am I?' });
  expect((await library.first<wwebjs.Message>('message')).from).toBe('200000000002222@lid');
  await library.client.sendMessage(ALICE, 'Alice');
  await waitFor(() => simulator.sent()[0]?.chatId === '200000000002222@lid');
  expect(await library.client.getNumberId('5511912345678')).toMatchObject({
    _serialized: '551112345678@c.us',
  });
});
