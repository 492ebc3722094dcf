import { z } from 'zod';

import { ERROR_CODES, type ErrorCode } from '../../errors.ts';
import { EVENT_VERSION } from '../../events/event.ts';
import { eventDataSchemas } from '../../events/schema.ts';
import { EVENT_TYPES } from '../../events/types.ts';
import type { Contact } from '../../messages/contacts.ts';
import type { GroupSummary, Participant, ParticipantOutcome } from '../../messages/groups.ts';
import { MESSAGE_STATUSES } from '../../messages/message.ts';
import type { StatusBody } from '../../session/status.ts';
import { messageViewSchema } from '../message-view.ts';

/*
 * What the calls answer with. The types of the program are held against these schemas by the compiler where there is
 * one type for both (`satisfies`), and every answer of the tests is held against them as well.
 */

export const time = z.iso.datetime();
const code = z.enum(ERROR_CODES as readonly [ErrorCode, ...ErrorCode[]]);
export const chatId = z.string().meta({ examples: ['15550002222@c.us'] });

/** A successful answer with more in it. */
export function success<T extends z.core.$ZodLooseShape>(fields: T) {
  return z.object({ success: z.literal(true), ...fields });
}

export const errorSchema = z
  .object({
    success: z.literal(false),
    error: z.object({
      code: code.meta({ description: 'For programs; never changes' }),
      message: z.string().meta({ description: 'For people' }),
      action: z.string().nullable().meta({ description: 'What to do about it' }),
      requestId: z.string().meta({ description: 'The log of the gateway has the request under it' }),
    }),
  })
  .meta({ id: 'Error' });

export const statusSchema = (
  z.object({
    success: z.literal(true),
    status: z.enum(['idle', 'qr', 'syncing', 'ready', 'error']),
    currentState: z
      .enum(['idle', 'qr', 'syncing', 'ready', 'error'])
      .meta({ description: 'The same as status' }),
    isReady: z.boolean(),
    hasQr: z.boolean(),
    qrCode: z.string().nullable().meta({ description: 'A PNG as a data URL' }),
    message: z.string().meta({ description: 'For people; may change' }),
    since: time.meta({ description: 'When this state began' }),
    qr: z.object({ attempt: z.int(), issuedAt: time, expiresAt: time }).nullable(),
    pairing: z
      .object({
        code: z.string().nullable().meta({ description: 'Null for callers without the key' }),
        expiresAt: time,
      })
      .nullable(),
    progress: z.number().nullable().meta({ description: '0 to 100 while syncing' }),
    account: z
      .object({ id: z.string(), phone: z.string(), name: z.string(), platform: z.string() })
      .nullable(),
    reason: z
      .object({
        code,
        message: z.string(),
        action: z.string().nullable().meta({ description: 'What to type' }),
        retryAt: time.nullable().meta({ description: 'When the gateway tries again by itself' }),
      })
      .nullable(),
    phase: z.enum([
      'stopped',
      'checking',
      'starting',
      'qr',
      'syncing',
      'ready',
      'reconnecting',
      'unlinking',
      'stopping',
      'removing',
      'waiting',
      'failed',
      'stuck',
    ]),
  }) satisfies z.ZodType<StatusBody>
).meta({ id: 'Status' });

export const messageSchema = messageViewSchema.meta({ id: 'OutboxMessage' });

export const countsSchema = z.partialRecord(z.enum(MESSAGE_STATUSES), z.int());

export const chatSchema = z
  .object({
    id: chatId,
    name: z.string(),
    isGroup: z.boolean(),
    lastMessageAt: time.nullable(),
    unreadCount: z.int(),
    archived: z.boolean(),
    pinned: z.boolean(),
    muted: z.boolean(),
    mutedUntil: time.nullable().meta({ description: 'Null too when it is muted for ever' }),
  })
  .meta({ id: 'Chat' });

/** A message as WhatsApp has it: the data of the event `message`. */
export const whatsappMessageSchema = eventDataSchemas.message.meta({ id: 'WhatsAppMessage' });

