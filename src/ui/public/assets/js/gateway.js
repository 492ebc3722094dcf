import { io } from '/whatsapp/assets/socket.io.esm.min.js';

import { t } from './i18n.js';
import { ask, RequestError } from './request.js';
import { recall, remember } from './storage.js';

/** @import { Store, Command } from './store.js' */
/** @import { GatewayClock } from './clock.js' */
/** @import { JournalEvent } from '../../../../events/event.ts' */
/** @import { StatusReason } from '../../../../session/status.ts' */

/**
 * @typedef {object} TrafficListener who shows messages and events
 * @property {(event: JournalEvent) => void} event
 * @property {(failure: Pick<StatusReason, 'message' | 'action'> & { code: string }) => void} unavailable
 */

const KEY = 'gateway.apiKey';
const RETRY_MS = 2000;

/** The page's line to the gateway: the status comes over Socket.IO, commands go over REST. */
export class Gateway {
  #store;
  #clock;
  #socket;
  /** @type {string | null} */
  #key;
  /** @type {number | undefined} */
  #retry;
  /**
   * The `seq` of the last event: a line that was interrupted goes on behind it.
   * @type {number | undefined}
   */
  #since;
  /** @type {TrafficListener | null} */
  #traffic = null;

  /**
   * @param {Store} store
   * @param {GatewayClock} clock
   */
  constructor(store, clock) {
    this.#store = store;
    this.#clock = clock;
    this.#key = recall('sessionStorage', KEY);
    this.#socket = io({
      autoConnect: false,
      auth: (send) =>
        send({
          ...(this.#key !== null && { apiKey: this.#key }),
          ...(this.#since !== undefined && { since: this.#since }),
        }),
      reconnectionDelay: 500,
      reconnectionDelayMax: 3000,
      timeout: 10_000,
    });
    this.#socket.on('connect', () => this.#connected());
    this.#socket.on('status', (status) => store.set({ link: 'online', status }));
    this.#socket.on('event', (event) => {
      this.#since = event.seq;
      this.#traffic?.event(event);
    });
    this.#socket.on('events_unavailable', (failure) => this.#traffic?.unavailable(failure));
    this.#socket.on('disconnect', (reason) => this.#lost(reason === 'io server disconnect'));
    this.#socket.on('connect_error', (error) => this.#refused(error));
  }

  open() {
    this.#socket.connect();
  }

  /**
   * From now on somebody shows messages and events.
   * @param {TrafficListener} traffic
   */
  showTraffic(traffic) {
    this.#traffic = traffic;
  }

  /**
   * Events up to here are known from elsewhere.
   * @param {number} seq
   */
  knowsEventsUpTo(seq) {
    this.#since ??= seq;
  }

  /**
   * Asks for what is no command to the session.
   * @param {'GET' | 'POST' | 'DELETE'} method
   * @param {string} path
   * @param {{ body?: object, idempotencyKey?: string }} [options]
   * @returns {Promise<Record<string, unknown>>}
   * @throws {RequestError}
   */
  async ask(method, path, options = {}) {
    try {
      return (await ask(method, path, { key: this.#key, ...options })).answer;
    } catch (error) {
      if (error instanceof RequestError && error.code === 'unauthorized') this.#lock();
      throw error;
    }
  }

  /** @param {string} key what the person entered; kept once the gateway has taken it */
  useKey(key) {
    this.#key = key;
    this.#store.set({ link: 'connecting', status: null, keyRefused: false });
    this.#reconnect();
  }

  /**
   * Sends a command. What it changes arrives as a status; a failure is shown as a notice.
   * @param {Command} command
   * @param {object} [body]
   * @returns {Promise<Record<string, unknown> | null>} the answer, or null when the command failed
   */
  async send(command, body) {
    this.#store.set({ pending: command, notice: null });
    try {
      const { answer } = await ask('POST', `/api/whatsapp/${command}`, { key: this.#key, body });
      return answer;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (error.code === 'unauthorized') this.#lock();
      else this.#store.set({ notice: () => t('notice.failed', { what: error.words }) });
      return null;
    } finally {
      this.#store.set({ pending: null });
    }
  }

  #connected() {
    clearTimeout(this.#retry);
    remember('sessionStorage', KEY, this.#key);
    this.#store.set({ link: 'online', keyRefused: false });
    void this.#learnTime();
  }

  /** The clock and the version can be other ones after every reconnection. */
  async #learnTime() {
    const sentAt = this.#clock.local();
    try {
      const { answer, date } = await ask('GET', '/health', { key: null });
      this.#clock.learn(date, sentAt);
      const { version } = answer;
      this.#store.set({ version: typeof version === 'string' ? version : null });
    } catch {
      // The socket says by itself when the gateway is gone.
    }
  }

  /** @param {boolean} bySocket whether the gateway itself closed the line; Socket.IO then waits to be asked */
  #lost(bySocket) {
    if (this.#store.model.link !== 'online') return;
    this.#store.set({ link: 'offline', status: null, pending: null });
    if (bySocket) this.#reconnectSoon();
  }

  /** @param {Error & { data?: { code?: string } }} error */
  #refused(error) {
    if (error.data?.code === 'unauthorized') {
      this.#lock();
      return;
    }
    this.#store.set({ link: 'offline', status: null });
    // Refused by the gateway itself, as when too many are connected: Socket.IO does not try again then.
    if (!this.#socket.active) this.#reconnectSoon();
  }

  #lock() {
    const keyRefused = this.#key !== null;
    this.#key = null;
    remember('sessionStorage', KEY, null);
    this.#store.set({ link: 'locked', status: null, keyRefused });
    this.#socket.disconnect();
  }

  #reconnectSoon() {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#reconnect(), RETRY_MS);
  }

  #reconnect() {
    clearTimeout(this.#retry);
    this.#socket.disconnect().connect();
  }
}
