import { reasonWords } from './reason-words.js';
import { isNamedByReason, retryView } from './status-view.js';

/** @import { Model } from './store.js' */
/** @import { ReasonWords } from './reason-words.js' */
/** @import { RetryView } from './status-view.js' */
/** @import { WordKey } from './i18n.js' */

/**
 * @typedef {'wait' | 'qr' | 'phone' | 'code' | 'trouble' | 'done'} Panel
 *
 * @typedef {object} ConnectView what the Connect dialog shows
 * @property {Panel} panel
 * @property {WordKey} title
 * @property {WordKey} text
 * @property {number | null} percent
 * @property {ReasonWords | null} reason
 * @property {RetryView | null} retry
 */

/**
 * What the dialog shows. Pure: the same model and way give the same view.
 * @param {Model} model
 * @param {'qr' | 'phone'} way how the person wants to link
 * @returns {ConnectView}
 */
export function connectView({ link, status, pending }, way) {
  if (link !== 'online' || status === null) {
    const own = link === 'online' ? 'connecting' : link;
    return waiting(`state.${own}.title`, `state.${own}.text`);
  }
  const { phase } = status;
  const reason = status.reason === null ? null : reasonWords(status.reason);
  const name = isNamedByReason(phase) ? reason : null;
  const retry = retryView(status);
  switch (phase) {
    case 'stopped':
      if (pending === 'connect') return waiting('connect.wait.title', 'connect.wait.text');
      return {
        panel: 'trouble',
        title: reason?.title ?? 'connect.stopped.title',
        text: reason?.hint ?? 'connect.stopped.text',
        percent: null,
        reason,
        retry,
      };
    case 'checking':
    case 'starting':
      return waiting('connect.wait.title', 'connect.wait.text');
    case 'qr':
      if (status.pairing !== null) return plain('code', 'code.title', 'code.for');
      return way === 'phone'
        ? plain('phone', 'phone.title', 'phone.hint')
        : plain('qr', 'qr.title', 'qr.shown');
    case 'syncing':
      return { ...waiting('state.syncing.title', 'state.syncing.text'), percent: status.progress };
    case 'ready':
      return plain('done', 'connect.done.title', 'connect.done.text');
    case 'reconnecting':
    case 'unlinking':
    case 'stopping':
    case 'removing':
      return waiting(`state.${phase}.title`, `state.${phase}.text`);
    case 'waiting':
    case 'failed':
    case 'stuck':
      return {
        panel: 'trouble',
        title: name?.title ?? `state.${phase}.title`,
        text: name?.hint ?? `state.${phase}.text`,
        percent: null,
        reason,
        retry,
      };
  }
}

/**
 * @param {Panel} panel
 * @param {WordKey} title
 * @param {WordKey} text
 * @returns {ConnectView}
 */
function plain(panel, title, text) {
  return { panel, title, text, percent: null, reason: null, retry: null };
}

/**
 * @param {WordKey} title
 * @param {WordKey} text
 */
function waiting(title, text) {
  return plain('wait', title, text);
}
