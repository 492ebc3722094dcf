import { copyOnPress } from './copy.js';
import { byId, part, setText, show } from './dom.js';
import { formatSpan } from './format.js';
import { t, translate } from './i18n.js';

/** @import { Countdowns } from './countdown.js' */
/** @import { RemedyItem } from './remedies-in.js' */
/** @import { RetryView } from './status-view.js' */

/** What to type, when the gateway tries again, and its own words: on the card and in the Connect dialog. */
export class Remedy {
  #root;
  #countdowns;
  #name;
  #items = '';

  /**
   * @param {string} placeId the element that it is put into
   * @param {Countdowns} countdowns
   */
  constructor(placeId, countdowns) {
    const template = byId('remedy-template', HTMLTemplateElement);
    const place = byId(placeId, HTMLElement);
    place.append(template.content.cloneNode(true));
    this.#root = part(place, '.remedy', HTMLElement);
    this.#countdowns = countdowns;
    this.#name = placeId;
  }

  /** @param {{ items: RemedyItem[], retry: RetryView | null, details: string | null }} view */
  render({ items, retry, details }) {
    show(this.#root, items.length > 0 || retry !== null || details !== null);
    this.#renderItems(items);
    this.#renderRetry(retry);
    show(part(this.#root, 'details', HTMLElement), details !== null);
    setText(part(this.#root, '.details-text', HTMLElement), details ?? '');
  }

  /** @param {RemedyItem[]} items */
  #renderItems(items) {
    const list = part(this.#root, '.ways', HTMLElement);
    show(list, items.length > 0);
    const key = JSON.stringify(items);
    if (key !== this.#items) {
      this.#items = key;
      list.replaceChildren(...items.map(wayOut));
    }
  }

  /** @param {RetryView | null} retry */
  #renderRetry(retry) {
    const line = part(this.#root, '.retry', HTMLElement);
    const timer = part(line, 'span', HTMLElement);
    show(line, retry !== null);
    this.#countdowns.run(this.#name, retry?.at ?? null, (msLeft) => {
      const kind = retry?.words ?? 'retry';
      setText(timer, msLeft > 0 ? t(`${kind}.in`, { time: formatSpan(msLeft) }) : t(`${kind}.now`));
    });
    if (retry !== null && retry.at === null) setText(timer, t('recheck.never'));
  }
}

/**
 * @param {RemedyItem} item
 * @param {number} index
 * @param {RemedyItem[]} items
 */
function wayOut({ kind, text }, index, items) {
  const item = document.importNode(byId('way-template', HTMLTemplateElement).content, true);
  const where = part(item, '.way-where', HTMLElement);
  where.dataset['t'] = `remedy.${kind}`;
  show(where, items[index - 1]?.kind !== kind);
  show(part(item, '.way-or', HTMLElement), index > 0);
  translate(item);
  const code = part(item, 'code', HTMLElement);
  code.textContent = text;
  copyOnPress(part(item, 'button', HTMLButtonElement), code);
  return item;
}
