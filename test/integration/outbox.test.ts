import { describe, expect, test } from 'vitest';

import { MESSAGE_STATUSES } from '../../src/messages/message.ts';
import { NotConnectedError, OutcomeUnknownError, RejectedError } from '../../src/messages/transport.ts';
import { SettlingClock, settle } from '../support/settling-clock.ts';
import { expectOneASecond, startMessaging, text } from '../support/messaging.ts';
import { tempFolder } from '../support/temp-folder.ts';

function statuses(message: { history: readonly { status: string }[] } | null): string[] {
  return message?.history.map(({ status }) => status) ?? [];
}

describe('accept', () => {
  test('a message while disconnected, queued on the disk and sent at the next start', async () => {
    const folder = tempFolder();
    const first = startMessaging(folder);
    const { message } = await first.outbox.accept(text('hello'));
    expect(message).toMatchObject({ status: 'queued', to: '+49 151 23456789', chatId: null });
    await first.stop();

    const second = startMessaging(folder);
    second.sender.connected();
    await settle();
    expect(second.transport.texts()).toEqual(['hello']);
    expect(second.outbox.find(message.id)).toMatchObject({ status: 'sent', chatId: '4915123456789@c.us' });
    expect(second.transport.order[0]?.waId).toBe(message.waId);
  });

  test('the same key and body at once thirty times, one message and one answer', async () => {
    const { outbox, store } = startMessaging(tempFolder());
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => outbox.accept(text('once'), { idempotencyKey: 'k' })),
    );
    for (const { message } of answers) expect(message).toEqual(answers[0]!.message);
    expect(answers.filter(({ repeated }) => !repeated)).toHaveLength(1);
    expect(store.outbox.counts()).toEqual({ queued: 1 });
  });

  test('the same key after the message was sent, the answer of the first time', async () => {
    const { outbox, sender } = startMessaging(tempFolder());
    const first = await outbox.accept(text('once'), { idempotencyKey: 'k' });
    sender.connected();
    await settle();
    expect(outbox.find(first.message.id)?.status).toBe('sent');
    const second = await outbox.accept(text('once'), { idempotencyKey: 'k' });
    expect(second).toEqual({ message: first.message, repeated: true });
  });

  test('the same key with another body, refused', async () => {
    const { outbox } = startMessaging(tempFolder());
    await outbox.accept(text('one'), { idempotencyKey: 'k' });
    await expect(outbox.accept(text('two'), { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'idempotency_conflict',
    });
  });

  test('two bodies under one key at the same moment, one accepted and one refused', async () => {
    const { outbox, store } = startMessaging(tempFolder());
    const results = await Promise.allSettled([
      outbox.accept(text('one'), { idempotencyKey: 'k' }),
      outbox.accept(text('two'), { idempotencyKey: 'k' }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(store.outbox.counts()).toEqual({ queued: 1 });
  });

  test('a key that is known, answered although the queue is full', async () => {
    const { outbox } = startMessaging(tempFolder(), { settings: { queueLimit: 1 } });
    await outbox.accept(text('one'), { idempotencyKey: 'k' });
    await expect(outbox.accept(text('two'))).rejects.toMatchObject({
      code: 'queue_full',
      retryAfterSeconds: 1,
    });
    await expect(outbox.accept(text('one'), { idempotencyKey: 'k' })).resolves.toMatchObject({
      repeated: true,
    });
  });

  test('more requests at once than there is room for, exactly the room is filled', async () => {
    const { outbox, store } = startMessaging(tempFolder(), {
      settings: { queueLimit: 10, ratePerMinute: 6 },
    });
    const results = await Promise.allSettled(
      Array.from({ length: 25 }, (_, n) => outbox.accept(text(`${n}`))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(store.outbox.counts()).toEqual({ queued: 10 });
    await expect(outbox.accept(text('more'))).rejects.toMatchObject({ retryAfterSeconds: 10 });
  });

  test('a quotation of a message of the outbox, sent under the name that WhatsApp has for it', async () => {
    const { outbox, sender, transport } = startMessaging(tempFolder());
    const question = await outbox.accept(text('question'));
    const quotedMessageId = question.message.id;
    await outbox.accept({ ...text('answer'), quotedMessageId });
    sender.connected();
    await settle();
    expect(transport.texts()).toEqual(['question', 'answer']);
    expect(transport.order[1]?.content.quotedMessageId).toBe(
      `true_4915123456789@c.us_${question.message.waId}`,
    );
  });

  test.each([
    ['that does not exist', 'msg_00000000000000000000000000', 'no message of this id'],
    ['that was cancelled', null, 'is cancelled'],
  ])('a quotation of a message of the outbox %s, failed with the reason', async (_name, id, reason) => {
    const { outbox, sender, transport } = startMessaging(tempFolder());
    const { message: other } = await outbox.accept(text('never sent'));
    await outbox.cancel(other.id);
    const { message } = await outbox.accept({ ...text('answer'), quotedMessageId: id ?? other.id });
    sender.connected();
    await settle();
    expect(transport.texts()).toEqual([]);
    expect(outbox.find(message.id)).toMatchObject({
      status: 'failed',
      history: [{}, { reason: { message: expect.stringContaining(reason) as string } }],
    });
  });

  test('a mention that is nobody, refused', async () => {
    const { outbox } = startMessaging(tempFolder());
    await expect(outbox.accept({ ...text('hi'), mentions: ['nobody'] })).rejects.toMatchObject({
      code: 'invalid_recipient',
    });
  });

  test('a full disk, refused with the reason; everything before is kept, and it recovers by itself', async () => {
    const folder = tempFolder();
    const { outbox, store, stop } = startMessaging(folder);
    const { message } = await outbox.accept(text('kept'));
    const pages = Number(store.connection.prepare('PRAGMA page_count').get()?.['page_count']);
    store.connection.exec(`PRAGMA max_page_count = ${pages + 2}`);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => outbox.accept(text('x'.repeat(60_000)))),
    );
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'storage_full', retryable: true });
    store.connection.exec('PRAGMA max_page_count = 1073741823');
    await outbox.accept(text('after'));
    await stop();
    const again = startMessaging(folder);
    expect(again.outbox.find(message.id)?.content).toEqual(text('kept'));
    const accepted = outcomes.length - refused.length;
    expect(again.store.outbox.counts()).toEqual({ queued: 2 + accepted });
  });
});

