import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type wwebjs from 'whatsapp-web.js';
import { type Simulator, startSimulator } from '../simulator/server.ts';
import { LibraryClient } from '../support/library-client.ts';
import { waitFor } from '../support/wait-for.ts';

const ALICE = '15550002222@c.us';

describe.each([
  { vintage: 'serialized', name: '_serialized' },
  { vintage: 'minified', name: '$1' },
  { vintage: 'minified', name: 'q7' },
] as const)('simulator, page of vintage $vintage ($name)', ({ vintage, name }) => {
  let simulator: Simulator;
  let library: LibraryClient;
  beforeAll(async () => {
    simulator = await startSimulator({ vintage, minifiedName: name, qrRotateMs: 700, refsBeforeIdle: 1_000 });
    library = await LibraryClient.create(simulator);
    await library.client.initialize();
  });
  afterAll(async () => {
    await library.stop();
    await simulator.stop();
  });

  test('linking, codes rotate, the phone takes the newest and refuses an old one', async () => {
    await waitFor(() => library.emitted('qr').length >= 3);
    const codes = library.emitted('qr').map(([text]) => text as string);
    expect(simulator.issuedQrs().map(({ text }) => text)).toEqual(expect.arrayContaining(codes));
    await expect(simulator.scan({ qr: codes[0]! })).rejects.toMatchObject({ code: 'qr_stale' });

    await waitFor(() => simulator.scan({ qr: library.emitted('qr').at(-1)![0] as string }));
    await library.first('ready');
    expect(library.client.info.wid._serialized).toBe('15550001111@c.us');
    expect(library.client.info.pushname).toBe('Gateway');
    expect(simulator.devices()).toMatchObject([{ by: 'qr', revokedAt: null }]);
  });

  test('sending, the server gets the message once, the library hears of the receipts', async () => {
    await library.client.sendMessage(ALICE, 'to Alice');
    await waitFor(() => library.emitted('message_ack').length === 1);
    const [sent] = simulator.sent();
    expect(sent).toMatchObject({ chatId: ALICE, type: 'chat', body: 'to Alice', duplicates: 0 });
    await simulator.ack(sent!.id, 3);
    await waitFor(() => library.emitted('message_ack').length === 2);
    expect(library.emitted('message_ack').map(([, ack]) => ack)).toEqual([1, 3]);
  });

  test('receiving, the library hears the message with its key in the vintage of the page', async () => {
    const key = await simulator.receive({ from: ALICE, body: 'from Alice' });
    const message = await library.first<wwebjs.Message>('message');
    expect(message).toMatchObject({ body: 'from Alice', from: ALICE, fromMe: false });
    expect(Object.entries(message.id).find(([, value]) => value === key)?.[0]).toBe(name);
  });
});

test('simulator, second start on the same profile, ready without a code', async () => {
  await using simulator = await startSimulator();
  await using first = await LibraryClient.create(simulator);
  await first.link(simulator);
  await first.client.destroy();
  await first.client.initialize();
  await waitFor(() => first.emitted('ready').length === 2);
  expect(first.emitted('qr')).toHaveLength(1);
  expect(simulator.devices()).toHaveLength(1);
});
