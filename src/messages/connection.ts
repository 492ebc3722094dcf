import type { Clock } from '../clock.ts';

/** The gateway is stopping; what was under way is left to the next start. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

/** Whether WhatsApp is connected, and a way to wait for it that ends when the gateway stops. */
export class Connection {
  readonly #clock: Clock;
  readonly #waiting = new Set<{ resolve: () => void; reject: (error: Error) => void }>();
  #up = false;
  #closed = false;
  #epoch = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isUp(): boolean {
    return this.#up && !this.#closed;
  }

  /** Counts the pages: what one has taken says nothing about the next. */
  get epoch(): number {
    return this.#epoch;
  }

  up(): void {
    this.#up = true;
    this.#epoch += 1;
    for (const waiter of [...this.#waiting]) waiter.resolve();
  }

  down(): void {
    this.#up = false;
  }

  close(): void {
    this.#closed = true;
    for (const waiter of [...this.#waiting]) waiter.reject(new StoppedError());
  }

  /** Resolves once it is up. @throws StoppedError */
  whenUp(): Promise<void> {
    if (this.isUp) return Promise.resolve();
    return this.#wait(null);
  }

  /** Resolves after `ms` milliseconds. @throws StoppedError */
  pause(ms: number): Promise<void> {
    return this.#wait(ms);
  }

  #wait(ms: number | null): Promise<void> {
    if (this.#closed) return Promise.reject(new StoppedError());
    return new Promise((resolve, reject) => {
      let cancel: (() => void) | null = null;
      const end = () => {
        cancel?.();
        this.#waiting.delete(waiter);
      };
      const waiter = {
        // A pause is not cut short by the connection: it gives the page time.
        resolve: () => {
          if (ms !== null) return;
          end();
          resolve();
        },
        reject: (error: Error) => {
          end();
          reject(error);
        },
      };
      this.#waiting.add(waiter);
      if (ms !== null) {
        cancel = this.#clock.schedule(ms, () => {
          end();
          resolve();
        });
      }
    });
  }
}
