import { announce } from '../js/announce.js';
import { byId, keepingFocus, part, setOptional, setText, show } from '../js/dom.js';
import { formatMoment } from '../js/format.js';
import { currentLanguage, t } from '../js/i18n.js';
import { RequestError } from '../js/request.js';
import { statusWords } from './event-words.js';
import { chips, rowView, withChange, withMove } from './outbox-view.js';
import { copyOf, showRows } from './rows.js';

/** @import { JournalEvent } from '../../../../events/event.ts' */
/** @import { MessageStatus } from '../../../../messages/message.ts' */
/** @import { Gateway } from '../js/gateway.js' */
/** @import { Store } from '../js/store.js' */
/** @import { Chip, Message, RowView } from './outbox-view.js' */

const PAGE = 20;

/** The most that the gateway gives at once. */
const MOST = 200;

const ACTIONS = /** @type {const} */ ([
  { action: 'cancel', words: 'outbox.cancel', label: 'outbox.cancelLabel' },
  { action: 'retry', words: 'outbox.retry', label: 'outbox.retryLabel' },
]);

/** The messages of the outbox, newest first. */
export class OutboxPanel {
  #gateway;
  #store;
  #outdated;
  #list = byId('outbox', HTMLElement);
  #more = byId('outbox-more', HTMLButtonElement);
  /** @type {Message[]} */
  #messages = [];
  /** @type {Partial<Record<MessageStatus, number>>} */
  #counts = {};
  /** @type {MessageStatus | null} */
  #chosen = null;
  /** @type {string | null} */
  #cursor = null;
  /** Counts the lists that were begun: an answer for a list before is of no use any more. */
  #begun = 0;
  /** @type {Set<string>} messages that something is being done about */
  #busy = new Set();

  /**
   * @param {Gateway} gateway
   * @param {Store} store
   * @param {() => void} outdated what is shown may not be all
   */
  constructor(gateway, store, outdated) {
    this.#gateway = gateway;
    this.#store = store;
    this.#outdated = outdated;
    this.#more.addEventListener('click', () => void this.#loadMore());
  }

  /**
   * Loads what is shown anew.
   * @throws {RequestError}
   */
  async load() {
    const begun = this.#begun;
    const limit = Math.min(MOST, Math.max(PAGE, this.#messages.length));
    const page = await this.#ask(limit, null);
    if (begun !== this.#begun) return;
    const fresh = new Set(page.messages.map(({ id }) => id));
    // What is further down than was asked for, also what a person has had shown meanwhile.
    const rest = this.#messages.slice(limit).filter(({ id }) => !fresh.has(id));
    this.#messages = [...page.messages, ...rest];
    if (rest.length === 0) this.#cursor = page.nextCursor;
    this.#counts = page.counts;
    this.render();
  }

  /** @param {JournalEvent} event */
  hear({ type, data, timestamp }) {
    if (type !== 'message.status') return;
    const change = /** @type {JournalEvent<'message.status'>['data']} */ (data);
    const before = this.#messages.find(({ id }) => id === change.id);
    this.#messages = withChange(this.#messages, change, timestamp);
    const after = this.#messages.find(({ id }) => id === change.id);
    if (before !== undefined && after !== undefined && before !== after) {
      this.#counts = withMove(this.#counts, before.status, after.status);
    }
    this.render();
    this.#outdated();
  }

  clear() {
    this.#begun += 1;
    this.#messages = [];
    this.#counts = {};
    this.#cursor = null;
    this.render();
  }

  render() {
    const heading = byId('traffic-heading', HTMLElement);
    keepingFocus(byId('panel-messages', HTMLElement), heading, () => this.#show());
  }

  #show() {
    const rows = this.#messages.map((message) => rowView(message, Date.now()));
    showRows(this.#list, rows, {
      keyOf: ({ id }) => id,
      make: (view) => this.#makeRow(view),
      fill: (element, view) => this.#fillRow(element, view),
    });
    const isEmpty = rows.length === 0;
    show(byId('outbox-empty', HTMLElement), isEmpty);
    setText(byId('outbox-empty', HTMLElement), t(this.#chosen === null ? 'outbox.empty' : 'outbox.none'));
    show(this.#more, this.#cursor !== null);
    const states = chips(this.#counts, this.#chosen);
    show(byId('outbox-states', HTMLElement), states.length > 1);
    showRows(byId('outbox-states', HTMLElement), states, {
      keyOf: ({ status }) => status ?? 'all',
      make: (chip) => this.#makeChip(chip),
      fill: fillChip,
    });
  }

  /** @param {Chip} chip */
  #makeChip({ status }) {
    const button = copyOf(byId('chip-template', HTMLTemplateElement));
    button.addEventListener('click', () => {
      this.#begun += 1;
      this.#chosen = status;
      this.#messages = [];
      this.#cursor = null;
      void this.#trying(() => this.load());
    });
    return button;
  }

  /** @param {RowView} view */
  #makeRow({ id }) {
    const row = copyOf(byId('message-template', HTMLTemplateElement));
    part(row, '.message-cancel', HTMLButtonElement).addEventListener('click', () => {
      void this.#act(id, async () => {
        await this.#gateway.ask('DELETE', `/api/messages/${id}`);
        announce(t('outbox.cancelled'));
      });
    });
    part(row, '.message-retry', HTMLButtonElement).addEventListener('click', () => {
      void this.#act(id, async () => {
        // One key for one message: pressed twice, or here and in another tab, it is sent again once.
        const idempotencyKey = `page-retry-${id}`;
        await this.#gateway.ask('POST', `/api/messages/${id}/retry`, { idempotencyKey });
        announce(t('outbox.accepted'));
      });
    });
    return row;
  }

