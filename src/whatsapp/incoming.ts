import type wwebjs from 'whatsapp-web.js';

import { messageOf } from '../errors.ts';
import type { EventInput } from '../events/event.ts';
import type { Logger } from '../log.ts';
import {
  ackEvent,
  bareId,
  callEvent,
  chatIdOf,
  editedEvent,
  groupEvent,
  messageEvent,
  ownOf,
  reactionEvent,
  revokedEvent,
  voteEvent,
} from './incoming-events.ts';

/** Who is told of what comes in. */
export interface IncomingPorts {
  /** Writes an event down; repetitions are dropped there. */
  readonly append: (event: EventInput) => Promise<unknown>;
  /** The outbox's name of a message of this id, or null when the gateway has not sent it itself. */
  readonly outboxIdOf: (waId: string) => string | null;
  /** A message that the gateway has sent needs no event: the outbox tells of it. */
  readonly sent: (chatId: string, message: { readonly id: string; readonly at: number }) => void;
  /** A message of this time has come in and cannot be read yet. */
  readonly unreadable: (chatId: string, at: number) => void;
  /** An acknowledgement of a message that the gateway has sent. */
  readonly acknowledged: (waId: string, ack: number) => Promise<unknown>;
  readonly log: Logger;
}

/** What the library calls revocations, edits and the like a "message" too; those have events of their own. */
const NO_MESSAGES = new Set([
  'gp2',
  'e2e_notification',
  'notification_template',
  'protocol',
  'revoked',
  'reaction',
  'ciphertext',
]);

/** Whether somebody has written it, as opposed to notices in the form of messages. */
export function isMessage(message: wwebjs.Message): boolean {
  return !NO_MESSAGES.has(message.type);
}

/** Whether it has arrived encrypted, and its key has not; what it says may come later, under the same id. */
export function isUnreadable(message: wwebjs.Message): boolean {
  return (message.type as string) === 'ciphertext';
}

/** Listens to a client of the library. Its listeners swallow or leak what is thrown inside, so each is guarded. */
export function listen(client: wwebjs.Client, ports: IncomingPorts): void {
  const { append, log } = ports;
  const guarded = (name: string, work: () => EventInput | null) => {
    try {
      const event = work();
      if (event !== null) {
        append(event).catch((error: unknown) => {
          log.error({ event: name, reason: messageOf(error) }, 'an event could not be written down');
        });
      }
    } catch (error) {
      log.error({ event: name, reason: messageOf(error) }, 'an event of WhatsApp could not be understood');
    }
  };
  const acknowledge = (message: wwebjs.Message, ack: number) => {
    ports.acknowledged(bareId(message), ack).catch((error: unknown) => {
      log.error({ reason: messageOf(error) }, 'an acknowledgement could not be written down');
    });
  };

  client.on('message_create', (message) =>
    guarded('message', () => {
      if (!isMessage(message)) return null;
      const event = messageEvent(message, ownOf(client, ports.outboxIdOf), false);
      if (event.data.outboxId === null) return event;
      const { chatId, id } = event.data;
      ports.sent(chatId, { id, at: event.at });
      return null;
    }),
  );
  client.on('message_ciphertext', (message) =>
    guarded('message', () => {
      ports.unreadable(chatIdOf(message), message.timestamp * 1000);
      return null;
    }),
  );
  client.on('message_ack', (message, ack) =>
    guarded('message.ack', () => {
      if (message.fromMe) acknowledge(message, ack);
      return ackEvent(message, ack);
    }),
  );
  client.on('message_edit', (message, body, previous) =>
    guarded('message.edited', () => editedEvent(message, body, previous)),
  );
  client.on('message_revoke_everyone', (message, before) =>
    guarded('message.revoked', () => revokedEvent(message, before, 'everyone')),
  );
  client.on('message_revoke_me', (message) =>
    guarded('message.revoked', () => revokedEvent(message, null, 'me')),
  );
  client.on('message_reaction', (reaction) => guarded('message.reaction', () => reactionEvent(reaction)));
  client.on('vote_update', (vote) => guarded('poll.vote', () => voteEvent(vote)));
  client.on('group_join', (change) => guarded('group', () => groupEvent('group.join', change)));
  client.on('group_leave', (change) => guarded('group', () => groupEvent('group.leave', change)));
  client.on('group_update', (change) => guarded('group', () => groupEvent('group.update', change)));
  client.on('group_admin_changed', (change) => guarded('group', () => groupEvent('group.admin', change)));
  client.on('group_membership_request', (change) =>
    guarded('group', () => groupEvent('group.request', change)),
  );
  client.on('call', (call) => guarded('call', () => callEvent(call)));
}
