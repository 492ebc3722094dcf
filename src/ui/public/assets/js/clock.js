/**
 * The gateway's clock. Expiry times are the gateway's, and the clock of a phone or a NAS may be minutes off:
 * a countdown by the wrong clock would call a good QR stale, or a stale one good.
 */
export class GatewayClock {
  #offset = 0;
  #local;

  /** @param {() => number} local milliseconds since the epoch */
  constructor(local = Date.now) {
    this.#local = local;
  }

  /** Milliseconds since the epoch, as the gateway counts them. */
  now() {
    return this.#local() + this.#offset;
  }

  /** The reader's own clock. */
  local() {
    return this.#local();
  }

  /**
   * Learns from the `Date` header of an answer. It counts whole seconds, so differences below that and the
   * time that the answer took are no difference.
   * @param {string | null} date
   * @param {number} sentAt local time when the request left
   */
  learn(date, sentAt) {
    const stated = Date.parse(date ?? '');
    if (Number.isNaN(stated)) return;
    const receivedAt = this.#local();
    const offset = stated + 500 - (sentAt + receivedAt) / 2;
    const doubt = 1000 + (receivedAt - sentAt) / 2;
    this.#offset = Math.abs(offset) <= doubt ? 0 : offset;
  }
}
