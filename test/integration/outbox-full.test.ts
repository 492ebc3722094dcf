import { expect, test } from 'vitest';

import { systemClock } from '../../src/clock.ts';
import { FakeTransport } from '../support/fake-transport.ts';
import { startMessaging, text } from '../support/messaging.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const QUEUED = 10_000;
const CHATS = 50;

test('started with 10,000 that wait, one can be cancelled, and the rest go out in the order of each chat', async () => {
  const folder = tempFolder();
  const settings = { queueLimit: QUEUED };
  const before = startMessaging(folder, { settings, clock: systemClock });
  const accepted = await Promise.all(
    Array.from({ length: QUEUED }, (_, index) =>
      before.outbox.accept(text(String(index), `49151000000${10 + (index % CHATS)}@c.us`), {}),
    ),
  );
  await before.stop();

  const transport = new FakeTransport();
  const after = startMessaging(folder, { settings, transport, clock: systemClock });
  expect(after.outbox.counts()).toEqual({ queued: QUEUED });
  const cancelled = accepted[QUEUED / 2]?.message;
  expect((await after.outbox.cancel(cancelled?.id ?? ''))?.status).toBe('cancelled');
  after.sender.connected();
  await waitFor(
    () => after.outbox.counts().queued === undefined && after.outbox.counts().sending === undefined,
    {
      what: 'an empty queue',
      timeoutMs: 55_000,
      intervalMs: 100,
    },
  );

  expect(transport.order).toHaveLength(QUEUED - 1);
  const last = new Map<string, number>();
  for (const { chatId, content } of transport.order) {
    const number = Number(content.type === 'text' ? content.text : NaN);
    expect(number).toBeGreaterThan(last.get(chatId) ?? -1);
    last.set(chatId, number);
  }
  expect(last.size).toBe(CHATS);
});
