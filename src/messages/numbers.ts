import type { Clock } from '../clock.ts';
import type { OutboxRows, Transactions } from './ports.ts';
import type { MessageTransport } from './transport.ts';

/** How long an answer of WhatsApp is believed, in milliseconds: numbers join more often than they leave. */
const KNOWN_FOR_MS = 7 * 24 * 3_600_000;
const UNKNOWN_FOR_MS = 10 * 60_000;

/** Which chat a phone number is, asked once and remembered across restarts. */
export class NumberBook {
  readonly #rows: OutboxRows;
  readonly #transactions: Transactions;
  readonly #transport: MessageTransport;
  readonly #clock: Clock;
  /** One question at a time for each number. */
  readonly #asking = new Map<string, Promise<string | null>>();

  constructor(rows: OutboxRows, transactions: Transactions, transport: MessageTransport, clock: Clock) {
    this.#rows = rows;
    this.#transactions = transactions;
    this.#transport = transport;
    this.#clock = clock;
  }

  /** What is remembered: a chat id, null for a number that WhatsApp does not know, undefined when it must be asked. */
  remembered(digits: string): string | null | undefined {
    const record = this.#rows.number(digits);
    if (record === null) return undefined;
    const age = this.#clock.now() - record.checkedAt;
    return age < (record.chatId === null ? UNKNOWN_FOR_MS : KNOWN_FOR_MS) ? record.chatId : undefined;
  }

  /**
   * The chat of a number, or null when WhatsApp does not know it.
   * @throws NotConnectedError, OutcomeUnknownError
   */
  async resolve(digits: string): Promise<string | null> {
    const known = this.remembered(digits);
    if (known !== undefined) return known;
    const asked = this.#asking.get(digits);
    if (asked !== undefined) return asked;
    const question = this.#ask(digits).finally(() => this.#asking.delete(digits));
    this.#asking.set(digits, question);
    return question;
  }

  async #ask(digits: string): Promise<string | null> {
    const chatId = await this.#transport.resolveNumber(digits);
    const record = { chatId, checkedAt: this.#clock.now() };
    await this.#transactions.run(() => this.#rows.rememberNumber(digits, record));
    return chatId;
  }
}
