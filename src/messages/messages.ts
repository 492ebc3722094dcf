import type { Clock, Random } from '../clock.ts';
import type { Logger } from '../log.ts';
import { Ledger } from './ledger.ts';
import { NumberBook } from './numbers.ts';
import { Outbox } from './outbox.ts';
import { Pacer } from './pacer.ts';
import type { MessageNews, OutboxRows, Transactions } from './ports.ts';
import { Sender, type SenderSettings } from './sender.ts';
import type { MessageTransport } from './transport.ts';

export interface MessageSettings extends SenderSettings {
  /** 0: no pacing. */
  readonly ratePerMinute: number;
  /** Messages that may wait. */
  readonly queueLimit: number;
}

export const DEFAULT_MESSAGE_SETTINGS: MessageSettings = {
  ratePerMinute: 60,
  typing: false,
  queueLimit: 10_000,
  concurrency: 4,
  maxAttempts: 8,
  notTakenForMs: 5 * 60_000,
  stuckAfterMs: 30_000,
};

/** Everything about messages that go out. */
export interface Messages {
  readonly outbox: Outbox;
  readonly sender: Sender;
  readonly ledger: Ledger;
  readonly numbers: NumberBook;
}

/** Builds the parts and joins them; nothing runs before `sender.start()`. */
export function createMessages(parts: {
  rows: OutboxRows;
  transactions: Transactions;
  news: MessageNews;
  transport: MessageTransport;
  clock: Clock;
  random: Random;
  log: Logger;
  settings: MessageSettings;
}): Messages {
  const { rows, transactions, transport, clock, random, log, settings } = parts;
  const ledger = new Ledger(rows, transactions, parts.news, clock);
  const numbers = new NumberBook(rows, transactions, transport, clock);
  const pacer = new Pacer(settings.ratePerMinute, random);
  const sender = new Sender({ rows, ledger, transport, numbers, pacer, clock, random, log, settings });
  const outbox = new Outbox({
    rows,
    transactions,
    ledger,
    departures: sender,
    numbers,
    clock,
    limits: { queue: settings.queueLimit },
  });
  return { outbox, sender, ledger, numbers };
}