describe('order and pace', () => {
  test('many messages to three chats, each chat in the order of acceptance', async () => {
    const { outbox, sender, transport } = startMessaging(tempFolder());
    for (let n = 0; n < 30; n += 1) {
      await outbox.accept(text(`${n % 3}:${n}`, `4915100000${n % 3}`));
    }
    sender.connected();
    await settle();
    await settle();
    expect(transport.order).toHaveLength(30);
    for (const chat of ['0', '1', '2']) {
      const own = transport.texts().filter((body) => body.startsWith(`${chat}:`));
      const numbers = own.map((body) => Number(body.split(':')[1]));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
  });

  test('a message that hangs, its chat waits and others do not', async () => {
    const { outbox, sender, transport } = startMessaging(tempFolder());
    const { promise, resolve } = Promise.withResolvers<undefined>();
    transport.faults = [{ type: 'hang', until: promise }];
    await outbox.accept(text('slow', '49151000001'));
    await outbox.accept(text('behind', '49151000001'));
    await outbox.accept(text('other', '49151000002'));
    sender.connected();
    await settle();
    expect(transport.texts()).toEqual(['other']);
    resolve(undefined);
    await settle();
    expect(transport.texts()).toEqual(['other', 'slow', 'behind']);
  });

  test('sixty a minute, one now and the rest one a second', async () => {
    const clock = new SettlingClock();
    const { outbox, sender, transport } = startMessaging(tempFolder(), {
      clock,
      settings: { ratePerMinute: 60 },
    });
    for (let n = 0; n < 5; n += 1) await outbox.accept(text(`${n}`, `4915100000${n}`));
    sender.connected();
    await expectOneASecond({ clock, transport });
  });

  test('notBefore, waits until then and keeps nobody waiting', async () => {
    const clock = new SettlingClock();
    const { outbox, sender, transport } = startMessaging(tempFolder(), { clock });
    sender.connected();
    const notBefore = new Date(clock.now() + 60_000).toISOString();
    await outbox.accept({ ...text('later'), notBefore });
    await outbox.accept(text('now'));
    await clock.advance(59_000);
    expect(transport.texts()).toEqual(['now']);
    await clock.advance(2_000);
    expect(transport.texts()).toEqual(['now', 'later']);
  });

  test('ttl passes while disconnected, expired with the reason and not sent', async () => {
    const clock = new SettlingClock();
    const { outbox, sender, transport } = startMessaging(tempFolder(), { clock });
    const { message } = await outbox.accept({ ...text('late'), ttl: 60 });
    await clock.advance(61_000);
    expect(outbox.find(message.id)).toMatchObject({
      status: 'expired',
      history: [{}, { reason: { code: 'ttl_passed' } }],
    });
    sender.connected();
    await clock.advance(10_000);
    expect(transport.order).toEqual([]);
  });

  test('ttl passes while the process is away, expired at the next start', async () => {
    const folder = tempFolder();
    const clock = new SettlingClock();
    const first = startMessaging(folder, { clock });
    const { message } = await first.outbox.accept({ ...text('late'), ttl: 60 });
    await first.stop();
    const second = startMessaging(folder, { clock: new SettlingClock(clock.now() + 3_600_000) });
    second.sender.connected();
    await settle();
    expect(second.outbox.find(message.id)?.status).toBe('expired');
    expect(second.transport.order).toEqual([]);
  });
});

describe('cancel', () => {
  test('a queued message, cancelled and never sent', async () => {
    const { outbox, sender, transport } = startMessaging(tempFolder());
    const { message } = await outbox.accept(text('no'));
    await expect(outbox.cancel(message.id)).resolves.toMatchObject({ status: 'cancelled' });
    sender.connected();
    await settle();
    expect(transport.order).toEqual([]);
    await expect(outbox.cancel(message.id)).resolves.toMatchObject({ status: 'cancelled' });
  });

  test('a sent message, refused; an unknown one, null', async () => {
    const { outbox, sender } = startMessaging(tempFolder());
    const { message } = await outbox.accept(text('yes'));
    sender.connected();
    await settle();
    await expect(outbox.cancel(message.id)).rejects.toMatchObject({ code: 'wrong_state' });
    await expect(outbox.cancel('msg_none')).resolves.toBeNull();
  });

  test('a cancellation at every moment of a send, either cancelled and not delivered or refused and delivered', async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      const { outbox, sender, transport, stop } = startMessaging(tempFolder());
      const { message } = await outbox.accept(text('race'));
      sender.connected();
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      const cancelled = await outbox.cancel(message.id).then(
        (result) => result?.status === 'cancelled',
        () => false,
      );
      await settle();
      expect(transport.order).toHaveLength(cancelled ? 0 : 1);
      await stop();
    }
  });
});

