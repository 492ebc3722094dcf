import type { Clock, Random } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { Room } from '../room.ts';
import { Connection } from './connection.ts';
import { Delivery, type DeliveryOutcome } from './delivery.ts';
import { Lanes } from './lanes.ts';
import type { Ledger } from './ledger.ts';
import type { OutboxMessage } from './message.ts';
import type { Departures } from './outbox.ts';
import type { Pacer } from './pacer.ts';
import type { NumberBook } from './numbers.ts';
import type { OutboxRows, QueueEntry } from './ports.ts';
import type { MessageTransport } from './transport.ts';
import { TypingSimulation } from './typing.ts';

export interface SenderSettings {
  /** Messages on their way to the page at the same time, of different chats. */
  readonly concurrency: number;
  /** Hand-overs of one message after which a page that still does not have it counts as a refusal. */
  readonly maxAttempts: number;
  /** Milliseconds for which a page says that it cannot take a message, after which that is given up. */
  readonly notTakenForMs: number;
  /** Whether a chat is shown as being typed in before a message to it goes out. */
  readonly typing: boolean;
  /** Milliseconds without an acknowledgement by WhatsApp's server after which a message is called stuck. */
  readonly stuckAfterMs: number;
}

/** How often messages that wait for WhatsApp's server are looked at. */
const STUCK_CHECK_MS = 1_000;

/** Of large files that are on their way into the page at the same time, in bytes: a NAS has little memory. */
const LARGE_FILES_TOGETHER = 32 * 1024 * 1024;

/**
 * Drains the outbox while WhatsApp is connected. What was on its way when the process, the browser or the page
 * died is looked for first, in the new page, before anything else of its chat goes out.
 */
export class Sender implements Departures {
  readonly #lanes = new Lanes();
  readonly #connection: Connection;
  readonly #delivery: Delivery;
  readonly #rows: OutboxRows;
  readonly #ledger: Ledger;
  readonly #pacer: Pacer;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #settings: SenderSettings;
  /** Handed to the page, not yet acknowledged by WhatsApp's server; with the time of the hand-over. */
  readonly #handed = new Map<string, { entry: QueueEntry; at: number; told: boolean }>();
  /** On their way into the page. */
  readonly #departing = new Map<string, Promise<void>>();
  /** Left over from an earlier run of the process. */
  #unsettled: QueueEntry[] = [];
  #active = 0;
  #isPumping = false;
  #isToPump = false;
  #cancelWake: (() => void) | null = null;
  #cancelStuckCheck: (() => void) | null = null;
  #unsubscribe: (() => void) | null = null;
  #stopped = true;

  constructor(parts: {
    rows: OutboxRows;
    ledger: Ledger;
    transport: MessageTransport;
    numbers: NumberBook;
    pacer: Pacer;
    clock: Clock;
    random: Random;
    log: Logger;
    settings: SenderSettings;
  }) {
    this.#rows = parts.rows;
    this.#ledger = parts.ledger;
    this.#pacer = parts.pacer;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#settings = parts.settings;
    const connection = new Connection(parts.clock);
    this.#connection = connection;
    const typing = parts.settings.typing ? new TypingSimulation({ ...parts, connection }) : null;
    const room = new Room(LARGE_FILES_TOGETHER);
    this.#delivery = new Delivery({ ...parts, connection, typing, room });
  }

  get waiting(): number {
    return this.#lanes.size + this.#departing.size + this.#unsettled.length;
  }

  get estimateMs(): number {
    return this.#pacer.estimateMs(this.waiting);
  }

