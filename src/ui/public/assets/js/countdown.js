/** @import { GatewayClock } from './clock.js' */

const TICK_MS = 250;

/**
 * @typedef {object} Countdown
 * @property {number} endsAt by the gateway's clock
 * @property {(msLeft: number) => void} write
 */

/** Everything on the page that counts down. One ticker, and none while nothing counts. */
export class Countdowns {
  #clock;
  /** @type {Map<string, Countdown>} */
  #running = new Map();
  /** @type {number | undefined} */
  #ticker;

  /** @param {GatewayClock} clock */
  constructor(clock) {
    this.#clock = clock;
    // Timers sleep in a hidden tab: the first look afterwards must be the truth.
    document.addEventListener('visibilitychange', () => this.#tick());
  }

  /**
   * Starts, moves or stops a countdown.
   * @param {string} name
   * @param {string | null} endsAt ISO 8601, or null when there is nothing to count
   * @param {(msLeft: number) => void} write called at once and then again and again; 0 or less means over
   */
  run(name, endsAt, write) {
    if (endsAt === null) this.#running.delete(name);
    else {
      const countdown = { endsAt: Date.parse(endsAt), write };
      this.#running.set(name, countdown);
      write(countdown.endsAt - this.#clock.now());
    }
    this.#arm();
  }

  #tick() {
    const now = this.#clock.now();
    for (const { endsAt, write } of this.#running.values()) write(endsAt - now);
  }

  #arm() {
    if (this.#running.size > 0) {
      this.#ticker ??= setInterval(() => this.#tick(), TICK_MS);
    } else {
      clearInterval(this.#ticker);
      this.#ticker = undefined;
    }
  }
}
