import type { Clock } from '../../src/session/ports.ts';

/** Time that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now: number;
  readonly #scheduled = new Set<{ at: number; callback: () => void }>();

  constructor(now = Date.UTC(2026, 0, 1, 12)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  schedule(ms: number, callback: () => void): () => void {
    const entry = { at: this.#now + ms, callback };
    this.#scheduled.add(entry);
    return () => this.#scheduled.delete(entry);
  }

  /** How many callbacks are waiting. */
  get pending(): number {
    return this.#scheduled.size;
  }

  /** Moves time on by `ms`, calling what falls due on the way, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#scheduled].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#scheduled.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = end;
  }
}
