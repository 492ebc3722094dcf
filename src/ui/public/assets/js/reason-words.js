import { hasWords } from './i18n.js';
import { remediesIn } from './remedies-in.js';

/** @import { StatusReason } from '../../../../session/status.ts' */
/** @import { RemedyItem } from './remedies-in.js' */
/** @import { WordKey } from './i18n.js' */

/**
 * @typedef {object} ReasonWords
 * @property {WordKey} title
 * @property {WordKey} hint what it means and what to do
 * @property {RemedyItem[]} items what to type or to set: each its own way out
 * @property {string} details the gateway's own words, with paths and numbers; always English
 */

/**
 * A reason for people.
 * @param {StatusReason} reason
 * @returns {ReasonWords}
 */
export function reasonWords({ code, message, action }) {
  const title = `reason.${code}.title`;
  const hint = `reason.${code}.hint`;
  return {
    title: hasWords(title) ? title : 'reason.other.title',
    hint: hasWords(hint) ? hint : 'reason.other.hint',
    items: action === null || !isTyped(code) ? [] : remediesIn(action),
    details: action === null ? message : `${message}\n${action}`,
  };
}

/**
 * Whether the remedy is something to type or to set on the machine; the others are advice, which the words have.
 * @param {string} code
 */
function isTyped(code) {
  return code.startsWith('session_') || code === 'browser_not_found' || code === 'login_not_removed';
}
