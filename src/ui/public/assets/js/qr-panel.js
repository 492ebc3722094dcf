import { byId, part, setText, show } from './dom.js';
import { formatSpan } from './format.js';
import { t } from './i18n.js';

/** Pixels that the gateway draws a module with. */
const DRAWN = 6;

/** @import { Countdowns } from './countdown.js' */
/** @import { StatusBody } from '../../../../session/status.ts' */

/**
 * The QR with its countdown. It is kept drawn while the dialog is closed, so that it is there at the press
 * of Connect; one that has expired, or whose gateway does not answer, is never shown as a good one.
 */
export class QrPanel {
  #root = byId('qr', HTMLElement);
  #image = byId('qr-image', HTMLImageElement);
  #frame = part(this.#root, '.qr-frame', HTMLElement);
  #bar = byId('qr-bar', HTMLElement);
  #countdowns;

  /** @param {Countdowns} countdowns */
  constructor(countdowns) {
    this.#countdowns = countdowns;
    this.#image.addEventListener('load', () => this.#fit());
    new ResizeObserver(() => this.#fit()).observe(this.#frame);
  }

  /** @param {StatusBody | null} status */
  render(status) {
    const qr = status?.qr ?? null;
    const source = qr === null ? null : (status?.qrCode ?? null);
    show(this.#image, source !== null);
    if (source === null) this.#image.removeAttribute('src');
    else if (this.#image.getAttribute('src') !== source) this.#image.src = source;
    setText(byId('qr-attempt', HTMLElement), qr === null ? '' : t('qr.attempt', { attempt: qr.attempt }));
    const lifetime = qr === null ? 0 : Date.parse(qr.expiresAt) - Date.parse(qr.issuedAt);
    this.#countdowns.run('qr', qr?.expiresAt ?? null, (msLeft) => {
      this.#renderTime(source === null ? 0 : msLeft, lifetime);
    });
  }

  /**
   * @param {number} msLeft
   * @param {number} lifetime milliseconds from issue to expiry
   */
  #renderTime(msLeft, lifetime) {
    const isGood = msLeft > 0;
    this.#root.toggleAttribute('data-expired', !isGood);
    this.#image.alt = t(isGood ? 'qr.alt' : 'qr.alt.expired');
    const left = isGood && lifetime > 0 ? Math.min(1, msLeft / lifetime) : 0;
    this.#bar.style.transform = `scaleX(${left.toFixed(4)})`;
    const words = isGood ? t('qr.expires', { time: formatSpan(msLeft) }) : t('qr.expired');
    setText(byId('qr-expiry', HTMLElement), words);
  }

  /** Every module a whole number of the screen's pixels: sharp edges, whatever the screen. */
  #fit() {
    const modules = this.#image.naturalWidth / DRAWN;
    if (modules === 0 || this.#frame.clientWidth === 0) return;
    const pixels = Math.floor((this.#frame.clientWidth * devicePixelRatio) / modules) / devicePixelRatio;
    this.#image.style.width = pixels === 0 ? '100%' : `${modules * pixels}px`;
  }
}
