import { z } from 'zod';

import { MESSAGE_STATUSES, type HistoryEntry, type OutboxMessage } from '../messages/message.ts';
import { iso, isoOrNull } from './time.ts';

const reason = z.object({ code: z.string(), message: z.string() }).nullable();
const time = z.iso.datetime();

/** A message of the outbox, as REST shows it. */
export const messageViewSchema = z.object({
  id: z.string(),
  status: z.enum(MESSAGE_STATUSES),
  /** As the caller wrote it. */
  to: z.string(),
  /** Null until the number is resolved. */
  chatId: z.string().nullable(),
  type: z.string(),
  /** WhatsApp's id of the message, without chat and direction. */
  waId: z.string(),
  createdAt: time,
  notBefore: time.nullable(),
  expiresAt: time.nullable(),
  /** Why the last state was reached, where there is something to say. */
  reason,
  history: z.array(z.object({ status: z.enum(MESSAGE_STATUSES), at: time, reason })),
});

/** What REST shows of a message; its content stays inside. */
export function messageView(message: OutboxMessage): z.infer<typeof messageViewSchema> {
  return {
    id: message.id,
    status: message.status,
    to: message.to,
    chatId: message.chatId,
    type: message.content.type,
    waId: message.waId,
    createdAt: iso(message.acceptedAt),
    notBefore: isoOrNull(message.notBefore),
    expiresAt: isoOrNull(message.expiresAt),
    reason: message.history.at(-1)?.reason ?? null,
    history: message.history.map((entry: HistoryEntry) => ({
      status: entry.status,
      at: iso(entry.at),
      reason: entry.reason,
    })),
  };
}
