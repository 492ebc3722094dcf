import { byId, catchFocusAfter, setText, show } from './dom.js';
import { t } from './i18n.js';

/** @import { Model } from './store.js' */

/** Asks for the API key when the gateway wants one. */
export class KeyPrompt {
  #dialog = byId('key-dialog', HTMLDialogElement);
  #input = byId('key-input', HTMLInputElement);
  #error = byId('key-error', HTMLElement);
  /** @type {Model['link'] | null} */
  #link = null;

  /** @param {(key: string) => void} useKey */
  constructor(useKey) {
    byId('key-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const key = this.#input.value.trim();
      if (key === '') this.#complain(t('key.empty'));
      else useKey(key);
    });
    catchFocusAfter(this.#dialog);
    byId('key-cancel', HTMLButtonElement).addEventListener('click', () => this.#dialog.close());
    this.#input.addEventListener('input', () => this.#complain(null));
    this.#dialog.addEventListener('close', () => {
      this.#input.value = '';
      this.#complain(null);
    });
  }

  open() {
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /** @param {Model} model */
  render({ link, keyRefused }) {
    const isChecking = link === 'connecting' && this.#dialog.open;
    setText(byId('key-submit', HTMLButtonElement), t(isChecking ? 'key.checking' : 'key.submit'));
    const before = this.#link;
    this.#link = link;
    if (link === 'online') this.#dialog.close();
    if (link !== 'locked' || before === 'locked') return;
    this.open();
    this.#complain(keyRefused ? t('key.wrong') : null);
    this.#input.select();
  }

  /** @param {string | null} text */
  #complain(text) {
    setText(this.#error, text ?? '');
    show(this.#error, text !== null);
    this.#input.setAttribute('aria-invalid', String(text !== null));
  }
}
