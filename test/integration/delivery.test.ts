import { describe, expect, test } from 'vitest';

import { GatewayError } from '../../src/errors.ts';
import { NotTakenError } from '../../src/messages/transport.ts';
import { eventually } from '../support/eventually.ts';
import { expectOneASecond, startMessaging, text } from '../support/messaging.ts';
import { SettlingClock } from '../support/settling-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';

function start(settings: Parameters<typeof startMessaging>[1] & object = {}) {
  const clock = new SettlingClock();
  return { ...startMessaging(tempFolder(), { ...settings, clock }), clock };
}

describe('a page that is not done with a message', () => {
  test('waited for, past its ttl and however often; sent once, told of as stuck', async () => {
    const { outbox, sender, transport, journal, clock } = start();
    transport.faults = [{ type: 'slow' }];
    const { message } = await outbox.accept({ ...text('slow'), ttl: 60 });
    await outbox.accept(text('behind'));
    await outbox.accept(text('to another', '49151000002'));
    sender.connected();
    await clock.advance(600_000);
    expect(outbox.find(message.id)?.status).toBe('sending');
    expect(transport.texts()).toEqual(['to another']);
    expect(journal.read(0, 100).filter(({ type }) => type === 'message.stuck')).toHaveLength(1);
    transport.finish(message.waId, true);
    await clock.advance(5_000);
    expect(outbox.find(message.id)?.status).toBe('sent');
    expect(transport.texts()).toEqual(['to another', 'slow', 'behind']);
    expect(transport.delivered.get(message.waId)?.handOvers).toBe(1);
  });

  test('and gives up in the end, handed over again under the same id', async () => {
    const { outbox, sender, transport, clock } = start();
    transport.faults = [{ type: 'slow' }];
    const { message } = await outbox.accept(text('slow'));
    sender.connected();
    await clock.advance(60_000);
    transport.finish(message.waId, false);
    await clock.advance(5_000);
    expect(transport.delivered.get(message.waId)?.handOvers).toBe(1);
    expect(outbox.find(message.id)).toMatchObject({ status: 'sent', attempts: 2 });
  });

  test('a message that quotes it waits too, and names it then', async () => {
    const { outbox, sender, transport, clock } = start();
    transport.faults = [{ type: 'slow' }];
    const { message } = await outbox.accept(text('slow'));
    sender.connected();
    await clock.advance(1_000);
    const quoting = await outbox.accept({
      ...text('about it', '49151000002'),
      quotedMessageId: message.id,
    });
    await clock.advance(600_000);
    expect(outbox.find(quoting.message.id)?.status).toBe('queued');
    transport.finish(message.waId, true);
    await clock.advance(35_000);
    expect(outbox.find(quoting.message.id)?.status).toBe('sent');
  });
});

describe('a page that cannot take a message', () => {
  const refusals = (count: number) =>
    Array.from(
      { length: count },
      () => ({ type: 'reject', error: new NotTakenError('upload failed') }) as const,
    );

  test('for some minutes, sent in the end; that counts as no hand-over', async () => {
    const { outbox, sender, transport, clock } = start();
    transport.faults = refusals(10);
    const { message } = await outbox.accept(text('a'));
    sender.connected();
    await clock.advance(5 * 60_000);
    expect(outbox.find(message.id)).toMatchObject({ status: 'sent', attempts: 1 });
  });

  test('for longer, failed with what the page said, and the next goes on', async () => {
    const { outbox, sender, transport, clock } = start();
    transport.faults = refusals(15);
    const { message } = await outbox.accept(text('a'));
    await outbox.accept(text('b'));
    sender.connected();
    await clock.advance(4 * 60_000);
    expect(outbox.find(message.id)?.status).toBe('sending');
    await clock.advance(2 * 60_000);
    expect(outbox.find(message.id)?.history.at(-1)).toMatchObject({
      status: 'failed',
      reason: { code: 'send_failed', message: 'upload failed' },
    });
    transport.faults = [];
    await clock.advance(60_000);
    expect(transport.texts()).toEqual(['b']);
  });

  test('and is replaced by another, which gets the same time', async () => {
    const { outbox, sender, transport, clock } = start();
    transport.faults = refusals(20);
    const { message } = await outbox.accept(text('a'));
    sender.connected();
    await clock.advance(4 * 60_000);
    sender.disconnected();
    sender.connected();
    await clock.advance(4 * 60_000);
    expect(outbox.find(message.id)?.status).toBe('sending');
  });
});

test('what a page has lost, handed over again at the pace of all others', async () => {
  const { outbox, sender, transport, clock } = start({ settings: { ratePerMinute: 60, maxAttempts: 100 } });
  transport.ack = 0;
  for (let n = 0; n < 5; n += 1) await outbox.accept(text(`${n}`, `4915100000${n}`));
  sender.connected();
  await clock.advance(10_000);
  expect(transport.texts()).toEqual(['0', '1', '2', '3', '4']);
  transport.delivered.clear();
  transport.order.length = 0;
  sender.disconnected();
  sender.connected();
  await expectOneASecond({ clock, transport });
});

