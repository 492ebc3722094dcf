import { createHash } from 'node:crypto';

import type wwebjs from 'whatsapp-web.js';

import type { EventInput } from '../events/event.ts';
import type { EventData } from '../events/schema.ts';
import { ackNameOf, type EventType } from '../events/types.ts';

/**
 * Translates what the library emits into events of the journal. Builds of WhatsApp Web differ in what they
 * leave out, so every field is read as if it might not be there.
 */

/** An id as the page hands it over: text, or an object that may have lost its text. */
export function idText(id: unknown): string {
  if (typeof id === 'string') return id;
  if (typeof id !== 'object' || id === null) return '';
  const key = id as {
    _serialized?: unknown;
    fromMe?: unknown;
    remote?: unknown;
    id?: unknown;
    participant?: unknown;
  };
  if (typeof key._serialized === 'string') return key._serialized;
  const { remote, participant, id: bare } = key;
  if (typeof bare !== 'string') return '';
  const parts = [key.fromMe === true ? 'true' : 'false', idText(remote), bare];
  if (participant !== undefined && participant !== null) parts.push(idText(participant));
  return parts.join('_');
}

/** WhatsApp's own id of a message, without chat and direction. */
export function bareId(message: { id?: unknown }): string {
  const { id } = message;
  if (typeof id === 'object' && id !== null && 'id' in id && typeof id.id === 'string') return id.id;
  return idText(id).split('_')[2] ?? '';
}

type Raw = Readonly<Record<string, unknown>>;

/** What tells this account's own messages from those of others. */
export interface Own {
  /** The outbox's name of a message that was sent through the gateway, or null. @param waId without chat and direction */
  readonly outboxIdOf: (waId: string) => string | null;
  /** The ids of the account: by its number, and by its hidden id when WhatsApp says it. */
  readonly accountIds: readonly string[];
}

/** What is this account's own, with its ids as the library knows them now. */
export function ownOf(client: wwebjs.Client, outboxIdOf: Own['outboxIdOf']): Own {
  const info = client.info as unknown as Raw | undefined;
  const accountIds = [info?.['wid'], info?.['me'], info?.['lid']].map(idText).filter(Boolean);
  return { outboxIdOf, accountIds };
}

/** A new message, from others or from another device of this account. */
export function messageEvent(
  message: wwebjs.Message,
  own: Own,
  replayed: boolean,
): Extract<EventInput, { type: 'message' }> {
  const data = messageData(message, own);
  return { type: 'message', key: data.id, at: Date.parse(data.timestamp), data, replayed };
}

/** A message in the form of the event's data. */
export function messageData(message: wwebjs.Message, own: Own): EventData['message'] {
  const raw = rawOf(message);
  const id = idText(message.id);
  const chatId = chatIdOf(message);
  const ack = Number.isInteger(message.ack) ? message.ack : 0;
  return {
    id,
    chatId,
    from: textOf(message.from) || chatId,
    to: textOf(message.to) || chatId,
    participant: textOf(message.author) || null,
    fromMe: flag(message.fromMe),
    timestamp: secondsToIso(message.timestamp),
    type: textOf(message.type) || 'unknown',
    body: textOf(message.body),
    hasMedia: flag(message.hasMedia),
    media: message.hasMedia
      ? {
          url: `/api/media/${encodeURIComponent(id)}`,
          mimetype: textOf(raw['mimetype']) || null,
          filename: textOf(raw['filename']) || null,
          size: mediaSizeOf(message),
        }
      : null,
    ack,
    ackName: ackNameOf(ack),
    quotedMessageId: quotedId(raw, chatId, own),
    mentions: Array.isArray(message.mentionedIds) ? message.mentionedIds.map(idText).filter(Boolean) : [],
    isForwarded: flag(message.isForwarded),
    location: locationOf(message),
    vCards: Array.isArray(message.vCards) ? message.vCards.map(textOf).filter(Boolean) : [],
    poll: pollOf(raw),
    outboxId: flag(message.fromMe) ? own.outboxIdOf(bareId(message)) : null,
  };
}

/** How large the file of a message is, in bytes, as its sender says; null when he does not. */
export function mediaSizeOf(message: wwebjs.Message): number | null {
  const { size } = rawOf(message);
  return typeof size === 'number' && size >= 0 ? Math.trunc(size) : null;
}

export function ackEvent(message: wwebjs.Message, ack: number): EventInput {
  const messageId = idText(message.id);
  return {
    type: 'message.ack',
    key: `${messageId} ${ack}`,
    at: Date.now(),
    data: {
      messageId,
      chatId: chatIdOf(message),
      participant: textOf(message.author) || null,
      ack,
      ackName: ackNameOf(ack),
    },
  };
}

export function editedEvent(message: wwebjs.Message, body: unknown, previous: unknown): EventInput {
  const messageId = idText(message.id);
  const raw = rawOf(message);
  const editedAt = Number(raw['latestEditSenderTimestampMs'] ?? NaN);
  const at = Number.isFinite(editedAt) ? editedAt : Date.now();
  // Without the time of the edit, what it says is what tells it from a repetition.
  const mark = Number.isFinite(editedAt) ? String(editedAt) : hash(textOf(body));
  return {
    type: 'message.edited',
    key: `${messageId} ${mark}`,
    at,
    data: {
      messageId,
      chatId: chatIdOf(message),
      body: textOf(body),
      previousBody: textOf(previous) || null,
      timestamp: new Date(at).toISOString(),
    },
  };
}

