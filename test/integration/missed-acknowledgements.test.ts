import { expect, test } from 'vitest';

import {
  MissedAcknowledgements,
  type MissedAcknowledgement,
} from '../../src/messages/missed-acknowledgements.ts';
import { OutcomeUnknownError } from '../../src/messages/transport.ts';
import { linkedRig } from '../support/linked-rig.ts';
import { silent, startMessaging, text } from '../support/messaging.ts';
import { SettlingClock, settle } from '../support/settling-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';

function start() {
  const clock = new SettlingClock();
  const core = startMessaging(tempFolder(), { clock });
  const told: MissedAcknowledgement[] = [];
  const search = (at: SettlingClock) =>
    new MissedAcknowledgements({
      rows: core.store.outbox,
      transport: core.transport,
      tell: (each) => {
        told.push(each);
        return Promise.resolve();
      },
      clock: at,
      log: silent,
    });
  return { ...core, clock, search, missed: search(clock), told };
}

const never = new AbortController().signal;

test('a message that was read meanwhile, told; one that was not, not told', async () => {
  const { outbox, sender, transport, missed, told } = start();
  const { message } = await outbox.accept(text('a'));
  sender.connected();
  await settle();
  await missed.run(never);
  expect(told).toEqual([]);
  transport.ack = 3;
  await missed.run(never);
  const chatId = '4915123456789@c.us';
  expect(told).toEqual([{ waId: message.waId, chatId, messageId: `true_${chatId}_${message.waId}`, ack: 3 }]);
});

test('what is read already, and what was sent more than a week ago, not asked for', async () => {
  const { outbox, sender, transport, ledger, missed, search, clock } = start();
  const { message } = await outbox.accept(text('a'));
  await outbox.accept(text('b'));
  sender.connected();
  await settle();
  await ledger.recordAck(message.waId, 3);
  transport.lookUps.length = 0;
  await missed.run(never);
  expect(transport.lookUps).toHaveLength(1);
  const eightDaysLater = new SettlingClock(clock.now() + 8 * 24 * 3_600_000);
  await search(eightDaysLater).run(never);
  expect(transport.lookUps).toHaveLength(1);
});

test('more than fit into one question, all are asked for', async () => {
  const { outbox, sender, transport, missed, told } = start();
  for (let n = 0; n < 120; n += 1) await outbox.accept(text(`${n}`));
  sender.connected();
  await waitFor(() => transport.order.length === 120);
  await settle();
  transport.ack = 2;
  await missed.run(never);
  expect(new Set(told.map(({ waId }) => waId)).size).toBe(120);
});

test('no answer, asked again until WhatsApp is gone', async () => {
  const { outbox, sender, transport, missed, told, clock } = start();
  await outbox.accept(text('a'));
  sender.connected();
  await settle();
  transport.ack = 3;
  transport.lookUpFaults = [new OutcomeUnknownError('no answer'), new OutcomeUnknownError('no answer')];
  const running = missed.run(never);
  await clock.advance(5_000);
  expect(told).toHaveLength(0);
  await clock.advance(30_000);
  await running;
  expect(told).toHaveLength(1);

  transport.lookUpFaults = [new OutcomeUnknownError('no answer')];
  transport.lookUps.length = 0;
  const gone = new AbortController();
  const given = missed.run(gone.signal);
  await settle();
  gone.abort();
  await given;
  await clock.advance(3_600_000);
  expect(transport.lookUps).toHaveLength(1);
});

test.each([
  ['one message', 120, [0]],
  ['two messages, side by side in two questions', 300, [249, 250]],
])('%s that the page never answers for, all others are told nevertheless', async (_what, count, hanging) => {
  const { outbox, sender, transport, missed, told, clock } = start();
  for (let n = 0; n < count; n += 1) await outbox.accept(text(`${n}`));
  sender.connected();
  await waitFor(() => transport.order.length === count);
  await settle();
  transport.ack = 2;
  for (const index of hanging) transport.neverFound.add(transport.order[index]?.waId ?? '');
  const running = missed.run(never);
  await clock.advance(3_600_000);
  await running;
  expect(new Set(told.map(({ waId }) => waId)).size).toBe(count - hanging.length);
  expect(told).toHaveLength(count - hanging.length);
});

test.each(['serialized', 'minified'] as const)(
  'read while the gateway was down, known after the start and told once (%s keys)',
  async (vintage) => {
    const rig = await linkedRig({ simulator: { vintage } });
    const answer = await fetch(`${rig.baseUrl}/api/messages?wait=server`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to: '15550002222', type: 'text', text: 'hello' }),
    });
    const { message } = (await answer.json()) as { message: { id: string; waId: string } };
    await rig.gateway.session.disconnect();
    await rig.simulator.ack(message.waId, 3);
    const { lastSeq } = rig.gateway.messaging.journal;
    for (let start = 0; start < 2; start += 1) {
      await rig.restartProcess();
      await rig.until('ready');
      await waitFor(() => rig.gateway.messaging.messages.outbox.find(message.id)?.status === 'read');
      await rig.gateway.session.disconnect();
    }
    const told = rig.gateway.messaging.journal
      .read(lastSeq, 100)
      .flatMap(({ type, data }) =>
        type === 'message.ack' || type === 'message.status' ? [{ type, data }] : [],
      );
    expect(told).toMatchObject([
      { type: 'message.status', data: { id: message.id, status: 'read' } },
      { type: 'message.ack', data: { ack: 3, ackName: 'READ', chatId: '15550002222@c.us' } },
    ]);
  },
);
