import type { EventInput } from './events/event.ts';
import type { Logger } from './log.ts';
import { listen, type IncomingPorts } from './whatsapp/incoming.ts';
import type { PageClient } from './whatsapp/page-client.ts';

/** Who writes down what comes in. */
export type IncomingSink = Omit<IncomingPorts, 'log'>;

type Heard = { readonly event: EventInput } | { readonly waId: string; readonly ack: number };

/** What is kept while nobody can write it down. */
export interface RelayLimits {
  readonly count: number;
  /** Of the events as JSON, in characters. */
  readonly size: number;
}

/** An hour of a busy account; a folder that is wrong for longer has been told of in the log. */
const LIMITS: RelayLimits = { count: 10_000, size: 16 * 1024 * 1024 };

/**
 * Hears a client of the library from its first event on. As long as the store is not open, what comes is kept in
 * memory in its order, and is written down before anything else once it is. Beyond the limits the newest are
 * dropped: messages among them are found again by the gap replay, the rest is lost, and the log says how many.
 */
export class IncomingRelay {
  readonly #log: Logger;
  readonly #limits: RelayLimits;
  #sink: IncomingSink | null = null;
  #heard: Heard[] = [];
  #size = 0;
  #dropped = 0;

  constructor(log: Logger, limits: RelayLimits = LIMITS) {
    this.#log = log;
    this.#limits = limits;
  }

  /** There is a new client of the library. */
  attach(library: PageClient): void {
    listen(library, { ...this.sink, log: this.#log });
  }

  /** What listeners are given: it writes down, or keeps. */
  get sink(): IncomingSink {
    return {
      append: (event) =>
        this.#sink === null ? this.#keep({ event }, JSON.stringify(event).length) : this.#sink.append(event),
      acknowledged: (waId, ack) =>
        this.#sink === null ? this.#keep({ waId, ack }, waId.length) : this.#sink.acknowledged(waId, ack),
      // Before the store is open, the search that follows it sees both.
      sent: (chatId, message) => this.#sink?.sent(chatId, message),
      unreadable: (chatId, at) => this.#sink?.unreadable(chatId, at),
      // Not known yet without a store; it is asked again when the event is written down.
      outboxIdOf: (waId) => this.#sink?.outboxIdOf(waId) ?? null,
    };
  }

  /** The store is there: what was kept goes first. */
  open(sink: IncomingSink): void {
    this.#sink = sink;
    const heard = this.#heard;
    this.#heard = [];
    if (heard.length > 0 || this.#dropped > 0) {
      const fields = { kept: heard.length, dropped: this.#dropped };
      const text = 'what came in while the data folder could not be used is written down now';
      if (this.#dropped > 0) this.#log.error(fields, `${text}; the dropped were too many`);
      else this.#log.info(fields, text);
    }
    for (const each of heard) {
      const written =
        'ack' in each
          ? sink.acknowledged(each.waId, each.ack)
          : isOwnMessage(each.event, sink)
            ? Promise.resolve()
            : sink.append(each.event);
      written.catch(() => this.#log.error({}, 'something that was kept could not be written down'));
    }
  }

  #keep(heard: Heard, size: number): Promise<void> {
    const { count, size: most } = this.#limits;
    if (this.#heard.length >= count || this.#size + size > most) {
      this.#dropped += 1;
    } else {
      this.#heard.push(heard);
      this.#size += size;
    }
    return Promise.resolve();
  }
}

/** A message that was sent through the gateway is told by its status. Ids: `true_<chat>_<ID>[_<participant>]`. */
function isOwnMessage(event: EventInput, sink: IncomingSink): boolean {
  return (
    event.type === 'message' &&
    event.data.fromMe &&
    sink.outboxIdOf(event.data.id.split('_')[2] ?? '') !== null
  );
}
