import { join } from 'node:path';

import { systemClock } from '../../src/clock.ts';
import type { EventInput } from '../../src/events/event.ts';
import type { MessagingBorder } from '../../src/http/app.ts';
import { InboundMedia } from '../../src/media/inbound.ts';
import { MediaIntake } from '../../src/media/intake.ts';
import type { MessageSettings } from '../../src/messages/messages.ts';
import { storageError } from '../../src/store/errors.ts';
import type { Webhooks } from '../../src/webhooks/webhooks.ts';
import { WwebjsActions } from '../../src/whatsapp/wwebjs-actions.ts';
import { WwebjsChats } from '../../src/whatsapp/wwebjs-chats.ts';
import { WwebjsContacts } from '../../src/whatsapp/wwebjs-contacts.ts';
import { WwebjsGroups } from '../../src/whatsapp/wwebjs-groups.ts';
import { startMessaging } from './messaging.ts';

/** Outbox and journal on a real store, with a WhatsApp in memory, as the border takes them. Call it inside a test. */
export function pageMessaging(folder: string, settings: Partial<MessageSettings> = {}) {
  const core = startMessaging(folder, { clock: systemClock, settings });
  const actions = new WwebjsActions(() => null);
  let isConnected = false;
  const border: MessagingBorder = {
    messages: {
      outbox: core.outbox,
      numbers: core.numbers,
      intake: new MediaIntake(core.store.outgoingMedia, {
        maxBytes: 10_000,
        allow: [],
        isNeeded: (sha256) => core.store.outbox.needsMedia(sha256),
      }),
      isConnected: () => isConnected,
      actions,
      inbound: new InboundMedia(
        join(folder, 'inbound'),
        (id, max) => actions.download(id, max),
        storageError,
        1_000_000,
      ),
    },
    chats: new WwebjsChats(
      () => null,
      () => null,
    ),
    contacts: new WwebjsContacts(() => null),
    groups: new WwebjsGroups(() => null),
    journal: core.journal,
    clock: systemClock,
    // The page does not use them.
    webhooks: undefined as unknown as Webhooks,
  };
  return {
    ...core,
    border,
    /** WhatsApp is there from now on: what waits is sent. */
    connect: () => {
      isConnected = true;
      core.sender.connected();
    },
  };
}

/** An event of the journal: a message that somebody wrote. */
export function received(body: string, digits = '15550002222'): EventInput {
  const chatId = `${digits}@c.us`;
  const id = `false_${chatId}_${crypto.randomUUID()}`;
  return {
    type: 'message',
    key: `message:${id}`,
    at: Date.now(),
    data: {
      id,
      chatId,
      from: chatId,
      to: '15550001111@c.us',
      participant: null,
      fromMe: false,
      timestamp: new Date().toISOString(),
      type: 'chat',
      body,
      hasMedia: false,
      media: null,
      ack: 1,
      ackName: 'SERVER',
      quotedMessageId: null,
      mentions: [],
      isForwarded: false,
      location: null,
      vCards: [],
      poll: null,
      outboxId: null,
    },
  };
}
