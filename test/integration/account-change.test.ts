import { expect, test } from 'vitest';

import { AccountChange } from '../../src/account-change.ts';
import { GatewayError } from '../../src/errors.ts';
import { GapReplay } from '../../src/events/gap.ts';
import { FakeTransport } from '../support/fake-transport.ts';
import { silent, startMessaging, text } from '../support/messaging.ts';
import { settle, SettlingClock } from '../support/settling-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';

const FIRST = '15550001111@c.us';
const OTHER = '15550009999@c.us';
const ALICE = '15550002222@c.us';
const never = new AbortController().signal;

function start(folder: string, transport = new FakeTransport()) {
  const clock = new SettlingClock();
  const core = startMessaging(folder, { transport, clock });
  const { store, journal, sender } = core;
  const { transactions } = store;
  const change = (run = transactions.run.bind(transactions)) =>
    new AccountChange({ row: store.account, transactions: { run }, journal, sender, clock, log: silent });
  return { ...core, clock, change };
}

test('first account, takes over what was queued before it was linked', async () => {
  const { change, outbox, sender, transport } = start(tempFolder());
  await outbox.accept(text('hello'));
  expect(change().isKnown(FIRST)).toBe(false);
  expect(await change().adopt(FIRST, never)).toBe(true);
  expect(change().isKnown(FIRST)).toBe(true);
  sender.connected();
  await expect.poll(() => transport.order.map(({ content }) => content.type)).toEqual(['text']);
});

test('another account, what waited fails by name, is never sent, and can be sent again', async () => {
  const folder = tempFolder();
  const first = start(folder);
  await first.change().adopt(FIRST, never);
  const { message } = await first.outbox.accept(text('in the name of the first'));
  const later = await first.outbox.accept({ ...text('much later'), notBefore: '2030-01-01T00:00:00Z' });
  await first.stop();

  const second = start(folder);
  expect(second.change().isKnown(OTHER)).toBe(false);
  await second.change().adopt(OTHER, never);
  const { message: own } = await second.outbox.accept(text('in the name of the other'));
  second.sender.connected();
  await expect.poll(() => second.outbox.find(own.id)?.status).toBe('sent');
  expect(second.transport.order).toHaveLength(1);
  for (const { id } of [message, later.message]) {
    expect(second.outbox.find(id)).toMatchObject({
      status: 'failed',
      history: [{}, { reason: { code: 'account_changed' } }],
    });
  }
  expect(second.outbox.contentToRetry(message.id)).toMatchObject({ text: 'in the name of the first' });
});

test('another account, what was on its way for the one before is neither looked for nor sent again', async () => {
  const folder = tempFolder();
  const first = start(folder);
  await first.change().adopt(FIRST, never);
  first.transport.faults.push({ type: 'lost' });
  const { message } = await first.outbox.accept(text('half sent'));
  first.sender.connected();
  await expect.poll(() => first.transport.faults).toEqual([]);
  first.sender.disconnected();
  await first.stop();

  // The page of the other account, which knows nothing of it.
  const second = start(folder);
  expect(second.outbox.find(message.id)?.status).toBe('sending');
  await second.change().adopt(OTHER, never);
  second.sender.connected();
  const { message: own } = await second.outbox.accept(text('in the name of the other'));
  await expect.poll(() => second.outbox.find(own.id)?.status).toBe('sent');
  expect(second.transport.lookUps).toEqual([]);
  expect(second.transport.order.map(({ waId }) => waId)).toEqual([own.waId]);
  expect(second.outbox.find(message.id)).toMatchObject({
    status: 'failed',
    history: [{}, {}, { reason: { code: 'account_changed' } }],
  });
});

test('another account, what it had received before is not looked for', async () => {
  const { change, journal } = start(tempFolder());
  const asked: string[] = [];
  const history = {
    chats: () => Promise.resolve([{ id: ALICE, at: Date.UTC(2026, 0, 1) - 1_000 }]),
    messages: (chatId: string) => {
      asked.push(chatId);
      return Promise.resolve({ events: [], known: [], unreadable: [] });
    },
  };
  const search = () => new GapReplay(journal, history, new SettlingClock(), silent).run();
  await change().adopt(FIRST, never);
  await journal.watermarks.begin(Date.UTC(2020, 0, 1));
  await journal.note(ALICE, { at: Date.UTC(2020, 0, 1), ids: [] });
  await change().adopt(OTHER, never);
  await search();
  await search();
  expect(asked).toEqual([]);
});

test('disk full while it is written down, tried again, and given up when the connection ends', async () => {
  const { change, store, clock } = start(tempFolder());
  const { transactions } = store;
  let isFull = true;
  const run = <T>(work: () => T): Promise<T> =>
    isFull
      ? Promise.reject(new GatewayError({ code: 'storage_full', message: 'No space is left' }))
      : transactions.run(work);
  const gone = new AbortController();
  const given = change(run).adopt(FIRST, gone.signal);
  await settle();
  gone.abort();
  expect(await given).toBe(false);

  const adopted = change(run).adopt(FIRST, never);
  await settle();
  expect(change().isKnown(FIRST)).toBe(false);
  isFull = false;
  await clock.advance(2_000);
  expect(await adopted).toBe(true);
  expect(change().isKnown(FIRST)).toBe(true);
});
