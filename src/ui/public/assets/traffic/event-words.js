import { formatPhone } from '../js/format.js';
import { hasWords, t } from '../js/i18n.js';

/** @import { JournalEvent } from '../../../../events/event.ts' */

/**
 * An event in one line: whom it is about, and what it says.
 * @param {JournalEvent} event
 * @returns {{ who: string, what: string }}
 */
export function eventWords({ type, data }) {
  const fields = /** @type {Record<string, unknown>} */ (data);
  const text = (/** @type {string} */ name) => {
    const value = fields[name];
    return typeof value === 'string' ? value : '';
  };
  const who = chatWords(text('chatId') || text('to') || text('from'));
  switch (type) {
    case 'message':
      return { who, what: text('body') || fileName(fields['media']) || text('type') };
    case 'message.ack':
      return { who, what: text('ackName') };
    case 'message.reaction':
      return { who, what: text('reaction') };
    case 'message.status':
    case 'message.stuck':
      return { who: text('to'), what: statusWords(text('status')) };
    case 'poll.vote':
      return { who, what: Array.isArray(fields['selected']) ? fields['selected'].join(', ') : '' };
    case 'session.status':
      return { who: '', what: [text('status'), codeOf(fields['reason'])].filter(Boolean).join(' · ') };
    default:
      return { who, what: text('body') || text('change') };
  }
}

/**
 * The data of an event, for reading.
 * @param {JournalEvent} event
 */
export function eventJson(event) {
  return JSON.stringify(event, null, 2);
}

/** @param {string} status of a message */
export function statusWords(status) {
  const words = `outbox.status.${status}`;
  return hasWords(words) ? t(words) : status;
}

/** @param {string} chatId */
function chatWords(chatId) {
  const digits = /^(\d{7,15})@c\.us$/.exec(chatId)?.[1];
  return digits === undefined ? chatId : formatPhone(digits);
}

/** @param {unknown} media */
function fileName(media) {
  return media !== null && typeof media === 'object' && 'filename' in media
    ? String(media.filename ?? '')
    : '';
}

/** @param {unknown} reason */
function codeOf(reason) {
  return reason !== null && typeof reason === 'object' && 'code' in reason ? String(reason.code) : '';
}
