import type { Random } from '../clock.ts';

/**
 * Spreads sends over time, because a burst from a number is what gets it banned. The gaps vary by half to either
 * side of the mean, so that the long-term rate is the configured one and no two gaps are alike.
 */
export class Pacer {
  readonly #meanGapMs: number;
  readonly #random: Random;
  #nextAt = 0;

  /** @param ratePerMinute 0 for no pacing */
  constructor(ratePerMinute: number, random: Random) {
    this.#meanGapMs = ratePerMinute === 0 ? 0 : 60_000 / ratePerMinute;
    this.#random = random;
  }

  /** Milliseconds until the next send may start; 0 when it may now. */
  waitMs(now: number): number {
    // A clock that was set back must not hold messages up for longer than a gap can be.
    if (this.#nextAt - now > this.#meanGapMs * 1.5) this.#nextAt = now;
    return Math.max(0, this.#nextAt - now);
  }

  /** A send starts now. */
  spend(now: number): void {
    this.#nextAt = now + this.#meanGapMs * (0.5 + this.#random());
  }

  /** How long `count` sends take, in milliseconds. */
  estimateMs(count: number): number {
    return count * this.#meanGapMs;
  }
}
