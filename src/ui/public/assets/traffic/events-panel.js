import { byId, part, setText, show } from '../js/dom.js';
import { currentLanguage, t } from '../js/i18n.js';
import { EventFeed, KEPT, TYPES } from './event-feed.js';
import { eventJson, eventWords } from './event-words.js';
import { copyOf, showRows } from './rows.js';

/** @import { JournalEvent } from '../../../../events/event.ts' */
/** @import { Gateway } from '../js/gateway.js' */

/** How many events of the past a page begins with. */
const EARLIER = 50;

/** Beyond every event: asks only for where the journal ends. */
const END = Number.MAX_SAFE_INTEGER;

/** What happens, as it happens. */
export class EventsPanel {
  #gateway;
  #feed = new EventFeed();
  #type = byId('event-type', HTMLSelectElement);
  #pause = byId('event-pause', HTMLButtonElement);
  #list = byId('events', HTMLElement);
  #visible = false;
  #drawing = false;
  #language = '';

  /** @param {Gateway} gateway */
  constructor(gateway) {
    this.#gateway = gateway;
    this.#type.append(...TYPES.map((type) => new Option(type, type)));
    this.#type.addEventListener('change', () => this.render());
    this.#pause.addEventListener('click', () => {
      if (this.#feed.paused) this.#feed.resume();
      else this.#feed.pause();
      this.render();
    });
  }

  /** @param {JournalEvent} event */
  add(event) {
    this.#feed.add(event);
    this.#draw();
  }

  /**
   * Begins with the newest of what has happened already.
   * @throws {RequestError}
   */
  async load() {
    const { lastSeq } = await this.#gateway.ask('GET', `/api/events?limit=1&since=${END}`);
    const since = Math.max(0, Number(lastSeq) - EARLIER);
    const { events } = await this.#gateway.ask('GET', `/api/events?limit=${EARLIER}&since=${since}`);
    this.#gateway.knowsEventsUpTo(Number(lastSeq));
    this.#feed.addEarlier(/** @type {JournalEvent[]} */ (events));
    this.render();
  }

  clear() {
    this.#feed.clear();
    this.render();
  }

  /** @param {boolean} visible */
  setVisible(visible) {
    this.#visible = visible;
    this.render();
  }

  render() {
    if (!this.#visible) return;
    const type = this.#type.value;
    const events = this.#feed.visible(type);
    if (this.#language !== currentLanguage()) this.#list.replaceChildren();
    this.#language = currentLanguage();
    showRows(this.#list, events, { keyOf: ({ id }) => id, make: eventRow });
    show(byId('events-empty', HTMLElement), events.length === 0);
    setText(byId('events-kept', HTMLElement), t('events.kept', { count: KEPT }));
    const { paused } = this.#feed;
    const count = this.#feed.waiting(type);
    setText(this.#pause, paused ? t('events.resume', { count }) : t('events.pause'));
    this.#pause.toggleAttribute('data-paused', paused);
  }

  /** A burst is drawn once. */
  #draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.render();
    });
  }
}

/** @param {JournalEvent} event */
function eventRow(event) {
  const row = copyOf(byId('event-template', HTMLTemplateElement));
  const { who, what } = eventWords(event);
  row.dataset['type'] = event.type;
  const time = part(row, 'time', HTMLTimeElement);
  time.dateTime = event.timestamp;
  setText(time, clockTime(event.timestamp));
  setText(part(row, '.event-type', HTMLElement), event.type);
  setText(part(row, '.event-who', HTMLElement), who);
  setText(part(row, '.event-what', HTMLElement), what);
  const replayed = part(row, '.event-replayed', HTMLElement);
  show(replayed, event.replayed);
  setText(replayed, t('events.replayed'));
  const details = part(row, 'details', HTMLDetailsElement);
  details.addEventListener('toggle', () => setText(part(row, 'pre', HTMLElement), eventJson(event)));
  return row;
}

/** @param {string} iso */
function clockTime(iso) {
  return new Intl.DateTimeFormat(currentLanguage(), { timeStyle: 'medium' }).format(new Date(iso));
}
