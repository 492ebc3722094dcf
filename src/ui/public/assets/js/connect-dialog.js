import { accountWords } from './account.js';
import { connectView } from './connect-view.js';
import { byId, catchFocusAfter, keepingFocus, part, setProgress, setText, show } from './dom.js';
import { t } from './i18n.js';
import { Pairing } from './pairing.js';
import { QrPanel } from './qr-panel.js';
import { Remedy } from './remedy.js';

/** @import { Countdowns } from './countdown.js' */
/** @import { Model } from './store.js' */
/** @import { ConnectView } from './connect-view.js' */

/** How long the good news stays before the dialog closes itself. */
const DONE_MS = 4000;

/**
 * @typedef {object} ConnectHandlers
 * @property {() => void} connect
 * @property {() => void} restart
 * @property {(phoneNumber: string) => void} pair
 */

/** The Connect dialog, from the press of the button to "connected". */
export class ConnectDialog {
  #dialog = byId('connect-dialog', HTMLDialogElement);
  #panels = [...this.#dialog.querySelectorAll('[data-panel]')];
  #qr;
  #pairing;
  #remedy;
  #handlers;
  /** @type {'qr' | 'phone'} */
  #way = 'qr';
  /** @type {number | undefined} */
  #closing;
  /** @type {() => void} */
  #refresh;

  /**
   * @param {Countdowns} countdowns
   * @param {ConnectHandlers} handlers
   * @param {() => void} refresh shows the model anew, without what an earlier command has left
   */
  constructor(countdowns, handlers, refresh) {
    this.#qr = new QrPanel(countdowns);
    this.#pairing = new Pairing(countdowns, handlers.pair);
    this.#remedy = new Remedy('connect-remedy', countdowns);
    this.#handlers = handlers;
    this.#refresh = refresh;
    const close = () => this.close();
    this.#onClick('connect-close', close);
    this.#onClick('connect-leave', close);
    this.#onClick('connect-done', close);
    this.#onClick('connect-again', handlers.connect);
    this.#onClick('use-phone', () => {
      this.#choose('phone');
      this.#pairing.focus();
    });
    this.#onClick('phone-back', () => this.#choose('qr'));
    this.#onClick('code-back', () => this.#backFromCode());
    this.#dialog.addEventListener('close', () => clearTimeout(this.#closing));
    catchFocusAfter(this.#dialog);
  }

  get isOpen() {
    return this.#dialog.open;
  }

  open() {
    this.#way = 'qr';
    this.#refresh();
    this.#dialog.showModal();
  }

  close() {
    this.#dialog.close();
  }

  /**
   * @param {Model} model
   * @returns {string} what a screen reader is told of it
   */
  render(model) {
    const view = connectView(model, this.#way);
    this.#qr.render(model.status);
    this.#pairing.render(model);
    keepingFocus(this.#dialog, byId('connect-heading', HTMLElement), () => this.#renderPanel(view));
    this.#renderDone(view, model);
    if (model.link === 'locked') this.close();
    return view.panel === 'code' ? t(view.title) : `${t(view.title)} ${t(view.text)}`;
  }

  /** @param {ConnectView} view */
  #renderPanel(view) {
    for (const panel of this.#panels) {
      const isShown = panel.getAttribute('data-panel') === view.panel;
      show(panel, isShown);
      if (!isShown) continue;
      setText(part(panel, '.panel-title', HTMLElement), t(view.title));
      const text = panel.querySelector('.panel-text');
      if (text !== null) setText(text, t(view.text));
    }
    const percent = t('progress.percent', { percent: view.percent ?? 0 });
    setProgress(byId('connect-progress', HTMLElement), view.percent, percent);
    const { reason, retry } = view;
    const details = retry === null ? null : (reason?.details ?? null);
    this.#remedy.render({ items: reason?.items ?? [], retry, details });
    setText(byId('connect-again', HTMLElement), t(retry === null ? 'action.connect' : 'action.retry'));
  }

  /**
   * @param {ConnectView} view
   * @param {Model} model
   */
  #renderDone({ panel }, { status }) {
    const account = status?.account ?? null;
    const words = account === null ? null : accountWords(account);
    setText(byId('done-name', HTMLElement), words?.name ?? '');
    setText(byId('done-line', HTMLElement), words?.line ?? '');
    if (panel === 'done' && this.isOpen) {
      this.#closing ??= setTimeout(() => this.close(), DONE_MS);
    } else {
      clearTimeout(this.#closing);
      this.#closing = undefined;
    }
  }

  /** @param {'qr' | 'phone'} way */
  #choose(way) {
    this.#way = way;
    this.#refresh();
  }

  /** WhatsApp gives no QR while a pairing code is good; a restart of the browser ends that. */
  #backFromCode() {
    this.#choose('qr');
    this.#handlers.restart();
  }

  /**
   * @param {string} id
   * @param {() => void} handler
   */
  #onClick(id, handler) {
    byId(id, HTMLButtonElement).addEventListener('click', handler);
  }
}
