import { parseAddress } from '../messages/address.ts';
import type { EventData } from './schema.ts';

/** Every type of event. What the data of each holds is in `schema.ts`. */
export const EVENT_TYPES = [
  'message',
  'message.ack',
  'message.edited',
  'message.revoked',
  'message.reaction',
  'message.status',
  'message.stuck',
  'poll.vote',
  'group.join',
  'group.leave',
  'group.update',
  'group.admin',
  'group.request',
  'call',
  'session.status',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export const ackNames = ['ERROR', 'PENDING', 'SERVER', 'DEVICE', 'READ', 'PLAYED'] as const;

/** Whether a pattern of a filter names an event: the type itself, `group.*`, or `*`. */
export function matchesType(pattern: string, type: EventType): boolean {
  if (pattern === '*' || pattern === type) return true;
  return pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1));
}

/** Whether a pattern can match any event at all. */
export function isTypePattern(pattern: string): boolean {
  return EVENT_TYPES.some((type) => matchesType(pattern, type));
}

/** The name of WhatsApp's acknowledgement number. */
export function ackNameOf(value: number): (typeof ackNames)[number] {
  return ackNames[Math.min(Math.max(Math.trunc(value), -1), 4) + 1] ?? 'PENDING';
}

/**
 * The names that an event has for the chat it belongs to; none when it belongs to none. WhatsApp may name a person's
 * chat by a hidden id (`…@lid`), and the person in the same event by the number; what was sent through the gateway
 * belongs to its recipient before the chat is known.
 */
export function chatNamesOf(data: EventData[EventType]): readonly string[] {
  if (!('chatId' in data)) return [];
  const { chatId } = data;
  const names = chatId === null ? [] : [chatId];
  if ('status' in data) names.push(canonical(data.to));
  if ('fromMe' in data && /@(c\.us|lid)$/.test(data.chatId)) names.push(data.fromMe ? data.to : data.from);
  return names;
}

function canonical(recipient: string): string {
  try {
    return parseAddress(recipient).canonical;
  } catch {
    // An older version may have understood what this one does not.
    return recipient;
  }
}
