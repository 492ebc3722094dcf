import { createHash } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { newWhatsAppId } from '../../src/messages/outbox.ts';
import type { Outgoing } from '../../src/messages/schema.ts';
import {
  NotConnectedError,
  NotTakenError,
  OutcomeUnknownError,
  RejectedError,
  MediaMissingError,
} from '../../src/messages/transport.ts';
import { eventually } from '../support/eventually.ts';
import { FILE, fakeWorld, realWorld, UNKNOWN, type TransportWorld } from '../support/transport-world.ts';

const ALICE = '15550002222@c.us';
const BOB = '15550003333@c.us';
const STRANGER = '15550004444@c.us';
const SHA256 = createHash('sha256').update(FILE).digest('hex');

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

  const hand = (waId: string, content: Outgoing, transport = world.transport) =>
    transport.send({ waId, chatId: content.to, content });
  const send = (waId: string, body: string, to = ALICE) => hand(waId, { type: 'text', to, text: body });
  const sendInVain = (waId: string, body: string) =>
    hand(waId, { type: 'text', to: ALICE, text: body }, world.impatient);
  const bodies = () => world.sent().map(({ text }) => text);
  const arrived = (waId: string) => world.sent().find((sent) => sent.waId === waId);

  test('handed over in order, all are there in that order, and each is found by its id', async () => {
    const before = world.sent().length;
    const ids = [newWhatsAppId(), newWhatsAppId(), newWhatsAppId()];
    for (const [n, id] of ids.entries()) {
      expect((await send(id, `in order ${n}`)).ack).toBeGreaterThanOrEqual(0);
    }
    await expect.poll(() => bodies().slice(before)).toEqual(['in order 0', 'in order 1', 'in order 2']);
    for (const id of ids) expect(await world.transport.lookUp(id, ALICE)).toMatchObject({ found: true });
  });

  test('many looked up at once, each answered in its place', async () => {
    const [known, unknown, other] = [newWhatsAppId(), newWhatsAppId(), newWhatsAppId()];
    await send(known, 'known');
    await send(other, 'other', BOB);
    expect(
      await world.transport.lookUpAll([
        { waId: other, chatId: BOB },
        { waId: unknown, chatId: ALICE },
        { waId: known, chatId: ALICE },
      ]),
    ).toMatchObject([
      { found: true, id: expect.stringContaining(other) as string },
      { found: false },
      { found: true, id: expect.stringContaining(known) as string },
    ]);
    expect(await world.transport.lookUpAll([])).toEqual([]);
  });

  test('the same id twice, taken twice and there once', async () => {
    const id = newWhatsAppId();
    await send(id, 'once');
    await send(id, 'once');
    await send(newWhatsAppId(), 'after once');
    await expect.poll(bodies).toContain('after once');
    expect(bodies().filter((body) => body === 'once')).toHaveLength(1);
  });

  test('an id that was never handed over, not found', async () => {
    expect(await world.transport.lookUp(newWhatsAppId(), ALICE)).toEqual({ found: false });
  });

  test('a file with a caption, both arrive unchanged', async () => {
    const id = newWhatsAppId();
    const media = { sha256: SHA256, size: FILE.length, mimetype: 'application/pdf', filename: 'a.pdf' };
    await hand(id, { type: 'document', to: ALICE, media, caption: 'the offer' });
    await expect
      .poll(() => arrived(id))
      .toMatchObject({ type: 'document', caption: 'the offer', sha256: SHA256 });
  });

  test('a file that is not there, said so and nothing sent', async () => {
    const id = newWhatsAppId();
    const media = { sha256: 'f'.repeat(64), size: 1, mimetype: 'application/pdf', filename: null };
    await expect(hand(id, { type: 'document', to: ALICE, media })).rejects.toBeInstanceOf(MediaMissingError);
    expect(await world.transport.lookUp(id, ALICE)).toEqual({ found: false });
  });

  test('mentions and a quotation, they arrive with the text', async () => {
    const id = newWhatsAppId();
    const quotedMessageId = await world.receive(ALICE, 'a question');
    await hand(id, { type: 'text', to: ALICE, text: 'an answer', mentions: [BOB], quotedMessageId });
    await expect
      .poll(() => arrived(id))
      .toMatchObject({ text: 'an answer', mentions: [BOB], quoted: quotedMessageId });
  });

  test('the name that a look-up gives, one under which the message can be quoted', async () => {
    const [question, answer] = [newWhatsAppId(), newWhatsAppId()];
    await send(question, 'a question of ours');
    const found = await world.transport.lookUp(question, ALICE);
    const quotedMessageId = found.found ? found.id : 'not found';
    await hand(answer, { type: 'text', to: ALICE, text: 'and its answer', quotedMessageId });
    const quoted = expect.stringContaining(question) as string;
    await expect.poll(() => arrived(answer)).toMatchObject({ quoted });
  });

  test('a quotation of what does not exist, refused and nothing sent', async () => {
    const id = newWhatsAppId();
    const quotedMessageId = `false_${ALICE}_3EB0000000000000000000`;
    const sending = hand(id, { type: 'text', to: ALICE, text: 'an answer', quotedMessageId });
    await expect(sending).rejects.toBeInstanceOf(RejectedError);
    expect(await world.transport.lookUp(id, ALICE)).toEqual({ found: false });
  });

  test('a number without an account, refused and not found', async () => {
    const id = newWhatsAppId();
    const nobody = `${UNKNOWN}@c.us`;
    await expect(send(id, 'to nobody', nobody)).rejects.toBeInstanceOf(RejectedError);
    expect(await world.transport.lookUp(id, nobody)).toEqual({ found: false });
    expect(bodies()).not.toContain('to nobody');
  });

  test('somebody whom the page has not met, not found before and sent all the same', async () => {
    const id = newWhatsAppId();
    await world.forgetStrangers();
    expect(await world.transport.lookUp(id, STRANGER)).toEqual({ found: false });
    await send(id, 'hello stranger', STRANGER);
    await world.heal();
    expect(await world.transport.lookUp(id, STRANGER)).toMatchObject({ found: true });
    await expect.poll(bodies).toContain('hello stranger');
  });

  test('a page that fails before it takes it, not taken, not found, and taken under the same id afterwards', async () => {
    const id = newWhatsAppId();
    await world.fail('not_taken');
    await expect(send(id, 'second try')).rejects.toBeInstanceOf(NotTakenError);
    await world.heal();
    expect(await world.transport.lookUp(id, ALICE)).toEqual({ found: false });
    await send(id, 'second try');
    await expect.poll(() => bodies().filter((body) => body === 'second try')).toHaveLength(1);
  });

  test('a page that gives no answer, the outcome is unknown', async () => {
    await world.fail('no_answer');
    await expect(sendInVain(newWhatsAppId(), 'no answer')).rejects.toBeInstanceOf(OutcomeUnknownError);
    await world.heal();
  });

  test('a page that takes longer than anybody waits, known to be at it, not handed over again, and there once', async () => {
    const id = newWhatsAppId();
    const goOn = await world.slowDown();
    await expect(sendInVain(id, 'slow')).rejects.toBeInstanceOf(OutcomeUnknownError);
    expect(await world.transport.lookUp(id, ALICE)).toEqual({ found: false, isUnderWay: true });
    await expect(sendInVain(id, 'slow')).rejects.toBeInstanceOf(OutcomeUnknownError);
    await goOn();
    await eventually(() => world.transport.lookUp(id, ALICE)).toMatchObject({ found: true });
    await eventually(bodies).toContain('slow');
    await send(newWhatsAppId(), 'after slow');
    await eventually(bodies).toContain('after slow');
    expect(bodies().filter((body) => body === 'slow')).toHaveLength(1);
  });

  test('numbers, known and unknown', async () => {
    expect(await world.transport.resolveNumber('15550002222')).toBe(ALICE);
    expect(await world.transport.resolveNumber(UNKNOWN)).toBeNull();
  });

  test('typing, recording and the end of it, shown to that chat in that order', async () => {
    const before = world.typing().length;
    for (const state of ['typing', 'stop', 'recording', 'stop'] as const) {
      await world.transport.showTyping(BOB, state);
    }
    expect(world.typing().slice(before)).toEqual(
      ['typing', 'stop', 'recording', 'stop'].map((state) => ({ id: BOB, state })),
    );
  });

  test.each([
    ['before it has taken it', 'before_add', false],
    ['when it has it and the server does not', 'before_hand_over', true],
    ['when the server has it', 'recorded', true],
  ] as const)('the page dies %s, unknown; the next page knows the truth', async (_when, moment, found) => {
    const id = newWhatsAppId();
    const body = `died ${moment}`;
    expect(await world.dieDuring(moment, () => sendInVain(id, body))).toBeInstanceOf(OutcomeUnknownError);
    expect(await world.transport.lookUp(id, ALICE)).toMatchObject({ found });
    if (!found) await send(id, body);
    await expect.poll(() => arrived(id), { timeout: 10_000 }).toMatchObject({ text: body });
    expect(bodies().filter((each) => each === body)).toHaveLength(1);
  });

  test('not connected, said so by every call and nothing done', async () => {
    world.setConnected(false);
    const { transport } = world;
    await expect(send(newWhatsAppId(), 'never')).rejects.toBeInstanceOf(NotConnectedError);
    await expect(transport.lookUp(newWhatsAppId(), ALICE)).rejects.toBeInstanceOf(NotConnectedError);
    await expect(transport.lookUpAll([])).rejects.toBeInstanceOf(NotConnectedError);
    await expect(transport.resolveNumber('15550002222')).rejects.toBeInstanceOf(NotConnectedError);
    await expect(transport.showTyping(ALICE, 'typing')).rejects.toBeInstanceOf(NotConnectedError);
    world.setConnected(true);
    expect(bodies()).not.toContain('never');
  });
});
