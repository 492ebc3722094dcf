import { reasonWords } from './reason-words.js';

/** @import { StatusBody } from '../../../../session/status.ts' */
/** @import { Model } from './store.js' */
/** @import { ReasonWords } from './reason-words.js' */
/** @import { WordKey } from './i18n.js' */

/**
 * @typedef {'connect' | 'retry' | 'restart' | 'disconnect' | 'logout' | 'unlock'} Action
 *
 * @typedef {object} Face how a state looks
 * @property {'idle' | 'good' | 'warn' | 'bad'} tone
 * @property {string} icon
 * @property {boolean} busy whether something goes on by itself
 * @property {readonly Action[]} actions what a person can do, the foremost first
 *
 * @typedef {object} CardView what the status card shows
 * @property {Face} face
 * @property {WordKey} title
 * @property {WordKey} text
 * @property {string | null} since ISO 8601
 * @property {number | null} percent
 * @property {StatusBody['account']} account
 * @property {ReasonWords | null} note a reason beside the state, when the state is not the reason itself
 * @property {ReasonWords['items']} items
 * @property {string | null} details
 * @property {RetryView | null} retry
 *
 * @typedef {object} RetryView
 * @property {string | null} at ISO 8601, or null when the gateway waits for a person
 * @property {'retry' | 'recheck'} words
 */

const LINKED = /** @type {const} */ (['restart', 'disconnect', 'logout']);

/** States that a reason is told beside. @type {ReadonlySet<StatusBody['phase']>} */
const NOTED = new Set(['starting', 'qr', 'ready']);

/** @type {Record<StatusBody['phase'], Face>} */
const FACES = {
  stopped: { tone: 'idle', icon: 'plug', busy: false, actions: ['connect'] },
  checking: { tone: 'idle', icon: 'plug', busy: true, actions: ['connect', 'disconnect'] },
  starting: { tone: 'idle', icon: 'plug', busy: true, actions: ['connect', 'disconnect'] },
  qr: { tone: 'idle', icon: 'phone', busy: false, actions: ['connect', 'disconnect'] },
  syncing: { tone: 'good', icon: 'chats', busy: true, actions: LINKED },
  ready: { tone: 'good', icon: 'check', busy: false, actions: LINKED },
  reconnecting: { tone: 'warn', icon: 'wave', busy: true, actions: LINKED },
  unlinking: { tone: 'idle', icon: 'plug', busy: true, actions: [] },
  stopping: { tone: 'idle', icon: 'plug', busy: true, actions: [] },
  removing: { tone: 'idle', icon: 'plug', busy: true, actions: [] },
  waiting: { tone: 'warn', icon: 'wave', busy: true, actions: ['retry', 'disconnect'] },
  failed: { tone: 'bad', icon: 'alert', busy: false, actions: ['retry'] },
  stuck: { tone: 'bad', icon: 'alert', busy: false, actions: ['retry'] },
};

/** @type {Record<'connecting' | 'offline' | 'locked', Face>} */
const LINK_FACES = {
  connecting: { tone: 'idle', icon: 'plug', busy: true, actions: [] },
  offline: { tone: 'warn', icon: 'cut', busy: true, actions: [] },
  locked: { tone: 'idle', icon: 'lock', busy: false, actions: ['unlock'] },
};

/**
 * What the card shows. Pure: the same model gives the same card.
 * @param {Model} model
 * @returns {CardView}
 */
export function cardView({ link, status }) {
  if (link !== 'online' || status === null) return linkView(link === 'online' ? 'connecting' : link);
  const { phase, reason } = status;
  const words = reason === null ? null : reasonWords(reason);
  const isReason = words !== null && isNamedByReason(phase);
  const own = status.pairing === null ? phase : 'code';
  return {
    face: { ...FACES[phase], actions: actionsOf(status) },
    title: isReason ? words.title : `state.${own}.title`,
    text: isReason ? words.hint : `state.${own}.text`,
    since: phase === 'ready' ? status.since : null,
    percent: phase === 'syncing' ? status.progress : null,
    account: status.account,
    note: !isReason && NOTED.has(phase) ? words : null,
    items: isReason ? words.items : [],
    details:
      isTrouble(phase) || phase === 'reconnecting' || phase === 'ready' ? (words?.details ?? null) : null,
    retry: retryView(status),
  };
}

/**
 * @param {'connecting' | 'offline' | 'locked'} link
 * @returns {CardView}
 */
function linkView(link) {
  return {
    face: LINK_FACES[link],
    title: `state.${link}.title`,
    text: `state.${link}.text`,
    since: null,
    percent: null,
    account: null,
    note: null,
    items: [],
    details: null,
    retry: null,
  };
}

/**
 * States whose name says less than their reason. Of `stuck` it says more: the browser, which the gateway would
 * restart by itself, cannot even be ended.
 * @param {StatusBody['phase']} phase
 */
export function isNamedByReason(phase) {
  return phase === 'stopped' || phase === 'waiting' || phase === 'failed';
}

/**
 * States in which something is wrong.
 * @param {StatusBody['phase']} phase
 */
export function isTrouble(phase) {
  return phase === 'waiting' || phase === 'failed' || phase === 'stuck';
}

/**
 * When and how the gateway goes on by itself.
 * @param {StatusBody} status
 * @returns {RetryView | null}
 */
export function retryView({ phase, reason }) {
  if (reason === null || !isTrouble(phase)) return null;
  return { at: reason.retryAt, words: phase === 'waiting' ? 'retry' : 'recheck' };
}

/**
 * A login can be removed wherever there may be one: not while it cannot be touched, nor when it is gone.
 * @param {StatusBody} status
 * @returns {readonly Action[]}
 */
function actionsOf({ phase, reason }) {
  const { actions } = FACES[phase];
  const code = reason?.code ?? '';
  // Whoever wants to keep it after all can say so.
  if (phase === 'failed' && code === 'login_not_removed') return ['retry', 'disconnect'];
  const hasLogin = phase === 'stopped' ? code === 'stopped' : phase === 'waiting' || phase === 'failed';
  const isReachable = !code.startsWith('session_') && code !== 'browser_not_found';
  return hasLogin && isReachable ? [...actions, 'logout'] : actions;
}
