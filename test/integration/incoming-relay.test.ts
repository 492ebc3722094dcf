import { EventEmitter } from 'node:events';

import { describe, expect, test } from 'vitest';

import { IncomingRelay, type IncomingSink } from '../../src/incoming-relay.ts';
import { Acknowledgements } from '../../src/messages/acknowledgements.ts';
import type { PageClient } from '../../src/whatsapp/page-client.ts';
import { recordingLogger } from '../support/serve.ts';
import { SettlingClock, settle } from '../support/settling-clock.ts';
import { silent, startMessaging, text } from '../support/messaging.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** What the library emits, as far as the translation reads it. */
function message(id: string, fromMe = false, body = id) {
  const chat = '15550002222@c.us';
  const key = { _serialized: `${fromMe}_${chat}_${id}`, fromMe, remote: chat, id };
  return { id: key, from: chat, to: chat, fromMe, timestamp: 1_767_225_600, type: 'chat', body, ack: 1 };
}

function heardBy(relay: IncomingRelay): EventEmitter {
  const library = new EventEmitter();
  relay.attach(library as unknown as PageClient);
  return library;
}

function sinkOf({ journal, ledger, store }: ReturnType<typeof startMessaging>): IncomingSink {
  return {
    append: (event) => journal.append(event),
    outboxIdOf: (waId) => store.outbox.findByWaId(waId)?.id ?? null,
    acknowledged: (waId, ack) => ledger.recordAck(waId, ack),
    sent: () => undefined,
    unreadable: () => undefined,
  };
}

describe('before the store is open', () => {
  test('messages, acknowledgements and edits, written down in their order once it is', async () => {
    const relay = new IncomingRelay(silent);
    const library = heardBy(relay);
    library.emit('message_create', message('A'));
    library.emit('message_ack', message('B', true), 3);
    library.emit('message_edit', message('A'), 'new', 'old');
    library.emit('message_create', message('C'));
    const core = startMessaging(tempFolder());
    relay.open(sinkOf(core));
    library.emit('message_create', message('D'));
    await settle();
    const events = core.journal.read(0, 100);
    expect(events.map(({ type, replayed }) => [type, replayed])).toEqual([
      ['message', false],
      ['message.ack', false],
      ['message.edited', false],
      ['message', false],
      ['message', false],
    ]);
    expect(events.map(({ data }) => ('body' in data ? data.body : ''))).toEqual(['A', '', 'new', 'C', 'D']);
  });

  test('what the gateway has sent itself, no message; its acknowledgement counts', async () => {
    const folder = tempFolder();
    const first = startMessaging(folder);
    first.transport.ack = 0;
    const { message: sent } = await first.outbox.accept(text('own'));
    first.sender.connected();
    await settle();
    expect(first.outbox.find(sent.id)?.status).toBe('sending');
    await first.stop();

    const relay = new IncomingRelay(silent);
    const library = heardBy(relay);
    library.emit('message_create', message(sent.waId, true));
    library.emit('message_ack', message(sent.waId, true), 3);
    const second = startMessaging(folder);
    const before = second.journal.lastSeq;
    relay.open(sinkOf(second));
    await settle();
    expect(second.outbox.find(sent.id)?.status).toBe('read');
    const types = second.journal.read(before, 100).map(({ type }) => type);
    expect(types.toSorted()).toEqual(['message.ack', 'message.status']);
  });

  test.each([
    ['count', { count: 2, size: 1_000_000 }],
    ['size', { count: 100, size: 1_200 }],
  ])('more than the limit of %s, the newest are dropped and the log says how many', async (_name, limits) => {
    const { logger, lines } = recordingLogger();
    const relay = new IncomingRelay(logger, limits);
    const library = heardBy(relay);
    for (const id of ['A', 'B', 'C', 'D']) library.emit('message_create', message(id));
    const core = startMessaging(tempFolder());
    relay.open(sinkOf(core));
    await settle();
    const bodies = core.journal.read(0, 100).map(({ data }) => ('body' in data ? data.body : ''));
    expect(bodies.length).toBeGreaterThan(0);
    expect(bodies).toEqual(['A', 'B', 'C', 'D'].slice(0, bodies.length));
    const told = lines.find((line) => 'dropped' in line);
    expect(told).toMatchObject({ kept: bodies.length, dropped: 4 - bodies.length });
    expect(bodies.length).toBeLessThan(4);
  });
});

test('acknowledgements while the disk is full, the highest of each is written when there is room', async () => {
  const clock = new SettlingClock();
  const { outbox, sender, ledger, store, transport } = startMessaging(tempFolder(), { clock });
  transport.ack = 0;
  const { message: one } = await outbox.accept(text('one'));
  sender.connected();
  await clock.advance(100);
  const acknowledgements = new Acknowledgements(ledger, clock, silent);
  const { transactions } = store;
  const run = transactions.run.bind(transactions);
  const full = Object.assign(new Error('database or disk is full'), { errcode: 13 });
  transactions.run = (work) =>
    run(() => {
      work();
      throw full;
    });
  await acknowledgements.record(one.waId, 1);
  await acknowledgements.record(one.waId, 3);
  await acknowledgements.record(one.waId, 2);
  await clock.advance(3_000);
  expect(outbox.find(one.id)?.status).toBe('sending');
  transactions.run = run;
  await clock.advance(1_000);
  expect(outbox.find(one.id)?.history.map(({ status }) => status)).toEqual(['queued', 'sending', 'read']);
  acknowledgements.stop();
});