export function revokedEvent(
  message: wwebjs.Message,
  before: wwebjs.Message | null | undefined,
  scope: 'everyone' | 'me',
): EventInput {
  // The notice of a revocation has an id of its own; the revoked message is named inside.
  const protocolKey = rawOf(message)['protocolMessageKey'];
  const messageId = idText(before?.id ?? protocolKey ?? message.id);
  return {
    type: 'message.revoked',
    key: `${messageId} ${scope}`,
    at: Date.now(),
    data: {
      messageId,
      chatId: chatIdOf(message),
      scope,
      body: textOf((scope === 'me' ? message : before)?.body) || null,
    },
  };
}

export function reactionEvent(reaction: wwebjs.Reaction): EventInput {
  const messageId = idText(reaction.msgId);
  const sender = idText(reaction.senderId);
  const timestamp = timeOf(reaction.timestamp);
  return {
    type: 'message.reaction',
    key: `${messageId} ${sender} ${timestamp} ${textOf(reaction.reaction)}`,
    at: timestamp,
    data: {
      messageId,
      chatId: chatInId(messageId),
      sender,
      reaction: textOf(reaction.reaction),
      timestamp: new Date(timestamp).toISOString(),
    },
  };
}

export function voteEvent(vote: wwebjs.PollVote): EventInput {
  const parent = vote.parentMessage as wwebjs.Message | undefined;
  const messageId = idText((vote as unknown as Raw)['parentMsgKey'] ?? parent?.id);
  const timestamp = timeOf(vote.interractedAtTs);
  const voter = idText(vote.voter);
  return {
    type: 'poll.vote',
    key: `${messageId} ${voter} ${timestamp}`,
    at: timestamp,
    data: {
      messageId,
      chatId: chatInId(messageId),
      voter,
      selected: vote.selectedOptions.map(({ name }) => textOf(name)).filter(Boolean),
      timestamp: new Date(timestamp).toISOString(),
    },
  };
}

export type GroupEventType = Extract<EventType, `group.${string}`>;

export function groupEvent(type: GroupEventType, notification: wwebjs.GroupNotification): EventInput {
  const timestamp = timeOf(notification.timestamp);
  return {
    type,
    key: idText(notification.id),
    at: timestamp,
    data: {
      chatId: idText(notification.chatId),
      author: idText(notification.author) || null,
      participants: Array.isArray(notification.recipientIds)
        ? notification.recipientIds.map(idText).filter(Boolean)
        : [],
      change: textOf(notification.type),
      body: textOf(notification.body),
      timestamp: new Date(timestamp).toISOString(),
    },
  };
}

export function callEvent(call: wwebjs.Call): EventInput {
  const timestamp = timeOf(call.timestamp);
  return {
    type: 'call',
    key: textOf(call.id) || null,
    at: timestamp,
    data: {
      id: textOf(call.id),
      from: idText(call.from) || null,
      isVideo: flag(call.isVideo),
      isGroup: flag(call.isGroup),
      fromMe: flag(call.fromMe),
      timestamp: new Date(timestamp).toISOString(),
    },
  };
}

function rawOf(message: wwebjs.Message): Raw {
  const raw: unknown = (message as unknown as { _data?: unknown })._data;
  return typeof raw === 'object' && raw !== null ? (raw as Raw) : {};
}

/** The chat that a message is in. */
export function chatIdOf(message: wwebjs.Message): string {
  const remote: unknown = (message.id as { remote?: unknown } | undefined)?.remote;
  return idText(remote) || textOf(message.fromMe ? message.to : message.from);
}

/** The chat that stands in a message id, `true|false_<chat>_<ID>[_<participant>]`. */
function chatInId(messageId: string): string {
  return messageId.split('_')[1] ?? '';
}

function quotedId(raw: Raw, chatId: string, own: Own): string | null {
  const stanza = textOf(raw['quotedStanzaID']);
  if (stanza === '') return null;
  const remote = idText(raw['quotedRemoteJid']) || chatId;
  const participant = idText(raw['quotedParticipant']);
  // A person writes to this account: `to` is one of its ids then, and in a group it is the group.
  const isMine = [...own.accountIds, idText(raw['to'])].includes(participant);
  const fromMe = own.outboxIdOf(stanza) !== null || (participant !== '' && isMine);
  const suffix = remote.endsWith('@g.us') && participant !== '' ? `_${participant}` : '';
  return `${fromMe}_${remote}_${stanza}${suffix}`;
}

function locationOf(message: wwebjs.Message): EventData['message']['location'] {
  const location = message.location as
    { latitude?: unknown; longitude?: unknown; description?: unknown } | undefined;
  const latitude = Number(location?.latitude ?? NaN);
  const longitude = Number(location?.longitude ?? NaN);
  if (!Number.isFinite(latitude) || !Number.isFinite(longitude)) return null;
  return { latitude, longitude, description: textOf(location?.description) || null };
}

function pollOf(raw: Raw): EventData['message']['poll'] {
  const name = textOf(raw['pollName']);
  const options = raw['pollOptions'];
  if (name === '' || !Array.isArray(options)) return null;
  const names = options.map((option: unknown) => textOf((option as { name?: unknown } | null)?.name));
  return { name, options: names, multiple: raw['pollSelectableOptionsCount'] !== 1 };
}

/** Seconds or milliseconds, as WhatsApp gives them; now when it gives neither. */
function timeOf(value: unknown): number {
  const time = Number(value);
  if (!Number.isFinite(time) || time <= 0) return Date.now();
  return time < 1e11 ? time * 1000 : time;
}

function secondsToIso(value: unknown): string {
  return new Date(timeOf(value)).toISOString();
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The library's types promise booleans; its models leave them out. */
function flag(value: unknown): boolean {
  return value === true;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
