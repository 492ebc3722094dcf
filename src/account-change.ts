import type { Clock } from './clock.ts';
import { messageOf } from './errors.ts';
import type { Journal } from './events/journal.ts';
import type { Logger } from './log.ts';
import type { AccountRow, Transactions } from './messages/ports.ts';
import type { Sender } from './messages/sender.ts';
import { woken } from './woken.ts';

/** Between two tries to write it down, in milliseconds. */
const RETRY_MS = 2_000;

/**
 * Sees that what belongs to one WhatsApp account is never used for another that is linked in its place: what waited
 * to be sent does not go out in another person's name, and the history of the new account from before it was linked
 * is nobody's business here.
 */
export class AccountChange {
  readonly #row: AccountRow;
  readonly #transactions: Transactions;
  readonly #journal: Journal;
  readonly #sender: Sender;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(parts: {
    row: AccountRow;
    transactions: Transactions;
    journal: Journal;
    sender: Sender;
    clock: Clock;
    log: Logger;
  }) {
    this.#row = parts.row;
    this.#transactions = parts.transactions;
    this.#journal = parts.journal;
    this.#sender = parts.sender;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /** Whether what is stored is this account's, so that there is nothing to `adopt`. */
  isKnown(id: string): boolean {
    return this.#row.get() === id;
  }

  /**
   * Makes this the account that everything belongs to. The first one takes over what was queued before it was
   * linked. Resolves when that is on the disk; while the disk does not take it, it is tried again until `signal`
   * aborts. Never rejects.
   * @param id chat id of the linked account
   * @returns whether it is done
   */
  async adopt(id: string, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      try {
        const isOther = this.#row.get() !== null;
        const failed = isOther ? await this.#sender.abandon() : 0;
        await this.#transactions.run(() => {
          if (isOther) this.#journal.watermarks.forget();
          this.#row.set(id);
        });
        if (isOther) {
          this.#log.warn(
            { failed },
            'another WhatsApp account is linked: what waited for the one before has failed (account_changed) and can be sent again by POST /api/messages/{id}/retry',
          );
        }
        return true;
      } catch (error) {
        this.#log.error({ reason: messageOf(error) }, 'the linked account could not be written down yet');
        await woken((wake) => this.#clock.schedule(RETRY_MS, wake), signal);
      }
    }
    return false;
  }
}
