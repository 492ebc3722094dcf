import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { NotTakenError, OutcomeUnknownError } from '../../src/messages/transport.ts';
import { typingMs } from '../../src/messages/typing.ts';
import { startMessaging, text } from '../support/messaging.ts';
import { SettlingClock, settle } from '../support/settling-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';

const TO = '4915123456789@c.us';

/** As long as typing takes at most. */
const LONGEST_MS = 10_000;

const VOICE = {
  type: 'voice',
  to: TO,
  media: { sha256: 'a'.repeat(64), size: 10_000, mimetype: 'audio/ogg', filename: null },
} as const;

function startTyping(folder = tempFolder()) {
  const clock = new SettlingClock();
  return { ...startMessaging(folder, { clock, settings: { typing: true } }), clock };
}

describe('before a message', () => {
  test('typing is shown, then no more, then the message is handed over; until then it is queued', async () => {
    const { outbox, sender, transport, clock } = startTyping();
    const { message } = await outbox.accept(text('hello'));
    sender.connected();
    await settle();
    expect(transport.typing).toEqual([{ id: TO, state: 'typing' }]);
    expect(outbox.find(message.id)).toMatchObject({ status: 'queued', attempts: 0 });
    await clock.advance(typingMs(text('hello'), () => 0.5) - 1);
    expect(transport.order).toEqual([]);
    await clock.advance(1);
    expect(transport.typing.map(({ state }) => state)).toEqual(['typing', 'stop']);
    expect(outbox.find(message.id)).toMatchObject({ status: 'sent', attempts: 1 });
  });

  test('a voice message, recording is shown', async () => {
    const { outbox, sender, transport, clock } = startTyping();
    await outbox.accept(VOICE);
    sender.connected();
    await clock.advance(LONGEST_MS);
    expect(transport.typing.map(({ state }) => state)).toEqual(['recording', 'stop']);
    expect(transport.order).toHaveLength(1);
  });

  test('a channel and a status, nobody would see it and nothing is shown', async () => {
    const { outbox, sender, transport } = startTyping();
    await outbox.accept(text('news', '120363025246125486@newsletter'));
    await outbox.accept(text('status', 'status@broadcast'));
    sender.connected();
    await settle();
    expect(transport.texts().sort()).toEqual(['news', 'status']);
    expect(transport.typing).toEqual([]);
  });

  test('switched off, nothing is shown and nothing waits', async () => {
    const { outbox, sender, transport } = startMessaging(tempFolder());
    await outbox.accept(text('hello'));
    sender.connected();
    await settle();
    expect(transport.texts()).toEqual(['hello']);
    expect(transport.typing).toEqual([]);
  });

  test('three messages to a chat, typed one after another and sent in order', async () => {
    const { outbox, sender, transport, clock } = startTyping();
    for (const body of ['a', 'b', 'c']) await outbox.accept(text(body));
    sender.connected();
    await clock.advance(3 * LONGEST_MS);
    expect(transport.texts()).toEqual(['a', 'b', 'c']);
    expect(transport.typing.map(({ state }) => state)).toEqual(Array(3).fill(['typing', 'stop']).flat());
  });

  test('many chats, no more are typed in at once than messages may be on their way', async () => {
    const { outbox, sender, transport } = startTyping();
    for (let n = 0; n < 20; n += 1) await outbox.accept(text('hi', `4915100000${10 + n}`));
    sender.connected();
    await settle();
    expect(transport.typing).toHaveLength(4);
  });

  test('a paced queue, the time of typing passes within the gaps', async () => {
    const clock = new SettlingClock();
    const settings = { typing: true, ratePerMinute: 6 };
    const { outbox, sender, transport } = startMessaging(tempFolder(), { clock, settings });
    for (let n = 0; n < 4; n += 1) await outbox.accept(text('hi', `4915100000${n}`));
    sender.connected();
    await clock.advance(3 * 10_000 + typingMs(text('hi'), () => 0.5));
    expect(transport.order).toHaveLength(4);
  });
});