  /**
   * @param {HTMLElement} row
   * @param {RowView} view
   */
  #fillRow(row, view) {
    const moment = (/** @type {string} */ iso) => formatMoment(iso, currentLanguage(), new Date());
    row.dataset['tone'] = view.tone;
    setText(part(row, '.message-to', HTMLElement), view.to);
    setText(part(row, '.message-kind', HTMLElement), t(view.kind));
    setText(part(row, '.badge', HTMLElement), statusWords(view.status));
    const steps = view.steps.map(({ status, at }) => `${statusWords(status)} ${moment(at)}`);
    setText(part(row, '.message-steps', HTMLElement), steps.join(' → '));
    const { waitsUntil, reason } = view;
    setOptional(
      part(row, '.message-waits', HTMLElement),
      waitsUntil === null ? null : t('outbox.waitsUntil', { time: moment(waitsUntil) }),
    );
    const words = reason === null || reason.words === null ? null : t(reason.words);
    setOptional(part(row, '.message-reason', HTMLElement), words);
    setOptional(part(row, '.message-details', HTMLElement), reason?.details ?? null);
    for (const { action, words, label } of ACTIONS) {
      const button = part(row, `.message-${action}`, HTMLButtonElement);
      show(button, view.action === action);
      setText(button, t(words));
      button.ariaLabel = t(label, { to: view.to });
      button.ariaDisabled = String(this.#busy.has(view.id));
    }
  }

  /**
   * @param {string} id
   * @param {() => Promise<void>} work
   */
  async #act(id, work) {
    if (this.#busy.has(id)) return;
    this.#busy.add(id);
    this.render();
    await this.#trying(work);
    this.#busy.delete(id);
    this.render();
    this.#outdated();
  }

  async #loadMore() {
    const begun = this.#begun;
    await this.#trying(async () => {
      const page = await this.#ask(PAGE, this.#cursor);
      if (begun !== this.#begun) return;
      const known = new Set(this.#messages.map(({ id }) => id));
      const news = page.messages.filter(({ id }) => !known.has(id));
      this.#messages = [...this.#messages, ...news];
      this.#cursor = page.nextCursor;
      this.#counts = page.counts;
      this.render();
    });
  }

  /** @param {() => Promise<void>} work what a person asked for: they hear when it fails */
  async #trying(work) {
    this.#store.set({ notice: null });
    try {
      await work();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (error.code !== 'unauthorized') {
        this.#store.set({ notice: () => t('notice.failed', { what: error.words }) });
      }
    }
  }

  /**
   * @param {number} limit
   * @param {string | null} cursor
   */
  async #ask(limit, cursor) {
    const query = new URLSearchParams({ limit: String(limit) });
    if (this.#chosen !== null) query.set('status', this.#chosen);
    if (cursor !== null) query.set('cursor', cursor);
    const answer = await this.#gateway.ask('GET', `/api/messages?${query}`);
    return /** @type {{ messages: Message[], counts: Record<string, number>, nextCursor: string | null }} */ (
      /** @type {unknown} */ (answer)
    );
  }
}

/**
 * @param {HTMLElement} button
 * @param {Chip} chip
 */
function fillChip(button, { status, count, pressed }) {
  setText(part(button, '.chip-words', HTMLElement), status === null ? t('outbox.all') : statusWords(status));
  setText(part(button, '.chip-count', HTMLElement), String(count));
  button.ariaPressed = String(pressed);
}