test('a file that cannot be read for hours, its message waits, and its history and the journal do not grow', async () => {
  const { outbox, sender, transport, journal, clock } = start();
  const unreadable = () => new GatewayError({ code: 'storage_unavailable', message: 'EIO', retryable: true });
  const { message } = await outbox.accept(text('a'));
  transport.faults = Array.from({ length: 500 }, () => ({ type: 'reject', error: unreadable() }) as const);
  sender.connected();
  await clock.advance(3_600_000);
  expect(outbox.find(message.id)).toMatchObject({ status: 'queued', attempts: 0 });
  expect(outbox.find(message.id)?.history.map(({ status }) => status)).toEqual(['queued']);
  expect(journal.read(0, 1_000)).toHaveLength(2);
  transport.faults = [];
  await clock.advance(60_000);
  expect(outbox.find(message.id)?.history.map(({ status }) => status)).toEqual(['queued', 'sending', 'sent']);
});

test.each([
  ['in the end that it is being sent after all', false, ['sending', 'queued', 'sending']],
  ['in the end that it was sent, once', true, ['sending', 'queued', 'sent']],
])(
  'a message that was taken back, told of in the order of time; %s',
  async (_end, isAcknowledged, expected) => {
    const { outbox, sender, ledger, transport, journal, clock } = start();
    const unreadable = () =>
      new GatewayError({ code: 'storage_unavailable', message: 'EIO', retryable: true });
    const { message } = await outbox.accept(text('a'));
    await clock.advance(5_000);
    transport.ack = 0;
    const { promise: taken, resolve: take } = Promise.withResolvers<undefined>();
    transport.faults = [
      ...Array.from({ length: 3 }, () => ({ type: 'reject', error: unreadable() }) as const),
      { type: 'hang', until: taken },
    ];
    sender.connected();
    await clock.advance(30_000);
    if (isAcknowledged) await ledger.recordAck(message.waId, 1);
    take(undefined);
    await clock.advance(30_000);
    expect(transport.texts()).toEqual(['a']);
    const told = journal
      .read(0, 100)
      .filter(({ type }) => type === 'message.status')
      .map(({ data, timestamp }) => ({ status: 'status' in data ? data.status : null, timestamp }));
    expect(told.map(({ status }) => status)).toEqual(expected);
    const times = told.map(({ timestamp }) => timestamp);
    expect(times).toEqual(times.toSorted());
  },
);

test('large files go to the page one after the other once they are too many together; what is small does not wait', async () => {
  const { outbox, sender, transport, clock } = start({ settings: { ratePerMinute: 0, concurrency: 3 } });
  const media = { sha256: 'a'.repeat(64), size: 20 * 1024 * 1024, mimetype: 'video/mp4', filename: null };
  const { promise: uploaded, resolve: upload } = Promise.withResolvers<undefined>();
  transport.faults = [{ type: 'hang', until: uploaded }];
  for (const n of [1, 2, 3]) await outbox.accept({ type: 'video', to: `4915100000${n}`, media });
  for (const n of [4, 5]) await outbox.accept(text(`${n}`, `4915100000${n}`));
  sender.connected();
  await clock.advance(1_000);
  expect(transport.texts()).toEqual(['4', '5']);
  const waiting = outbox.list({ statuses: ['queued'], before: null, limit: 10 });
  expect(waiting.map(({ to }) => to)).toEqual(['49151000003', '49151000002']);
  await outbox.cancel(waiting[0]?.id ?? '');
  upload(undefined);
  await clock.advance(1_000);
  expect(transport.texts()).toEqual(['4', '5', 'video', 'video']);
});

test('a large file that fails, the room it has taken is given to others before it is tried again', async () => {
  const { outbox, sender, transport, clock } = start({ settings: { ratePerMinute: 0 } });
  const media = { sha256: 'a'.repeat(64), size: 30 * 1024 * 1024, mimetype: 'video/mp4', filename: null };
  transport.faults = [{ type: 'reject', error: new NotTakenError('no') }];
  await outbox.accept({ type: 'video', to: '49151000001', media });
  await outbox.accept({ type: 'video', to: '49151000002', media });
  sender.connected();
  await clock.advance(0);
  expect(transport.order.map(({ chatId }) => chatId)).toEqual(['49151000002@c.us']);
  await clock.advance(1_000);
  expect(transport.order.map(({ chatId }) => chatId)).toEqual(['49151000002@c.us', '49151000001@c.us']);
});

test('large files that fit together, no more of them at a time than other messages', async () => {
  const { outbox, sender, transport, clock } = start({ settings: { ratePerMinute: 0, concurrency: 4 } });
  const { promise: uploaded, resolve: upload } = Promise.withResolvers<undefined>();
  transport.faults = Array.from({ length: 20 }, () => ({ type: 'hang', until: uploaded }) as const);
  const media = { sha256: 'a'.repeat(64), size: 1_100_000, mimetype: 'video/mp4', filename: null };
  for (let n = 10; n < 30; n += 1) await outbox.accept({ type: 'video', to: `491510000${n}`, media });
  sender.connected();
  await clock.advance(1_000);
  expect(transport.faults).toHaveLength(16);
  upload(undefined);
  await clock.advance(1_000);
  expect(transport.order).toHaveLength(20);
});

test('thousands of large files, wait for room without running out of stack', async () => {
  const { outbox, sender, transport, clock } = start({ settings: { ratePerMinute: 0 } });
  const media = { sha256: 'a'.repeat(64), size: 20 * 1024 * 1024, mimetype: 'video/mp4', filename: null };
  const accepting = Array.from({ length: 4_000 }, (_, n) =>
    outbox.accept({ type: 'video', to: `1203630000000${10_000 + n}@g.us`, media }),
  );
  await Promise.all(accepting);
  sender.connected();
  await eventually(async () => {
    await clock.advance(1_000);
    return transport.order.length;
  }).toBeGreaterThan(100);
});
