import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { newWhatsAppId } from '../../src/messages/outbox.ts';
import {
  NotConnectedError,
  NotTakenError,
  OutcomeUnknownError,
  type MessageTransport,
} from '../../src/messages/transport.ts';
import { WwebjsTransport } from '../../src/whatsapp/wwebjs-transport.ts';
import { FakeTransport } from '../support/fake-transport.ts';
import { RealDriverWorld } from '../support/real-driver-world.ts';

const ALICE = '15550002222@c.us';
const UNKNOWN = '19995550000';

/** A transport with the WhatsApp behind it. */
interface TransportWorld {
  readonly transport: MessageTransport;
  /** What WhatsApp has, in the order of its arrival. */
  sent(): string[];
  setConnected(connected: boolean): void;
  /** The next hand-over fails in this way. */
  fail(how: 'not_taken' | 'no_answer'): Promise<void>;
  heal(): Promise<void>;
  stop(): Promise<void>;
}

function fakeWorld(): Promise<TransportWorld> {
  const transport = new FakeTransport();
  transport.unknownNumbers.add(UNKNOWN);
  return Promise.resolve({
    transport,
    sent: () => transport.texts(),
    setConnected: (connected) => (transport.connected = connected),
    fail: (how) => {
      const error = how === 'not_taken' ? new NotTakenError('no') : new OutcomeUnknownError('no answer');
      transport.faults.push({ type: 'reject', error });
      return Promise.resolve();
    },
    heal: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  });
}

async function realWorld(vintage: 'serialized' | 'minified'): Promise<TransportWorld> {
  const world = await RealDriverWorld.create({ simulator: { vintage, minifiedName: '$q' } });
  const recorded = await world.ready();
  let connected = true;
  const page = () => (connected ? (world.library(recorded).pupPage ?? null) : null);
  const { simulator } = world;
  return {
    transport: new WwebjsTransport(page, () => Promise.reject(new Error('no media')), { sendMs: 5_000 }),
    sent: () => simulator.sent().map(({ body }) => String(body)),
    setConnected: (is) => (connected = is),
    fail: (how) => simulator.setFault(how === 'not_taken' ? 'sendThrows' : 'sendHangs', true),
    heal: () => simulator.clearFaults(),
    stop: () => world[Symbol.asyncDispose](),
  };
}

describe.each([
  ['the fake', () => fakeWorld()],
  ['the real one, serialized keys', () => realWorld('serialized')],
  ['the real one, minified keys', () => realWorld('minified')],
] as const)('transport, %s', (_name, make) => {
  let world: TransportWorld;
  beforeAll(async () => {
    world = await make();
  });
  afterAll(() => world.stop());

  const send = (waId: string, body: string) =>
    world.transport.send({ waId, chatId: ALICE, content: { type: 'text', to: ALICE, text: body } });

  test('handed over in order, all are there in that order, and each is found by its id', async () => {
    const before = world.sent().length;
    const ids = [newWhatsAppId(), newWhatsAppId(), newWhatsAppId()];
    for (const [n, id] of ids.entries()) {
      expect((await send(id, `in order ${n}`)).ack).toBeGreaterThanOrEqual(0);
    }
    await expect.poll(() => world.sent().slice(before)).toEqual(['in order 0', 'in order 1', 'in order 2']);
    for (const id of ids) expect(await world.transport.lookUp(id, ALICE)).toMatchObject({ found: true });
  });

  test('the same id twice, taken twice and there once', async () => {
    const id = newWhatsAppId();
    await send(id, 'once');
    await send(id, 'once');
    await send(newWhatsAppId(), 'after once');
    await expect.poll(() => world.sent()).toContain('after once');
    expect(world.sent().filter((body) => body === 'once')).toHaveLength(1);
  });

  test('an id that was never handed over, not found', async () => {
    expect(await world.transport.lookUp(newWhatsAppId(), ALICE)).toEqual({ found: false });
  });

  test('a page that fails before it takes it, not taken, not found, and taken under the same id afterwards', async () => {
    const id = newWhatsAppId();
    await world.fail('not_taken');
    await expect(send(id, 'second try')).rejects.toBeInstanceOf(NotTakenError);
    await world.heal();
    expect(await world.transport.lookUp(id, ALICE)).toEqual({ found: false });
    await send(id, 'second try');
    await expect.poll(() => world.sent().filter((body) => body === 'second try')).toHaveLength(1);
  });

  test('a page that gives no answer, the outcome is unknown', async () => {
    await world.fail('no_answer');
    await expect(send(newWhatsAppId(), 'no answer')).rejects.toBeInstanceOf(OutcomeUnknownError);
    await world.heal();
  });

  test('numbers, known and unknown', async () => {
    expect(await world.transport.resolveNumber('15550002222')).toBe(ALICE);
    expect(await world.transport.resolveNumber(UNKNOWN)).toBeNull();
  });

  test('not connected, said so by every call and nothing done', async () => {
    world.setConnected(false);
    const { transport } = world;
    await expect(send(newWhatsAppId(), 'never')).rejects.toBeInstanceOf(NotConnectedError);
    await expect(transport.lookUp(newWhatsAppId(), ALICE)).rejects.toBeInstanceOf(NotConnectedError);
    await expect(transport.resolveNumber('15550002222')).rejects.toBeInstanceOf(NotConnectedError);
    world.setConnected(true);
    expect(world.sent()).not.toContain('never');
  });
});