describe('outcomes', () => {
  test('a number that WhatsApp does not know, failed with the reason, and asked once', async () => {
    const { outbox, sender, transport } = startMessaging(tempFolder());
    transport.unknownNumbers.add('4915123456789');
    const one = await outbox.accept(text('a'));
    const two = await outbox.accept(text('b'));
    sender.connected();
    await settle();
    for (const { message } of [one, two]) {
      expect(outbox.find(message.id)?.history.at(-1)).toMatchObject({
        status: 'failed',
        reason: { code: 'unknown_number' },
      });
    }
    expect(transport.resolved).toEqual(['4915123456789']);
  });

  test('a refusal, failed with the reason, and the next of the chat goes on', async () => {
    const { outbox, sender, transport } = startMessaging(tempFolder());
    transport.faults = [{ type: 'reject', error: new RejectedError('not a participant') }];
    const { message } = await outbox.accept(text('a'));
    await outbox.accept(text('b'));
    sender.connected();
    await settle();
    expect(outbox.find(message.id)?.history.at(-1)?.reason).toEqual({
      code: 'rejected',
      message: 'not a participant',
    });
    expect(transport.texts()).toEqual(['b']);
  });

  test('taken, but the page died before it said so: found and not sent again', async () => {
    const clock = new SettlingClock();
    const { outbox, sender, transport } = startMessaging(tempFolder(), { clock });
    transport.faults = [{ type: 'taken_then_lost' }];
    const { message } = await outbox.accept(text('a'));
    sender.connected();
    await clock.advance(5_000);
    expect(outbox.find(message.id)?.status).toBe('sent');
    expect(transport.delivered.get(message.waId)?.handOvers).toBe(1);
    expect(transport.lookUps).toEqual([message.waId]);
  });

  test('lost before it was taken: looked for, then sent again under the same id', async () => {
    const clock = new SettlingClock();
    const { outbox, sender, transport } = startMessaging(tempFolder(), { clock });
    transport.faults = [{ type: 'lost' }];
    const { message } = await outbox.accept(text('a'));
    sender.connected();
    await clock.advance(5_000);
    expect(transport.lookUps).toEqual([message.waId]);
    expect(outbox.find(message.id)).toMatchObject({ status: 'sent', attempts: 2 });
    expect([...transport.delivered.keys()]).toEqual([message.waId]);
  });

  test('outcome unknown and no answer to the question either: waits, nothing of that chat overtakes it', async () => {
    const clock = new SettlingClock();
    const { outbox, sender, transport } = startMessaging(tempFolder(), { clock });
    transport.faults = [{ type: 'taken_then_lost' }];
    transport.lookUpFaults = [new OutcomeUnknownError('no answer'), new NotConnectedError('gone')];
    await outbox.accept(text('a'));
    await outbox.accept(text('b'));
    sender.connected();
    await clock.advance(1_000);
    expect(transport.texts()).toEqual(['a']);
    await clock.advance(30_000);
    expect(transport.texts()).toEqual(['a', 'b']);
    expect([...transport.delivered.values()].map(({ handOvers }) => handOvers)).toEqual([1, 1]);
  });

  test('a message that kills the page every time, failed after the allowed tries and the next goes on', async () => {
    const clock = new SettlingClock();
    const { outbox, sender, transport } = startMessaging(tempFolder(), {
      clock,
      settings: { maxAttempts: 3 },
    });
    transport.faults = [{ type: 'lost' }, { type: 'lost' }, { type: 'lost' }];
    const { message } = await outbox.accept(text('poison'));
    await outbox.accept(text('next'));
    sender.connected();
    await clock.advance(120_000);
    expect(outbox.find(message.id)?.history.at(-1)).toMatchObject({
      status: 'failed',
      reason: { code: 'send_failed' },
    });
    expect(transport.texts()).toEqual(['next']);
  });

  test('disconnected in the middle, back in the queue and sent at the next connection', async () => {
    const clock = new SettlingClock();
    const { outbox, sender, transport } = startMessaging(tempFolder(), { clock });
    transport.faults = [{ type: 'reject', error: new NotConnectedError('no page') }];
    const { message } = await outbox.accept(text('a'));
    sender.connected();
    await settle();
    sender.disconnected();
    await clock.advance(60_000);
    expect(outbox.find(message.id)).toMatchObject({ status: 'queued', attempts: 0 });
    sender.connected();
    await clock.advance(60_000);
    expect(outbox.find(message.id)?.status).toBe('sent');
    expect(transport.lookUps).toEqual([]);
  });

  test('a page that took it and died before the server had it: looked for in the next page and sent again', async () => {
    const clock = new SettlingClock();
    const { outbox, sender, transport } = startMessaging(tempFolder(), { clock });
    transport.ack = 0;
    const { message } = await outbox.accept(text('a'));
    sender.connected();
    await settle();
    expect(outbox.find(message.id)).toMatchObject({ status: 'sending', handedAt: clock.now() });
    sender.disconnected();
    transport.delivered.clear();
    transport.ack = 1;
    sender.connected();
    await settle();
    expect(outbox.find(message.id)?.status).toBe('sent');
    expect(transport.lookUps).toEqual([message.waId]);
    expect([...transport.delivered.keys()]).toEqual([message.waId]);
  });
});

