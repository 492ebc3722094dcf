import type { OutboxMessage } from '../messages/message.ts';
import type { MessageNews } from '../messages/ports.ts';
import type { Journal } from './journal.ts';

/** Writes what becomes of a message into the journal, in the transaction that changes the message. */
export function outboxNews(journal: Journal): MessageNews {
  return {
    statusChanged(message, at) {
      journal.record({ type: 'message.status', key: null, at, data: statusData(message) });
    },
    stuck(message) {
      journal.record({
        type: 'message.stuck',
        key: message.id,
        at: message.stuckAt ?? message.acceptedAt,
        data: {
          ...statusData(message),
          handedAt: message.handedAt === null ? null : new Date(message.handedAt).toISOString(),
        },
      });
    },
  };
}

function statusData(message: OutboxMessage) {
  return {
    id: message.id,
    status: message.status,
    to: message.to,
    chatId: message.chatId,
    reason: message.history.at(-1)?.reason ?? null,
  };
}