  /** Loads what is unfinished. Nothing is sent before `connected()`. */
  start(): void {
    this.#stopped = false;
    const now = this.#clock.now();
    for (const entry of this.#rows.unfinished()) {
      if (entry.status === 'queued') {
        this.#lanes.add(entry, now);
        continue;
      }
      this.#lanes.hold(entry.address);
      this.#unsettled.push(entry);
    }
    this.#unsubscribe = this.#ledger.subscribe((message) => {
      if (message.status !== 'sending') this.#handed.delete(message.id);
    });
    this.#checkStuck();
    this.#pump();
  }

  /** WhatsApp is ready: a page is there that knows what was sent. Also to be called for every new page. */
  connected(): void {
    if (this.#stopped) return;
    this.#connection.up();
    // A page that died may have taken with it what it had not yet sent.
    for (const { entry } of this.#handed.values()) {
      this.#lanes.hold(entry.address);
      this.#unsettled.push(entry);
    }
    this.#handed.clear();
    const unsettled = this.#unsettled;
    this.#unsettled = [];
    for (const entry of unsettled) this.#depart(entry, true);
    this.#pump();
  }

  disconnected(): void {
    this.#connection.down();
  }

  /**
   * Gives up everything that has not ended: it belongs to an account that is not the linked one. To be called while
   * disconnected.
   * @returns how many messages that were
   * @throws GatewayError when it cannot be written down; what was not is given up by the next call
   */
  async abandon(): Promise<number> {
    const given = this.#rows.unfinished().map(async ({ id, status }) => {
      const text =
        status === 'queued'
          ? 'It waited for another WhatsApp account than the one that is linked now'
          : 'It was on its way when another WhatsApp account was linked; whether it was sent is not known';
      const reason = { code: 'account_changed', message: text } as const;
      await this.#ledger.finish(id, 'failed', reason, ['queued', 'sending']);
      this.withdraw(id);
    });
    await Promise.all(given);
    return given.length;
  }

  /** Sends nothing more. Resolves when what was on its way has ended or can be left to the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#connection.close();
    this.#cancelWake?.();
    this.#cancelStuckCheck?.();
    this.#unsubscribe?.();
    await Promise.all(this.#departing.values());
  }

  admit(message: OutboxMessage): void {
    if (this.#stopped) return;
    this.#lanes.add(message, this.#clock.now());
    this.#pump();
  }

  withdraw(id: string): void {
    this.#lanes.remove(id);
  }

  /** A message that departs can be idle at once, and pumps again: that is done by the loop that let it go. */
  #pump(): void {
    this.#isToPump = true;
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#isToPump) {
        this.#isToPump = false;
        this.#pumpOnce();
      }
    } finally {
      this.#isPumping = false;
    }
  }

  #pumpOnce(): void {
    if (this.#stopped) return;
    this.#cancelWake?.();
    this.#cancelWake = null;
    const now = this.#clock.now();
    this.#lanes.admitDue(now);
    for (const entry of this.#lanes.takeExpired(now)) this.#expire(entry);
    let wakeIn = this.#lanes.nextTime - now;
    while (this.#connection.isUp && this.#active < this.#settings.concurrency) {
      const pause = this.#pacer.waitMs(this.#clock.now());
      if (pause > 0) {
        if (this.#lanes.size > 0) wakeIn = Math.min(wakeIn, pause);
        break;
      }
      const entry = this.#lanes.take(now);
      if (entry === null) break;
      this.#pacer.spend(this.#clock.now());
      this.#depart(entry, false);
    }
    if (wakeIn === Infinity) return;
    this.#cancelWake = this.#clock.schedule(Math.max(wakeIn, 1), () => this.#pump());
  }

  #depart(entry: QueueEntry, unknown: boolean): void {
    this.#active += 1;
    const journey = this.#delivery
      .deliver(entry.id, unknown, (idle) => {
        // A message that waits for a page or for a second try does not keep the others waiting.
        this.#active += idle ? -1 : 1;
        if (idle) this.#pump();
      })
      .then(
        (outcome) => {
          this.#arrived(entry, outcome);
        },
        (error: unknown) => {
          this.#log.error({ message: entry.id, reason: messageOf(error) }, 'a message could not be handled');
          this.#arrived(entry, { type: 'interrupted' });
        },
      );
    this.#departing.set(entry.id, journey);
  }

  #arrived(entry: QueueEntry, outcome: DeliveryOutcome): void {
    this.#departing.delete(entry.id);
    this.#active -= 1;
    if (outcome.type === 'handed' && outcome.epoch !== this.#connection.epoch && !this.#stopped) {
      // That page is gone meanwhile; it may have taken the message with it.
      this.#depart(entry, true);
      return;
    }
    if (outcome.type === 'handed') {
      this.#handed.set(entry.id, { entry, at: outcome.at, told: outcome.told });
    }
    // An interrupted one keeps its lane: it is settled first, at the next connection or the next start.
    if (outcome.type === 'interrupted') this.#unsettled.push(entry);
    else this.#lanes.release(entry.address);
    this.#pump();
  }

  #expire(entry: QueueEntry): void {
    this.#delivery.expire(entry.id).catch((error: unknown) => {
      // It is still in the queue on the disk; the next start finds it expired.
      this.#log.warn({ message: entry.id, reason: messageOf(error) }, 'could not record an expired message');
    });
  }

  #checkStuck(): void {
    this.#cancelStuckCheck = this.#clock.schedule(STUCK_CHECK_MS, () => {
      const latest = this.#clock.now() - this.#settings.stuckAfterMs;
      for (const [id, waiting] of this.#handed) {
        if (waiting.told || waiting.at > latest) continue;
        waiting.told = true;
        this.#ledger.markStuck(id).then(
          (stuck) => {
            if (stuck === null) this.#handed.delete(id);
          },
          (error: unknown) => {
            waiting.told = false;
            this.#log.warn({ message: id, reason: messageOf(error) }, 'could not record a stuck message');
          },
        );
      }
      this.#checkStuck();
    });
  }
}