describe('acknowledgements', () => {
  test('sent, delivered, read, played: each once, in the order of life', async () => {
    const { outbox, sender, ledger, transport, journal } = startMessaging(tempFolder());
    transport.ack = 0;
    const { message } = await outbox.accept(text('a'));
    sender.connected();
    await settle();
    for (const ack of [1, 1, 3, 2, 0, 3, 4]) await ledger.recordAck(message.waId, ack);
    expect(statuses(outbox.find(message.id))).toEqual(['queued', 'sending', 'sent', 'read', 'played']);
    const told = journal.read(0, 100).filter(({ type }) => type === 'message.status');
    expect(told.map(({ data }) => 'status' in data && data.status)).toEqual([
      'sending',
      'sent',
      'read',
      'played',
    ]);
  });

  test('an acknowledgement for a message of somebody else, ignored', async () => {
    const { ledger } = startMessaging(tempFolder());
    await expect(ledger.recordAck('3EB0', 1)).resolves.toBeNull();
  });

  test('an error of WhatsApp, failed', async () => {
    const { outbox, sender, ledger, transport } = startMessaging(tempFolder());
    transport.ack = 0;
    const { message } = await outbox.accept(text('a'));
    sender.connected();
    await settle();
    await ledger.recordAck(message.waId, -1);
    expect(outbox.find(message.id)?.history.at(-1)).toMatchObject({
      status: 'failed',
      reason: { code: 'whatsapp_error' },
    });
  });

  test('no acknowledgement by the server in time, told as stuck once, also across a restart', async () => {
    const folder = tempFolder();
    const clock = new SettlingClock();
    const first = startMessaging(folder, { clock, settings: { stuckAfterMs: 30_000 } });
    first.transport.ack = 0;
    const { message } = await first.outbox.accept(text('a'));
    first.sender.connected();
    await clock.advance(29_000);
    const stuck = () => first.journal.read(0, 100).filter(({ type }) => type === 'message.stuck');
    expect(stuck()).toHaveLength(0);
    await clock.advance(60_000);
    expect(stuck()).toHaveLength(1);
    expect(stuck()[0]?.data).toMatchObject({ id: message.id, status: 'sending' });
    await first.stop();

    const second = startMessaging(folder, { clock, transport: first.transport });
    second.sender.connected();
    await clock.advance(60_000);
    expect(second.journal.read(0, 100).filter(({ type }) => type === 'message.stuck')).toHaveLength(1);
  });

  test('waiting for the server, the answer comes with the acknowledgement or with the time', async () => {
    const clock = new SettlingClock();
    const { outbox, sender, ledger, transport } = startMessaging(tempFolder(), { clock });
    transport.ack = 0;
    const { message } = await outbox.accept(text('a'));
    sender.connected();
    await settle();
    const late = outbox.waitForServer(message, 1_000);
    await clock.advance(1_000);
    await expect(late).resolves.toMatchObject({ status: 'sending' });
    const waiting = outbox.waitForServer(message, 60_000);
    await ledger.recordAck(message.waId, 2);
    await expect(waiting).resolves.toMatchObject({ status: 'delivered' });
    await expect(outbox.waitForServer(message, 60_000)).resolves.toMatchObject({ status: 'delivered' });
  });
});

