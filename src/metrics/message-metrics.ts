import type { Clock } from '../clock.ts';
import type { Journal } from '../events/journal.ts';
import { MESSAGE_STATUSES, type OutboxMessage } from '../messages/message.ts';
import type { Messages } from '../messages/messages.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { Counts, Histogram, metric, type Sample } from './exposition.ts';

const ACK_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600];

/** What has to be counted in the database is counted at most this often, in milliseconds, however often it is asked. */
const COUNT_AGAIN_MS = 10_000;

const PAGE = 100;

/** Counts messages, events and webhooks: from what is heard in passing, and rarely from the database. */
export class MessageMetrics {
  readonly #messages: Messages;
  readonly #journal: Journal;
  readonly #webhooks: Webhooks;
  readonly #clock: Clock;
  readonly #ended = new Counts();
  readonly #failures = new Counts();
  readonly #events = new Counts();
  readonly #ack = new Histogram(ACK_SECONDS);
  #seen: number;
  #counted: { readonly at: number; readonly text: string } | null = null;

  constructor(parts: { messages: Messages; journal: Journal; webhooks: Webhooks; clock: Clock }) {
    this.#messages = parts.messages;
    this.#journal = parts.journal;
    this.#webhooks = parts.webhooks;
    this.#clock = parts.clock;
    this.#seen = parts.journal.lastSeq;
    parts.messages.ledger.subscribe((message) => this.#changed(message));
    parts.journal.onAppend(() => this.#readOn());
  }

  /** The metrics in the Prometheus text format. */
  text(): string {
    const { outbox, sender } = this.#messages;
    return [
      metric('wa_messages_accepted_total', 'counter', 'Messages accepted since the start', [
        [{}, outbox.acceptedCount],
      ]),
      metric('wa_messages_waiting', 'gauge', 'Messages not handed over yet', [[{}, sender.waiting]]),
      metric('wa_messages_sent_total', 'counter', "Messages that WhatsApp's server took", [
        [{}, this.#ended.get('sent')],
      ]),
      metric(
        'wa_messages_failed_total',
        'counter',
        'Messages that came to nothing, by reason',
        this.#failures.samples('reason'),
      ),
      metric('wa_messages_stuck_total', 'counter', "Messages that WhatsApp's server did not take in time", [
        [{}, this.#events.get('message.stuck')],
      ]),
      this.#ack.text('wa_message_ack_seconds', "From acceptance to WhatsApp's server"),
      metric('wa_events_total', 'counter', 'Events written down, by type', this.#events.samples('type')),
      metric('wa_events_last_seq', 'gauge', 'Sequence number of the newest event', [
        [{}, this.#journal.lastSeq],
      ]),
      this.#countedText(),
    ].join('');
  }

  #changed({ history, acceptedAt }: OutboxMessage): void {
    const now = history.at(-1);
    const before = history.at(-2);
    if (now === undefined || before === undefined) return;
    if (now.reason !== null && !['queued', 'sending'].includes(now.status)) {
      this.#failures.add(now.reason.code);
    } else if (['queued', 'sending', 'failed', 'expired'].includes(before.status)) {
      if (!['sent', 'delivered', 'read', 'played'].includes(now.status)) return;
      this.#ended.add('sent');
      this.#ack.observe((now.at - acceptedAt) / 1000);
    }
  }

  #readOn(): void {
    for (const { seq, type } of this.#journal.read(this.#seen, PAGE)) {
      this.#events.add(type);
      this.#seen = seq;
    }
  }

  #countedText(): string {
    const now = this.#clock.now();
    if (this.#counted === null || now - this.#counted.at >= COUNT_AGAIN_MS) {
      this.#counted = { at: now, text: this.#count() };
    }
    return this.#counted.text;
  }

  #count(): string {
    const counts = this.#messages.outbox.counts();
    const webhooks = this.#webhooks.list();
    const each = (value: (webhook: (typeof webhooks)[number]) => number): Sample[] =>
      webhooks.map((webhook) => [{ webhook: webhook.id }, value(webhook)]);
    return [
      metric(
        'wa_outbox_messages',
        'gauge',
        'Messages in the outbox, by status',
        MESSAGE_STATUSES.map((status) => [{ status }, counts[status] ?? 0]),
      ),
      metric(
        'wa_webhook_pending_events',
        'gauge',
        'Events that a webhook has not been through yet',
        each(({ progress }) => this.#journal.lastSeq - progress.cursor),
      ),
      metric(
        'wa_webhook_failed_attempts',
        'gauge',
        'Failed attempts at the event that is next',
        each(({ progress }) => progress.attempts),
      ),
      metric(
        'wa_webhook_dead_letters',
        'gauge',
        'Events that could not be delivered',
        each(({ id }) => this.#webhooks.deadLetterCount(id)),
      ),
    ].join('');
  }
}
