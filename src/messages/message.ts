import type { Outgoing } from './schema.ts';

/**
 * Where a message is. Each is reached at most once, in this order; a later acknowledgement may skip some.
 * `sending` begins with the hand-over to WhatsApp and ends when WhatsApp's server has the message.
 */
export const MESSAGE_STATUSES = [
  'queued',
  'sending',
  'sent',
  'delivered',
  'read',
  'played',
  'failed',
  'expired',
  'cancelled',
] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

/** Why a message failed or was held up; codes are for programs and never change. */
export interface MessageReason {
  readonly code:
    | 'unknown_number'
    | 'rejected'
    | 'send_failed'
    | 'whatsapp_error'
    | 'media_missing'
    | 'account_changed'
    | 'ttl_passed'
    | 'cancelled';
  readonly message: string;
}

export interface HistoryEntry {
  readonly status: MessageStatus;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly reason: MessageReason | null;
}

/** A message of the outbox. Times are milliseconds since the Unix epoch. */
export interface OutboxMessage {
  /** Order of acceptance. */
  readonly seq: number;
  readonly id: string;
  /** WhatsApp's id, without chat and direction: the same for every attempt. */
  readonly waId: string;
  /** As the caller wrote it. */
  readonly to: string;
  /** Canonical; messages of one address keep their order. */
  readonly address: string;
  /** Null until the number is resolved. */
  readonly chatId: string | null;
  readonly content: Outgoing;
  readonly status: MessageStatus;
  readonly history: readonly HistoryEntry[];
  readonly acceptedAt: number;
  readonly notBefore: number | null;
  readonly expiresAt: number | null;
  /** Hand-overs so far, without those that the page certainly did not take. */
  readonly attempts: number;
  /** When the page took it; null when it has not, or when that is not known. */
  readonly handedAt: number | null;
  /** When `message.stuck` was told. */
  readonly stuckAt: number | null;
}

/** WhatsApp's acknowledgement numbers (`MessageAck` of the library). */
export const ACK = { error: -1, pending: 0, server: 1, device: 2, read: 3, played: 4 } as const;

const RANK: Readonly<Record<MessageStatus, number>> = {
  queued: 0,
  sending: 1,
  sent: 2,
  delivered: 3,
  read: 4,
  played: 5,
  failed: 6,
  expired: 6,
  cancelled: 6,
};

/** Whether nothing can happen to a message any more. */
export function isFinal(status: MessageStatus): boolean {
  return RANK[status] === 6;
}

/**
 * The status that an acknowledgement leads to, or null when it says nothing new.
 * A message that was given up is still moved forward by an acknowledgement: WhatsApp knows better.
 */
export function statusAfterAck(current: MessageStatus, ack: number): MessageStatus | null {
  const next = ackStatus(ack);
  if (next === null) return null;
  if (next === 'failed') return current === 'sending' || current === 'queued' ? 'failed' : null;
  if (current === 'failed' || current === 'expired') return next;
  if (current === 'cancelled') return null;
  return RANK[next] > RANK[current] ? next : null;
}

function ackStatus(ack: number): MessageStatus | null {
  switch (ack) {
    case ACK.error:
      return 'failed';
    case ACK.server:
      return 'sent';
    case ACK.device:
      return 'delivered';
    case ACK.read:
      return 'read';
    case ACK.played:
      return 'played';
    default:
      return null;
  }
}