test('list, newest first, paged and filtered', async () => {
  const { outbox } = startMessaging(tempFolder());
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.unshift((await outbox.accept(text(`${n}`))).message.id);
  await outbox.cancel(ids[0]!);
  const first = outbox.list({ statuses: [], before: null, limit: 2 });
  expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  const rest = outbox.list({ statuses: ['queued'], before: first[1]!.seq, limit: 10 });
  expect(rest.map(({ id }) => id)).toEqual(ids.slice(2));
  expect(outbox.list({ statuses: ['cancelled', 'failed'], before: null, limit: 10 })).toHaveLength(1);
});

test('lists by many selections of statuses, each right, and no statement is kept for each', async () => {
  const { outbox, store } = startMessaging(tempFolder());
  const { message } = await outbox.accept(text('a'));
  let prepared = 0;
  const prepare = store.connection.prepare.bind(store.connection);
  store.connection.prepare = (...call) => {
    prepared += 1;
    return prepare(...call);
  };
  for (const status of MESSAGE_STATUSES) {
    for (let count = 1; count <= 20; count += 1) {
      const statuses = Array.from({ length: count }, () => status);
      const found = outbox.list({ statuses, before: null, limit: 10 }).map(({ id }) => id);
      expect(found).toEqual(status === 'queued' ? [message.id] : []);
    }
  }
  expect(prepared).toBe(1);
});
