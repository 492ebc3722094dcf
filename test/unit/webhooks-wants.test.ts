import { expect, test } from 'vitest';

import type { JournalEvent } from '../../src/events/event.ts';
import { newWebhookSchema } from '../../src/webhooks/schema.ts';
import { newSecret } from '../../src/webhooks/sign.ts';
import { progressFrom, wants, type Webhook } from '../../src/webhooks/webhook.ts';

const NUMBER = '4915123456789@c.us';
const HIDDEN = '200000000002222@lid';
const OWN = '15550001111@c.us';
const GROUP = '120363025246125486@g.us';

function subscribed(chats: readonly string[]): Webhook {
  const asked = newWebhookSchema.parse({ url: 'https://example.org/', chats });
  const made = {
    id: 'wh_1',
    origin: 'rest',
    secret: newSecret(),
    disabledReason: null,
    createdAt: 0,
  } as const;
  return { ...asked, ...made, progress: progressFrom(0) };
}

const incoming = (chatId: string, from: string) => ({ chatId, from, to: OWN, fromMe: false });
const outgoing = (chatId: string, to: string) => ({ chatId, from: OWN, to, fromMe: true });
const status = (to: string, chatId: string | null) => ({ to, chatId, status: 'queued' });

test.each([
  ['its id', [HIDDEN], 'message', incoming(HIDDEN, HIDDEN), true],
  ['its number, which the sender is named by', [NUMBER], 'message', incoming(HIDDEN, NUMBER), true],
  ['its number, which the recipient is named by', [NUMBER], 'message', outgoing(HIDDEN, NUMBER), true],
  ['its number, which nothing tells', [NUMBER], 'message', incoming(HIDDEN, HIDDEN), false],
  ['the own number', [OWN], 'message', incoming(HIDDEN, HIDDEN), false],
  ['a group member', [NUMBER], 'message', incoming(GROUP, NUMBER), false],
  ['the number that was written to', [NUMBER], 'message.status', status('+49 151 23456789', null), true],
  ['the number of a known chat', [NUMBER], 'message.status', status('+49 151 23456789', HIDDEN), true],
  ['another number', [NUMBER], 'message.status', status('+49 151 87654321', null), false],
  ['anybody', [NUMBER], 'call', { from: HIDDEN }, true],
])('a filter that names %s: %j, %s of %j, wanted: %s', (_what, chats, type, data, expected) => {
  expect(wants(subscribed(chats), { type, data } as unknown as JournalEvent)).toBe(expected);
});
