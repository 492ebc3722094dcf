import { byId, part, setText, show } from './dom.js';

/** @import { Model } from './store.js' */

/** What went wrong with the last command: on the page, and in the Connect dialog while that covers the page. */
export class Notices {
  #places = [byId('notice', HTMLElement), byId('connect-notice', HTMLElement)];

  /** @param {() => void} dismiss */
  constructor(dismiss) {
    byId('notice-dismiss', HTMLButtonElement).addEventListener('click', dismiss);
  }

  /** @param {Model} model */
  render({ notice }) {
    for (const place of this.#places) {
      show(place, notice !== null);
      setText(part(place, '.notice-text', HTMLElement), notice?.() ?? '');
    }
  }
}
