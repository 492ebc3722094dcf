import { byId, setText, show } from '../js/dom.js';
import { t, translate } from '../js/i18n.js';
import { reasonWords } from '../js/reason-words.js';
import { Remedy } from '../js/remedy.js';
import { RequestError } from '../js/request.js';
import { EventsPanel } from './events-panel.js';
import { OutboxPanel } from './outbox-panel.js';
import { SendForm } from './send-form.js';
import { Tabs } from './tabs.js';

/** @import { Countdowns } from '../js/countdown.js' */
/** @import { Gateway } from '../js/gateway.js' */
/** @import { Model, Store } from '../js/store.js' */

/** @typedef {{ code: string, message: string, action: string | null }} Failure */

/** A burst of news is one look at the list. */
const SOON_MS = 500;

/** While the storage is not right. The gateway looks again as often. */
const AGAIN_MS = 3000;

/** What is accepted while WhatsApp is away is no news yet: the list is looked at from time to time. */
const LOOK_MS = 10_000;

/** Messages and events below the card; hidden where there is no key or no messages. */
class Traffic {
  #store;
  #tabs;
  #outbox;
  #events;
  #form;
  #remedy;
  /** @type {number | undefined} */
  #timer;
  #loading = false;
  #again = false;
  #isOpen = false;
  /** @type {Model['link'] | null} */
  #link = null;
  /** @type {Failure | null} */
  #failure = null;

  /** @param {{ gateway: Gateway, store: Store, countdowns: Countdowns }} parts */
  constructor({ gateway, store, countdowns }) {
    this.#store = store;
    const soon = () => this.#lookIn(SOON_MS);
    this.#outbox = new OutboxPanel(gateway, store, soon);
    this.#events = new EventsPanel(gateway);
    this.#form = new SendForm(gateway, () => this.#lookIn(0));
    this.#remedy = new Remedy('traffic-remedy', countdowns);
    // The page's own words were there before this.
    translate(byId('traffic', HTMLElement));
    this.#tabs = new Tabs(['messages', 'events'], () => this.#render());
    gateway.showTraffic({
      event: (event) => {
        this.#events.add(event);
        this.#outbox.hear(event);
        if (this.#failure !== null) this.#lookIn(0);
      },
      unavailable: (failure) => this.#fail(failure),
    });
    setInterval(() => {
      if (this.#isOpen && this.#tabs.chosen === 'messages' && !document.hidden) soon();
    }, LOOK_MS);
    store.subscribe((model) => this.#follow(model));
    this.#follow(store.model);
  }

  /** @param {Model} model */
  #follow({ link }) {
    const before = this.#link;
    this.#link = link;
    if (link === 'online' && before !== 'online') this.#lookIn(0);
    if (link === 'locked' && before !== 'locked') this.#close();
    this.#render();
  }

  /** Whoever has no key sees nothing of what was there. */
  #close() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isOpen = false;
    this.#failure = null;
    this.#outbox.clear();
    this.#events.clear();
    this.#form.clear();
  }

  /** @param {number} ms */
  #lookIn(ms) {
    if (this.#loading) this.#again = true;
    else if (ms === 0 || this.#timer === undefined) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#look(), ms);
    }
  }

  async #look() {
    this.#timer = undefined;
    if (this.#link !== 'online') return;
    this.#loading = true;
    try {
      await this.#outbox.load();
      if (!this.#isOpen || this.#failure !== null) await this.#events.load();
      this.#failure = null;
      this.#isOpen = this.#isOnline();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (error.code.startsWith('storage_')) this.#fail({ code: error.code, ...error.said });
      // A gateway without messages has no such address; one that is gone is told by the card.
      else if (error.code !== 'not_found' && error.code !== 'unauthorized') this.#timer = this.#retry();
    } finally {
      this.#loading = false;
    }
    if (this.#again) {
      this.#again = false;
      this.#lookIn(SOON_MS);
    }
    this.#render();
  }

  #isOnline() {
    return this.#store.model.link !== 'locked';
  }

  /** @param {Failure} failure */
  #fail(failure) {
    this.#failure = failure;
    this.#isOpen = this.#isOnline();
    this.#timer ??= this.#retry();
    this.#render();
  }

  #retry() {
    return setTimeout(() => void this.#look(), AGAIN_MS);
  }

  #render() {
    show(byId('traffic', HTMLElement), this.#isOpen);
    const failure = this.#failure;
    const words = failure === null ? null : reasonWords(failure);
    show(byId('traffic-trouble', HTMLElement), words !== null);
    show(byId('traffic-panels', HTMLElement), words === null);
    if (words !== null) {
      setText(byId('traffic-trouble-title', HTMLElement), t(words.title));
      setText(byId('traffic-trouble-text', HTMLElement), t(words.hint));
    }
    this.#remedy.render({ items: words?.items ?? [], retry: null, details: words?.details ?? null });
    this.#outbox.render();
    this.#form.render();
    this.#events.setVisible(this.#tabs.chosen === 'events');
  }
}

/** @param {{ gateway: Gateway, store: Store, countdowns: Countdowns }} parts */
export function showTraffic(parts) {
  return new Traffic(parts);
}
