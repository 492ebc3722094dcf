import { byId, catchFocusAfter } from './dom.js';

/** Asks before the login is removed. */
export class LogoutDialog {
  #dialog = byId('logout-dialog', HTMLDialogElement);

  /** @param {() => void} logOut */
  constructor(logOut) {
    catchFocusAfter(this.#dialog);
    byId('logout-cancel', HTMLButtonElement).addEventListener('click', () => this.#dialog.close());
    byId('logout-confirm', HTMLButtonElement).addEventListener('click', () => {
      this.#dialog.close();
      logOut();
    });
  }

  open() {
    this.#dialog.showModal();
  }

  close() {
    this.#dialog.close();
  }
}
