/** @import { JournalEvent } from '../../../../events/event.ts' */
/** @import { EventType } from '../../../../events/types.ts' */

/** How many events the page keeps. All are in the journal; a page that kept them would grow for ever. */
export const KEPT = 200;

/**
 * What can be looked at alone.
 * @type {EventType[]}
 */
export const TYPES = [
  'message',
  'message.status',
  'message.ack',
  'message.edited',
  'message.revoked',
  'message.reaction',
  'message.stuck',
  'poll.vote',
  'group.join',
  'group.leave',
  'group.update',
  'group.admin',
  'group.request',
  'call',
  'session.status',
];

/** The newest events, each once; while paused, what comes is held back and counted. */
export class EventFeed {
  /** @type {JournalEvent[]} newest first */
  #shown = [];
  /** @type {JournalEvent[]} newest first */
  #held = [];
  /** @type {Map<string, number>} how many of a type came while paused, kept or not */
  #waiting = new Map();
  #paused = false;

  get paused() {
    return this.#paused;
  }

  /** @param {JournalEvent} event that has just come */
  add(event) {
    if (this.#knows(event)) return;
    if (!this.#paused) {
      this.#shown = [event, ...this.#shown].slice(0, KEPT);
      return;
    }
    this.#held = [event, ...this.#held].slice(0, KEPT);
    this.#waiting.set(event.type, (this.#waiting.get(event.type) ?? 0) + 1);
  }

  /**
   * What happened before the page was opened.
   * @param {readonly JournalEvent[]} events oldest first, as the journal gives them
   */
  addEarlier(events) {
    const news = events.filter((event) => !this.#knows(event)).reverse();
    this.#shown = [...this.#shown, ...news].slice(0, KEPT);
  }

  pause() {
    this.#paused = true;
  }

  /** Shows what has come meanwhile. */
  resume() {
    this.#paused = false;
    this.#shown = [...this.#held, ...this.#shown].slice(0, KEPT);
    this.#held = [];
    this.#waiting.clear();
  }

  clear() {
    this.#shown = [];
    this.#held = [];
    this.#waiting.clear();
  }

  /**
   * @param {string} type a type of event, or '' for all
   * @returns {JournalEvent[]} newest first
   */
  visible(type) {
    return type === '' ? this.#shown : this.#shown.filter((event) => event.type === type);
  }

  /**
   * How many came while paused.
   * @param {string} type a type of event, or '' for all
   */
  waiting(type) {
    if (type !== '') return this.#waiting.get(type) ?? 0;
    return [...this.#waiting.values()].reduce((sum, count) => sum + count, 0);
  }

  /** @param {JournalEvent} event */
  #knows({ id }) {
    return [...this.#held, ...this.#shown].some((known) => known.id === id);
  }
}
