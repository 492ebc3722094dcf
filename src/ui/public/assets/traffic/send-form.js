import { announce } from '../js/announce.js';
import { byId, setOptional, setText } from '../js/dom.js';
import { t } from '../js/i18n.js';
import { RequestError } from '../js/request.js';

/** @import { Gateway } from '../js/gateway.js' */

/** Errors that are about the number and stand beside it. */
const ABOUT_NUMBER = ['invalid_recipient', 'unknown_number'];

/** @typedef {{ field: 'to' | 'text' | 'form', words: () => string }} Complaint */

/** Sends a text, to see that messages flow. */
export class SendForm {
  #gateway;
  #sent;
  #to = byId('send-to', HTMLInputElement);
  #text = byId('send-text', HTMLTextAreaElement);
  #submit = byId('send-submit', HTMLButtonElement);
  #busy = false;
  /** One for what is written now: sent again after a lost answer, it is the same message. */
  #key = newKey();
  /** @type {Complaint | null} */
  #complaint = null;

  /**
   * @param {Gateway} gateway
   * @param {() => void} sent
   */
  constructor(gateway, sent) {
    this.#gateway = gateway;
    this.#sent = sent;
    byId('send-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#send();
    });
    for (const field of [this.#to, this.#text]) {
      field.addEventListener('input', () => {
        this.#key = newKey();
        this.#complain(null);
      });
    }
  }

  render() {
    setText(this.#submit, t(this.#busy ? 'send.busy' : 'send.submit'));
    this.#submit.ariaDisabled = String(this.#busy);
    const complaint = this.#complaint;
    for (const field of /** @type {const} */ (['to', 'text', 'form'])) {
      const words = complaint?.field === field ? complaint.words() : null;
      setOptional(byId(`send-${field}-error`, HTMLElement), words);
    }
    this.#to.ariaInvalid = String(complaint?.field === 'to');
    this.#text.ariaInvalid = String(complaint?.field === 'text');
  }

  clear() {
    this.#to.value = '';
    this.#text.value = '';
    this.#complain(null);
  }

  async #send() {
    if (this.#busy) return;
    const to = this.#to.value.trim();
    const text = this.#text.value;
    if (to === '') return this.#complain({ field: 'to', words: () => t('send.to.empty') });
    if (text.trim() === '') return this.#complain({ field: 'text', words: () => t('send.text.empty') });
    this.#busy = true;
    this.#complain(null);
    try {
      const body = { to, type: 'text', text };
      await this.#gateway.ask('POST', '/api/messages', { body, idempotencyKey: this.#key });
      this.#text.value = '';
      this.#key = newKey();
      announce(t('outbox.accepted'));
      this.#sent();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const field = ABOUT_NUMBER.includes(error.code) ? 'to' : 'form';
      if (error.code !== 'unauthorized') {
        this.#complain({ field, words: () => t('notice.failed', { what: error.words }) });
      }
    } finally {
      this.#busy = false;
      this.render();
    }
  }

  /** @param {Complaint | null} complaint */
  #complain(complaint) {
    this.#complaint = complaint;
    this.render();
    if (complaint?.field === 'to') this.#to.focus();
    if (complaint?.field === 'text') this.#text.focus();
  }
}

/** `crypto.randomUUID` exists only on https and localhost. */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16)).join('-');
}
