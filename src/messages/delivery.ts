import { pauseAfterFailures, type Clock } from '../clock.ts';
import { GatewayError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { Seat, type Room } from '../room.ts';
import { parseAddress } from './address.ts';
import { StoppedError, type Connection } from './connection.ts';
import type { Ledger } from './ledger.ts';
import type { MessageReason, OutboxMessage } from './message.ts';
import type { NumberBook } from './numbers.ts';
import type { Pacer } from './pacer.ts';
import type { OutboxRows } from './ports.ts';
import { mediaOf, type Outgoing } from './schema.ts';
import type { SenderSettings } from './sender.ts';
import {
  MediaMissingError,
  NotConnectedError,
  NotTakenError,
  RejectedError,
  type MessageTransport,
  type Receipt,
} from './transport.ts';
import type { TypingSimulation } from './typing.ts';

export type DeliveryOutcome =
  /** The page of that epoch has it; `told` when `message.stuck` has been told before. */
  | { readonly type: 'handed'; readonly at: number; readonly told: boolean; readonly epoch: number }
  /** Nothing more to do: it has an end, or was acknowledged already. */
  | { readonly type: 'done' }
  /** The gateway stops in the middle; the next start settles it. */
  | { readonly type: 'interrupted' };

/** Between two tries, in milliseconds; the last one repeats. */
const PAUSES = [500, 2_000, 5_000, 15_000, 30_000] as const;

/** The same between two looks at a message that the page is not done with. */
const LOOK_PAUSES = [500, 2_000, 5_000] as const;

/** Larger files go out together only as far as they fit: each is in memory several times over on its way; in bytes. */
const LARGE_FILE = 1024 * 1024;

/** The message cannot go before the one that it quotes. */
class QuotedUnderWayError extends Error {
  override readonly name = 'QuotedUnderWayError';
}

/** After these the page certainly does not have the message. */
const BEFORE_THE_HAND_OVER = [NotConnectedError, NotTakenError, QuotedUnderWayError, GatewayError] as const;

/** Takes one message from the queue to the page, however often page, browser or disk fail on the way. */
export class Delivery {
  readonly #rows: OutboxRows;
  readonly #ledger: Ledger;
  readonly #transport: MessageTransport;
  readonly #numbers: NumberBook;
  readonly #connection: Connection;
  readonly #typing: TypingSimulation | null;
  readonly #room: Room;
  readonly #pacer: Pacer;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #settings: SenderSettings;

  constructor(parts: {
    rows: OutboxRows;
    ledger: Ledger;
    transport: MessageTransport;
    numbers: NumberBook;
    connection: Connection;
    /** Null: messages go out without it. */
    typing: TypingSimulation | null;
    /** For large files, in bytes. */
    room: Room;
    pacer: Pacer;
    clock: Clock;
    log: Logger;
    settings: SenderSettings;
  }) {
    this.#rows = parts.rows;
    this.#ledger = parts.ledger;
    this.#transport = parts.transport;
    this.#numbers = parts.numbers;
    this.#connection = parts.connection;
    this.#typing = parts.typing;
    this.#room = parts.room;
    this.#pacer = parts.pacer;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#settings = parts.settings;
  }

  /**
   * @param unknown whether it may have been handed over before, so that it is looked for first
   * @param onIdle called with true when it begins to wait for something else than an answer of the page, with
   *   false when it goes on
   */
  async deliver(id: string, unknown: boolean, onIdle: (idle: boolean) => void): Promise<DeliveryOutcome> {
    const seat = new Seat(this.#room);
    try {
      return await this.#deliver(id, unknown, onIdle, seat);
    } finally {
      seat.leave();
    }
  }

  async #deliver(
    id: string,
    unknown: boolean,
    onIdle: (idle: boolean) => void,
    seat: Seat,
  ): Promise<DeliveryOutcome> {
    const waiting = async (wait: Promise<void>): Promise<void> => {
      onIdle(true);
      try {
        await wait;
      } finally {
        onIdle(false);
      }
    };
    let uncertain = unknown;
    // The sender has waited for the first hand-over; every further one waits here.
    let isPaced = !unknown;
    let typing = this.#typing;
    let lastError = '';
    let wasTakenBack = false;
    let notTakenSince = Infinity;
    let notTakenBy = NaN;
    for (let failures = 0, looks = 0; ;) {
      try {
        if (!this.#connection.isUp) await waiting(this.#connection.whenUp());
        const message = this.#rows.find(id);
        if (message === null || !['queued', 'sending'].includes(message.status)) return { type: 'done' };
        if (uncertain && message.chatId !== null) {
          const { epoch } = this.#connection;
          const found = await this.#transport.lookUp(message.waId, message.chatId);
          if (found.found) return await this.#handed(id, found, epoch, wasTakenBack);
          if ('isUnderWay' in found) {
            await this.#tellIfStuck(message);
            await waiting(this.#connection.pause(pauseAfterFailures(LOOK_PAUSES, looks)));
            looks += 1;
            continue;
          }
          uncertain = false;
          if (message.attempts >= this.#settings.maxAttempts) {
            const detail = lastError === '' ? '' : `: ${lastError}`;
            const text = `WhatsApp Web did not take it in ${message.attempts} tries${detail}`;
            return await this.#end(id, 'failed', { code: 'send_failed', message: text });
          }
        }
        if (message.expiresAt !== null && message.expiresAt <= this.#clock.now()) {
          return await this.expire(id);
        }
        const chatId = message.chatId ?? (await this.#resolve(message));
        if (chatId === null) {
          const text = 'WhatsApp does not know this phone number';
          return await this.#end(id, 'failed', { code: 'unknown_number', message: text });
        }
        if (typing !== null && message.status === 'queued') {
          // The row still says "queued": a crash, a cancellation or its ttl meanwhile find a message that waits.
          await typing.before(message, chatId);
          typing = null;
          continue;
        }
        if (!isPaced) {
          const wait = this.#pacer.waitMs(this.#clock.now());
          if (wait === 0) {
            this.#pacer.spend(this.#clock.now());
            isPaced = true;
          } else {
            await waiting(this.#connection.pause(wait));
            continue;
          }
        }
        const fileSize = mediaOf(message.content)?.size ?? 0;
        if (fileSize > LARGE_FILE && !seat.isTaken && !seat.tryTake(fileSize)) {
          // Smaller ones of other chats go meanwhile; and what was looked at above may have changed afterwards.
          await waiting(seat.take(fileSize));
          continue;
        }
        const content = await this.#withQuoted(message.content);
        const sending = await this.#ledger.markSending(id, chatId, wasTakenBack);
        if (sending === null) return { type: 'done' };
        const { epoch } = this.#connection;
        const receipt = await this.#hand(sending, chatId, content, async () => {
          await this.#ledger.markNotSent(id, wasTakenBack);
          wasTakenBack = true;
        });
        return await this.#handed(id, receipt, epoch, wasTakenBack);
      } catch (error) {
        if (error instanceof StoppedError) return { type: 'interrupted' };
        if (error instanceof RejectedError) {
          return await this.#end(id, 'failed', { code: 'rejected', message: error.message });
        }
        if (error instanceof MediaMissingError) {
          return await this.#end(id, 'failed', { code: 'media_missing', message: error.message });
        }
        lastError = messageOf(error);
        isPaced = false;
        seat.leave();
        if (error instanceof NotTakenError) {
          const { epoch } = this.#connection;
          const now = this.#clock.now();
          // Another page may be able to.
          if (notTakenBy !== epoch) [notTakenBy, notTakenSince] = [epoch, now];
          if (now - notTakenSince >= this.#settings.notTakenForMs) {
            return await this.#end(id, 'failed', { code: 'send_failed', message: lastError });
          }
        }
        // Everything else may have happened after the hand-over, except what is known to come before it.
        if (!BEFORE_THE_HAND_OVER.some((type) => error instanceof type)) uncertain = true;
        this.#log.warn(
          { message: id, reason: lastError },
          'a message did not get through; it is tried again',
        );
        const pause = pauseAfterFailures(PAUSES, failures);
        failures += 1;
        try {
          await waiting(this.#connection.pause(pause));
        } catch {
          return { type: 'interrupted' };
        }
      }
    }
  }

  /** Its time has passed before it could be sent. @throws StoppedError when the disk was full until the gateway stops */
  async expire(id: string): Promise<DeliveryOutcome> {
    const text = 'Its ttl passed before it could be sent';
    return this.#end(id, 'expired', { code: 'ttl_passed', message: text });
  }

  /** A page that takes long over a message is told of like a server that does. */
  async #tellIfStuck({ id, history, stuckAt }: OutboxMessage): Promise<void> {
    const since = history.findLast(({ status }) => status === 'sending')?.at ?? Infinity;
    if (stuckAt !== null || this.#clock.now() - since < this.#settings.stuckAfterMs) return;
    this.#log.warn({ message: id }, 'WhatsApp Web is not done with a message; it is waited for');
    await this.#ledger.markStuck(id);
  }

  async #resolve(message: OutboxMessage): Promise<string | null> {
    const address = parseAddress(message.to);
    return address.kind === 'chat' ? address.chatId : this.#numbers.resolve(address.digits);
  }

  /** The content with a quoted message of the outbox under the name that WhatsApp has for it. */
  async #withQuoted(content: Outgoing): Promise<Outgoing> {
    const { quotedMessageId } = content;
    if (quotedMessageId?.startsWith('msg_') !== true) return content;
    const quoted = this.#rows.find(quotedMessageId);
    if (quoted === null) throw new RejectedError('quotedMessageId: there is no message of this id');
    const found =
      quoted.chatId === null
        ? ({ found: false } as const)
        : await this.#transport.lookUp(quoted.waId, quoted.chatId);
    if (found.found) return { ...content, quotedMessageId: found.id };
    if ('isUnderWay' in found)
      throw new QuotedUnderWayError('the message that it quotes is still being sent');
    throw new RejectedError(
      `quotedMessageId: that message is ${quoted.status}; WhatsApp Web does not have it`,
    );
  }

  /** @param takeBack writes down that it was not handed over */
  async #hand(
    message: OutboxMessage,
    chatId: string,
    content: Outgoing,
    takeBack: () => Promise<void>,
  ): Promise<Receipt> {
    try {
      return await this.#transport.send({ waId: message.waId, chatId, content });
    } catch (error) {
      if (error instanceof NotTakenError) {
        await this.#persistently(() => this.#ledger.markNotTaken(message.id));
      }
      // A file that cannot be read at the moment is no hand-over either.
      if (error instanceof NotConnectedError || error instanceof GatewayError) {
        await this.#persistently(takeBack);
      }
      throw error;
    }
  }

  async #handed(
    id: string,
    receipt: Receipt,
    epoch: number,
    wasTakenBack: boolean,
  ): Promise<DeliveryOutcome> {
    await this.#persistently(() => this.#ledger.markHanded(id, receipt.ack, wasTakenBack));
    const message = this.#rows.find(id);
    if (message?.status !== 'sending') return { type: 'done' };
    return {
      type: 'handed',
      at: message.handedAt ?? this.#clock.now(),
      told: message.stuckAt !== null,
      epoch,
    };
  }

  async #end(id: string, status: 'failed' | 'expired', reason: MessageReason): Promise<DeliveryOutcome> {
    await this.#persistently(() => this.#ledger.finish(id, status, reason, ['queued', 'sending']));
    return { type: 'done' };
  }

  /**
   * What has happened must get onto the disk, however long that is full: until then the row says "sending", and
   * after a crash the message is looked for, which is right as well.
   */
  async #persistently(write: () => Promise<unknown>): Promise<void> {
    for (let failures = 0; ; failures += 1) {
      try {
        await write();
        return;
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        this.#log.error({ reason: error.message }, 'what became of a message could not be written yet');
        await this.#connection.pause(pauseAfterFailures(PAUSES, failures));
      }
    }
  }
}
