import { accountWords } from './account.js';
import { byId, keepingFocus, part, setIcon, setProgress, setText, show } from './dom.js';
import { formatMoment } from './format.js';
import { currentLanguage, t } from './i18n.js';
import { Remedy } from './remedy.js';
import { cardView } from './status-view.js';

/** @import { Countdowns } from './countdown.js' */
/** @import { Model } from './store.js' */
/** @import { Action, CardView } from './status-view.js' */

/** The card that says how things stand and offers what can be done. */
export class StatusCard {
  #card = byId('card', HTMLElement);
  #title = byId('card-title', HTMLElement);
  #remedy;

  /**
   * @param {Countdowns} countdowns
   * @param {Record<Action, () => void>} handlers
   */
  constructor(countdowns, handlers) {
    this.#remedy = new Remedy('card-remedy', countdowns);
    onPress('connect-open', handlers.connect);
    onPress('unlock', handlers.unlock);
    onPress('restart', handlers.restart);
    onPress('disconnect', handlers.disconnect);
    onPress('logout-open', handlers.logout);
  }

  /**
   * @param {Model} model
   * @returns {string} what a screen reader is told of it
   */
  render(model) {
    return keepingFocus(this.#card, this.#title, () => this.#show(model));
  }

  /** @param {Model} model */
  #show(model) {
    const view = cardView(model);
    const time = view.since === null ? '' : formatMoment(view.since, currentLanguage(), new Date());
    const title = t(view.title);
    const text = t(view.text, { time });
    this.#card.dataset['tone'] = view.face.tone;
    this.#card.toggleAttribute('data-busy', view.face.busy);
    setIcon(byId('card-icon', SVGUseElement), view.face.icon);
    setText(this.#title, title);
    setText(byId('card-text', HTMLElement), text);
    const percent = t('progress.percent', { percent: view.percent ?? 0 });
    setProgress(byId('card-progress', HTMLElement), view.percent, percent);
    renderAccount(view);
    renderNote(view);
    this.#remedy.render(view);
    renderActions(view, model.pending !== null);
    document.title = `${title} · ${t('app.name')}`;
    return `${title} ${text}`;
  }
}

/** @param {CardView} view */
function renderAccount({ account }) {
  show(byId('account', HTMLElement), account !== null);
  if (account === null) return;
  const { initial, name, line } = accountWords(account);
  setText(byId('account-initial', HTMLElement), initial);
  setText(byId('account-name', HTMLElement), name);
  setText(byId('account-line', HTMLElement), line);
}

/** @param {CardView} view */
function renderNote({ note }) {
  const root = byId('card-note', HTMLElement);
  show(root, note !== null);
  if (note === null) return;
  setText(part(root, '.note-title', HTMLElement), t(note.title));
  setText(part(root, '.note-text', HTMLElement), t(note.hint));
}

/**
 * @param {CardView} view
 * @param {boolean} isPending
 */
function renderActions({ face: { actions } }, isPending) {
  const offers = (/** @type {Action} */ action) => actions.includes(action);
  setText(button('connect-open'), t(offers('retry') ? 'action.retry' : 'action.connect'));
  show(button('connect-open'), offers('connect') || offers('retry'));
  show(button('unlock'), offers('unlock'));
  show(button('restart'), offers('restart'));
  show(button('disconnect'), offers('disconnect'));
  show(button('logout-open'), offers('logout'));
  show(byId('card-actions', HTMLElement), actions.length > 0);
  // Not `disabled`: that would take the focus from whoever pressed by keyboard.
  for (const id of ['restart', 'disconnect', 'logout-open']) button(id).ariaDisabled = String(isPending);
}

/**
 * @param {string} id
 * @param {() => void} handler
 */
function onPress(id, handler) {
  button(id).addEventListener('click', () => {
    if (button(id).ariaDisabled !== 'true') handler();
  });
}

/** @param {string} id */
function button(id) {
  return byId(id, HTMLButtonElement);
}
