import { byId, catchFocusAfter } from './dom.js';

/** Asks before the login is removed. */
export class LogoutDialog {
  #dialog = byId('logout-dialog', HTMLDialogElement);
  #told = byId('logout-told', HTMLElement);
  #untold = byId('logout-untold', HTMLElement);

  /** @param {() => void} logOut */
  constructor(logOut) {
    catchFocusAfter(this.#dialog);
    byId('logout-cancel', HTMLButtonElement).addEventListener('click', () => this.#dialog.close());
    byId('logout-confirm', HTMLButtonElement).addEventListener('click', () => {
      this.#dialog.close();
      logOut();
    });
  }

  /** @param {boolean} isLinked whether WhatsApp can be told of it now */
  render(isLinked) {
    this.#told.hidden = !isLinked;
    this.#untold.hidden = isLinked;
  }

  open() {
    this.#dialog.showModal();
  }

  close() {
    this.#dialog.close();
  }
}
