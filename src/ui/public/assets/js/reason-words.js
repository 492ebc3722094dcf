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
 * @param {Pick<StatusReason, 'message' | 'action'> & { code: string }} reason
 * @returns {ReasonWords}
 */
export function reasonWords({ code, message, action }) {
  const title = `reason.${code}.title`;
  const hint = `reason.${code}.hint`;
  return {
    title: hasWords(title) ? title : 'reason.other.title',
    hint: hasWords(hint) ? hint : 'reason.other.hint',
    items: action === null ? [] : remediesIn(action).filter(({ kind }) => isOffered(kind, code)),
    details: action === null ? message : `${message}\n${action}`,
  };
}

/**
 * Whether an item is shown to be pasted. Advice is, where the words of the reason need it; nothing is while
 * another gateway may use the login: what removes its lock is right only when that one is surely dead.
 * @param {RemedyItem['kind']} kind
 * @param {string} code
 */
function isOffered(kind, code) {
  if (code === 'profile_in_use') return false;
  return kind !== 'advice' || /^(session|storage)_/.test(code) || code === 'login_not_removed';
}
