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

/** The chat that an event belongs to, or null for one that belongs to none. */
export function chatOf(data: EventData[EventType]): string | null {
  return 'chatId' in data ? data.chatId : null;
}
