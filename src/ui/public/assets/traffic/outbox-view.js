import { hasWords } from '../js/i18n.js';

/** @import { z } from 'zod' */
/** @import { messageViewSchema } from '../../../../http/message-view.ts' */
/** @import { MessageStatus } from '../../../../messages/message.ts' */
/** @import { WordKey } from '../js/i18n.js' */

/**
 * @typedef {z.infer<typeof messageViewSchema>} Message as REST shows it
 * @typedef {{ status: MessageStatus, at: string }} Step
 * @typedef {'idle' | 'good' | 'warn' | 'bad'} Tone
 *
 * @typedef {object} RowView what one message of the outbox looks like
 * @property {string} id
 * @property {string} to
 * @property {WordKey} kind
 * @property {MessageStatus} status
 * @property {Tone} tone
 * @property {Step[]} steps how it came to be where it is, oldest first
 * @property {{ words: WordKey | null, details: string | null } | null} reason
 * @property {string | null} waitsUntil ISO 8601, when it waits for a time that it was given
 * @property {'cancel' | 'retry' | null} action
 *
 * @typedef {object} Chip one state to look at
 * @property {MessageStatus | null} status null for all
 * @property {number} count
 * @property {boolean} pressed
 */

/** @type {Record<MessageStatus, { tone: Tone, action: RowView['action'] }>} */
const LOOKS = {
  queued: { tone: 'idle', action: 'cancel' },
  sending: { tone: 'idle', action: null },
  sent: { tone: 'idle', action: null },
  delivered: { tone: 'good', action: null },
  read: { tone: 'good', action: null },
  played: { tone: 'good', action: null },
  failed: { tone: 'bad', action: 'retry' },
  expired: { tone: 'warn', action: 'retry' },
  cancelled: { tone: 'warn', action: 'retry' },
};

export const STATUSES = /** @type {MessageStatus[]} */ (Object.keys(LOOKS));

/** Reasons whose words say less than what WhatsApp answered. */
const WITH_DETAILS = ['rejected', 'send_failed', 'whatsapp_error'];

/**
 * Pure: the same message at the same time gives the same row.
 * @param {Message} message
 * @param {number} now milliseconds since the epoch, by the gateway's clock
 * @returns {RowView}
 */
export function rowView({ id, to, type, status, reason, history, notBefore }, now) {
  const kind = `outbox.kind.${type}`;
  const { tone, action } = LOOKS[status];
  return {
    id,
    to,
    kind: hasWords(kind) ? kind : 'outbox.kind.other',
    status,
    tone,
    steps: history.map((step) => ({ status: step.status, at: step.at })),
    reason: reason === null ? null : reasonOf(reason),
    waitsUntil: status === 'queued' && notBefore !== null && Date.parse(notBefore) > now ? notBefore : null,
    action,
  };
}

/** @param {{ code: string, message: string }} reason */
function reasonOf({ code, message }) {
  const words = `outbox.reason.${code}`;
  if (!hasWords(words)) return { words: null, details: message };
  return { words, details: WITH_DETAILS.includes(code) ? message : null };
}

/**
 * The states that there are messages in, with how many, and the one that is looked at.
 * @param {Partial<Record<MessageStatus, number>>} counts
 * @param {MessageStatus | null} chosen
 * @returns {Chip[]}
 */
export function chips(counts, chosen) {
  const all = STATUSES.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
  const present = STATUSES.filter((status) => (counts[status] ?? 0) > 0 || status === chosen);
  return [
    { status: null, count: all, pressed: chosen === null },
    ...present.map((status) => ({ status, count: counts[status] ?? 0, pressed: status === chosen })),
  ];
}

/**
 * The counts after a message has gone from one state to another.
 * @param {Partial<Record<MessageStatus, number>>} counts
 * @param {MessageStatus} from
 * @param {MessageStatus} to
 */
export function withMove(counts, from, to) {
  return { ...counts, [from]: Math.max(0, (counts[from] ?? 0) - 1), [to]: (counts[to] ?? 0) + 1 };
}

/**
 * The list after an event `message.status`; the same list when it is about none of these.
 * @param {Message[]} messages
 * @param {Pick<Message, 'id' | 'chatId' | 'reason'> & { status: string }} change
 * @param {string} at ISO 8601
 * @returns {Message[]}
 */
export function withChange(messages, { id, status, chatId, reason }, at) {
  const known = STATUSES.find((name) => name === status);
  const index = messages.findIndex((message) => message.id === id);
  const message = messages[index];
  if (known === undefined || message === undefined || message.status === known) return messages;
  const history = [...message.history, { status: known, at, reason }];
  return messages.with(index, { ...message, status: known, chatId, reason, history });
}