describe('whatever happens meanwhile', () => {
  test.each([
    ['the page cannot show it', [new OutcomeUnknownError('no answer')]],
    ['the page cannot end it', []],
  ])('%s, the message goes out once', async (_what, faults) => {
    const { outbox, sender, transport, clock } = startTyping();
    transport.typingFaults = faults;
    const { message } = await outbox.accept(text('hello'));
    sender.connected();
    await settle();
    transport.typingFaults = [new OutcomeUnknownError('no answer')];
    await clock.advance(LONGEST_MS);
    expect(outbox.find(message.id)?.status).toBe('sent');
    expect(transport.delivered.get(message.waId)?.handOvers).toBe(1);
  });

  test('cancelled, typing ends at once, it is not sent and the next of the chat follows', async () => {
    const { outbox, sender, transport, clock } = startTyping();
    const { message } = await outbox.accept(text('x'.repeat(500)));
    await outbox.accept(text('next'));
    sender.connected();
    await settle();
    await expect(outbox.cancel(message.id)).resolves.toMatchObject({ status: 'cancelled' });
    await settle();
    expect(transport.typing.map(({ state }) => state)).toEqual(['typing', 'stop', 'typing']);
    await clock.advance(LONGEST_MS);
    expect(transport.texts()).toEqual(['next']);
  });

  test('a ttl that would pass, sent in time without typing', async () => {
    const { outbox, sender, transport } = startTyping();
    await outbox.accept({ ...text('urgent'), ttl: 1 });
    sender.connected();
    await settle();
    expect(transport.texts()).toEqual(['urgent']);
    expect(transport.typing).toEqual([]);
  });

  test('the gateway stops, at once; the message waits for the next start and goes out once', async () => {
    const folder = tempFolder();
    const first = startTyping(folder);
    const { message } = await first.outbox.accept(text('x'.repeat(500)));
    first.sender.connected();
    await settle();
    // Its clock stands still: a stop that waited for the typing would never end.
    await first.stop();
    expect(first.transport.order).toEqual([]);

    const second = startTyping(folder);
    expect(second.outbox.find(message.id)).toMatchObject({ status: 'queued', attempts: 0 });
    second.sender.connected();
    await second.clock.advance(LONGEST_MS);
    expect(second.transport.order.map(({ waId }) => waId)).toEqual([message.waId]);
    expect(second.transport.lookUps).toEqual([]);
  });

  test('the connection is lost, sent at the next one without typing again', async () => {
    const { outbox, sender, transport, clock } = startTyping();
    await outbox.accept(text('hello'));
    sender.connected();
    await settle();
    sender.disconnected();
    transport.connected = false;
    await clock.advance(60_000);
    expect(transport.order).toEqual([]);
    transport.connected = true;
    sender.connected();
    await settle();
    expect(transport.texts()).toEqual(['hello']);
    expect(transport.typing.filter(({ state }) => state === 'typing')).toHaveLength(1);
  });

  test('a hand-over that is tried again, typed once', async () => {
    const { outbox, sender, transport, clock } = startTyping();
    transport.faults = [{ type: 'reject', error: new NotTakenError('upload broke off') }];
    const { message } = await outbox.accept(text('hello'));
    sender.connected();
    await clock.advance(2 * LONGEST_MS);
    expect(outbox.find(message.id)?.status).toBe('sent');
    expect(transport.faults).toEqual([]);
    expect(transport.typing.map(({ state }) => state)).toEqual(['typing', 'stop']);
  });
});

test('the time of typing, any text and any chance, within its bounds and longer for longer texts', () => {
  fc.assert(
    fc.property(fc.nat(70_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (length, chance) => {
      const ms = typingMs(text('x'.repeat(length)), () => chance);
      expect(ms).toBeGreaterThanOrEqual(1_000);
      expect(ms).toBeLessThanOrEqual(LONGEST_MS);
      expect(typingMs(text('x'.repeat(length + 1)), () => chance)).toBeGreaterThanOrEqual(ms);
    }),
    { numRuns: 200 },
  );
  expect(typingMs(text('x'.repeat(100)), () => 0)).not.toBe(typingMs(text('x'.repeat(100)), () => 0.5));
  expect(typingMs(text('x'.repeat(100)), () => 0)).toBeGreaterThan(typingMs(text('x'), () => 0));
});
