import { z } from 'zod';

import { ackNames, type EventType } from './types.ts';

/**
 * The data of every event, version 1. Ids are WhatsApp's own: chats `…@c.us`, `…@g.us`, `…@lid`, `…@newsletter`;
 * messages `true|false_<chat>_<ID>[_<participant>]`. Times are ISO 8601.
 */

const time = z.iso.datetime();
const chatId = z.string().meta({ examples: ['79123456789@c.us'] });
const messageId = z.string().meta({ examples: ['false_79123456789@c.us_3EB0F7A1B2C3D4E5F60718'] });

const ack = {
  ack: z.int().min(-1).max(4),
  ackName: z.enum(ackNames),
};

const media = z.object({
  /** Where the gateway serves the file; it is fetched from WhatsApp when asked for. */
  url: z.string(),
  mimetype: z.string().nullable(),
  filename: z.string().nullable(),
  size: z.int().nonnegative().nullable(),
});

const message = z.object({
  id: messageId,
  chatId,
  from: chatId,
  to: chatId,
  /** Who wrote it in a group; null elsewhere. */
  participant: chatId.nullable(),
  fromMe: z.boolean(),
  timestamp: time,
  /** WhatsApp's own word: chat, image, video, ptt, audio, document, sticker, location, vcard, poll_creation, … */
  type: z.string(),
  /** The text, or the caption. */
  body: z.string(),
  hasMedia: z.boolean(),
  media: media.nullable(),
  ...ack,
  quotedMessageId: messageId.nullable(),
  mentions: z.array(chatId),
  isForwarded: z.boolean(),
  location: z
    .object({ latitude: z.number(), longitude: z.number(), description: z.string().nullable() })
    .nullable(),
  vCards: z.array(z.string()),
  poll: z.object({ name: z.string(), options: z.array(z.string()), multiple: z.boolean() }).nullable(),
  /** Set when the message was sent through this gateway. */
  outboxId: z.string().nullable(),
});

const groupChange = z.object({
  chatId,
  /** Who did it, when WhatsApp says so. */
  author: chatId.nullable(),
  participants: z.array(chatId),
  /** WhatsApp's own word for what happened. */
  change: z.string(),
  body: z.string(),
  timestamp: time,
});

const outboxStatus = z.object({
  /** The id that `POST /api/messages` answered with. */
  id: z.string(),
  status: z.string(),
  to: z.string(),
  chatId: chatId.nullable(),
  reason: z.object({ code: z.string(), message: z.string() }).nullable(),
});

/** Every type of event with the schema of its data. */
export const eventDataSchemas = {
  message,
  'message.ack': z.object({ messageId, chatId, participant: chatId.nullable(), ...ack }),
  'message.edited': z.object({
    messageId,
    chatId,
    body: z.string(),
    previousBody: z.string().nullable(),
    timestamp: time,
  }),
  'message.revoked': z.object({
    messageId,
    chatId,
    /** For everybody, or only on this account's devices. */
    scope: z.enum(['everyone', 'me']),
    /** What it said, when the gateway still knew it. */
    body: z.string().nullable(),
  }),
  'message.reaction': z.object({
    messageId,
    chatId,
    sender: chatId,
    /** An empty string takes the reaction back. */
    reaction: z.string(),
    timestamp: time,
  }),
  /** A message of the outbox has gone from one state to the next. */
  'message.status': outboxStatus,
  /** WhatsApp's server has not acknowledged a message in time. */
  'message.stuck': outboxStatus.extend({ handedAt: time.nullable() }),
  'poll.vote': z.object({
    messageId,
    chatId,
    voter: chatId,
    /** All that the voter has selected now; empty when the vote was taken back. */
    selected: z.array(z.string()),
    timestamp: time,
  }),
  'group.join': groupChange,
  'group.leave': groupChange,
  'group.update': groupChange,
  'group.admin': groupChange,
  'group.request': groupChange,
  call: z.object({
    id: z.string(),
    from: chatId.nullable(),
    isVideo: z.boolean(),
    isGroup: z.boolean(),
    fromMe: z.boolean(),
    timestamp: time,
  }),
  'session.status': z.object({
    status: z.enum(['idle', 'qr', 'syncing', 'ready', 'error']),
    reason: z.object({ code: z.string(), message: z.string() }).nullable(),
  }),
} as const satisfies Record<EventType, z.ZodType>;

export type EventData = { readonly [T in EventType]: z.infer<(typeof eventDataSchemas)[T]> };