const contact = z.object({
  id: chatId,
  phone: z.string().nullable(),
  name: z.string().nullable().meta({ description: "As the phone's address book has it" }),
  pushname: z.string().nullable().meta({ description: 'As the person calls themselves' }),
  isSaved: z.boolean(),
  isBusiness: z.boolean(),
  isBlocked: z.boolean(),
  isMe: z.boolean(),
}) satisfies z.ZodType<Contact>;
export const contactSchema = contact.meta({ id: 'Contact' });
export const fullContactSchema = contact
  .extend({ about: z.string().nullable() })
  .meta({ id: 'ContactWithAbout' });

export const groupSummarySchema = (
  z.object({
    id: z.string(),
    subject: z.string(),
    participantCount: z.int().nullable(),
  }) satisfies z.ZodType<GroupSummary>
).meta({ id: 'GroupSummary' });

const participant = z.object({
  id: z.string(),
  lid: z.string().nullable(),
  isAdmin: z.boolean(),
  isSuperAdmin: z.boolean(),
}) satisfies z.ZodType<Participant>;

export const groupSchema = z
  .object({
    id: z.string(),
    subject: z.string(),
    description: z.string().nullable(),
    owner: z.string().nullable(),
    createdAt: time.nullable(),
    settings: z.object({
      messagesAdminsOnly: z.boolean(),
      infoAdminsOnly: z.boolean(),
      addMembersAdminsOnly: z.boolean(),
    }),
    participants: z.array(participant),
    isMember: z.boolean(),
    isAdmin: z.boolean(),
  })
  .meta({ id: 'Group' });

const PARTICIPANT_STATUSES = [
  'added',
  'removed',
  'promoted',
  'demoted',
  'invited',
  'invite_required',
  'already_member',
  'not_a_member',
  'not_on_whatsapp',
  'recently_left',
  'group_full',
  'refused',
] as const satisfies readonly ParticipantOutcome['status'][];

export const outcomesSchema = z.array(
  z.object({
    participant: z.string().meta({ description: 'As the caller named them' }),
    chatId: z.string().nullable(),
    status: z.enum(PARTICIPANT_STATUSES),
    code: z.int().nullable().meta({ description: "WhatsApp's own number for the reason" }),
  }),
);

const envelope = {
  id: z.string().meta({ description: 'The same wherever and however often the event is seen' }),
  seq: z.int().meta({ description: 'Grows from event to event' }),
  version: z.literal(EVENT_VERSION),
  timestamp: time,
  replayed: z.boolean().meta({ description: 'It happened while the gateway was away' }),
};

/** An event of one type, whole. */
export function eventSchema(type: (typeof EVENT_TYPES)[number]) {
  const data = type === 'message' ? whatsappMessageSchema : eventDataSchemas[type];
  return z.object({ ...envelope, type: z.literal(type), data }).meta({ id: `Event.${type}` });
}

export const anyEventSchema = z.union(EVENT_TYPES.map(eventSchema)).meta({ id: 'Event' });

export const webhookSchema = z
  .object({
    id: z.string(),
    origin: z.enum(['environment', 'rest']),
    url: z.string(),
    events: z.array(z.string()),
    chats: z.array(z.string()),
    headers: z.array(z.string()).meta({ description: 'Their names; their values are often keys' }),
    enabled: z.boolean(),
    disabledReason: z.string().nullable(),
    createdAt: time,
    delivery: z.object({
      cursor: z.int().meta({ description: 'The seq of the last event that is done with' }),
      attempts: z.int(),
      nextAttemptAt: time.nullable(),
      failingSince: time.nullable(),
      lastError: z.string().nullable(),
      deliveredAt: time.nullable(),
      deadLetters: z.int(),
    }),
  })
  .meta({ id: 'Webhook' });

export const deadLetterSchema = z
  .object({
    id: z.string(),
    event: anyEventSchema,
    attempts: z.int(),
    lastError: z.string().nullable(),
    at: time,
  })
  .meta({ id: 'DeadLetter' });
