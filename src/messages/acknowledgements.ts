import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Ledger } from './ledger.ts';

/** How long until what could not be written is tried again, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Writes down WhatsApp's acknowledgements of what the gateway has sent. WhatsApp says each once: while the disk is
 * full they wait, the highest of each message, and are written when there is room.
 */
export class Acknowledgements {
  readonly #ledger: Pick<Ledger, 'recordAck'>;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Not on the disk yet, by WhatsApp's id; at most one for each message of the outbox. */
  readonly #waiting = new Map<string, number>();
  #cancel: (() => void) | null = null;
  #stopped = false;

  constructor(ledger: Pick<Ledger, 'recordAck'>, clock: Clock, log: Logger) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#log = log;
  }

  /** Resolves when it is on the disk, or waits for it. Never rejects. */
  async record(waId: string, ack: number): Promise<void> {
    const highest = Math.max(ack, this.#waiting.get(waId) ?? ack);
    try {
      await this.#ledger.recordAck(waId, highest);
      if ((this.#waiting.get(waId) ?? highest) <= highest) this.#waiting.delete(waId);
    } catch (error) {
      this.#waiting.set(waId, Math.max(highest, this.#waiting.get(waId) ?? highest));
      if (this.#cancel !== null || this.#stopped) return;
      this.#log.error({ reason: messageOf(error) }, 'acknowledgements cannot be written down yet');
      this.#cancel = this.#clock.schedule(RETRY_MS, () => void this.#retry());
    }
  }

  /** Tries no more; what still waits is asked of WhatsApp at the next connection. */
  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  async #retry(): Promise<void> {
    this.#cancel = null;
    for (const [waId, ack] of [...this.#waiting]) {
      await this.record(waId, ack);
      // One that fails stands for all: the timer runs again.
      if (this.#waiting.has(waId)) return;
    }
  }
}
