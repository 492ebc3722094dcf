import { copyOnPress } from './copy.js';
import { byId, setOptional, setText, show } from './dom.js';
import { formatCode, formatPhone, formatSpan, phoneDigits } from './format.js';
import { t } from './i18n.js';

/** @import { Countdowns } from './countdown.js' */
/** @import { Model } from './store.js' */

/** Linking without a camera: the phone number goes in, a code comes out. */
export class Pairing {
  #input = byId('phone-number', HTMLInputElement);
  #error = byId('phone-error', HTMLElement);
  #countdowns;
  /** @type {string | null} */
  #asked = null;

  /**
   * @param {Countdowns} countdowns
   * @param {(phoneNumber: string) => void} request
   */
  constructor(countdowns, request) {
    this.#countdowns = countdowns;
    byId('phone-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit(request);
    });
    this.#input.addEventListener('input', () => this.#complain(null));
    copyOnPress(byId('code-copy', HTMLButtonElement), byId('code-value', HTMLElement));
  }

  focus() {
    this.#input.focus();
  }

  /** @param {Model} model */
  render({ status, pending }) {
    const isAsking = pending === 'pairing-code';
    const submit = byId('phone-submit', HTMLButtonElement);
    setText(submit, t(isAsking ? 'phone.busy' : 'phone.submit'));
    submit.toggleAttribute('data-busy', isAsking);
    this.#renderCode(status?.pairing ?? null);
  }

  /** @param {{ code: string | null, expiresAt: string } | null} pairing */
  #renderCode(pairing) {
    const code = formatCode(pairing?.code ?? '');
    setText(byId('code-value', HTMLElement), code);
    // One letter at a time: read as a word, nobody can type it.
    const letters = [...code.replace('-', '')].join(', ');
    setText(byId('code-spelled', HTMLElement), t('code.spelled', { letters }));
    const phone = this.#asked;
    setOptional(
      byId('code-for', HTMLElement),
      phone === null ? null : `${t('code.for', { phone: formatPhone(phone) })} ·`,
    );
    this.#countdowns.run('code', pairing?.expiresAt ?? null, (msLeft) => {
      const words = msLeft > 0 ? t('code.expires', { time: formatSpan(msLeft) }) : t('code.expired');
      setText(byId('code-expiry', HTMLElement), words);
    });
  }

  /** @param {(phoneNumber: string) => void} request */
  #submit(request) {
    if (byId('phone-submit', HTMLButtonElement).hasAttribute('data-busy')) return;
    const digits = phoneDigits(this.#input.value);
    this.#complain(digits === null ? t('phone.invalid') : null);
    if (digits === null) {
      this.#input.focus();
      return;
    }
    this.#asked = digits;
    request(digits);
  }

  /** @param {string | null} text */
  #complain(text) {
    setText(this.#error, text ?? '');
    show(this.#error, text !== null);
    this.#input.setAttribute('aria-invalid', String(text !== null));
  }
}
