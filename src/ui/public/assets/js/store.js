/** @import { StatusBody } from '../../../../session/status.ts' */

/**
 * @typedef {'connect' | 'disconnect' | 'restart' | 'logout' | 'pairing-code'} Command
 *
 * @typedef {() => string} Notice what the person is told besides the status, in the language of the moment
 *
 * @typedef {object} Model everything that the page shows
 * @property {'connecting' | 'online' | 'offline' | 'locked'} link how the page stands with the gateway
 * @property {StatusBody | null} status what the gateway said last; null whenever it cannot be trusted any more
 * @property {Command | null} pending the command that waits for its answer
 * @property {boolean} keyRefused whether the key that was entered is wrong
 * @property {string | null} version of the gateway
 * @property {Notice | null} notice
 */

/** Holds the one model and tells who listens of every change. */
export class Store {
  /** @type {Model} */
  #model = {
    link: 'connecting',
    status: null,
    pending: null,
    keyRefused: false,
    version: null,
    notice: null,
  };

  /** @type {((model: Model) => void)[]} */
  #listeners = [];

  get model() {
    return this.#model;
  }

  /** @param {Partial<Model>} change */
  set(change) {
    this.#model = { ...this.#model, ...change };
    this.publish();
  }

  /** Shows the model anew, as after a change of the language. */
  publish() {
    for (const listener of this.#listeners) listener(this.#model);
  }

  /** @param {(model: Model) => void} listener */
  subscribe(listener) {
    this.#listeners.push(listener);
  }
}
