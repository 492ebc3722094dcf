import { pauseAfterFailures, type Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { woken } from '../woken.ts';
import { statusAfterAck } from './message.ts';
import type { OutboxRows } from './ports.ts';
import type { MessageTransport } from './transport.ts';

/** How long somebody may take to read a message whose reading is still asked for, in milliseconds. */
const LOOK_BACK_MS = 7 * 24 * 3_600_000;

/** How many messages are asked for of each status, the newest. */
const LIMIT = 1_000;

/** In one question, so that what is being sent is not held up. */
const BATCH = 50;

/** Between two tries, in milliseconds; the last one repeats. */
const PAUSES = [5_000, 30_000, 120_000] as const;

/** An acknowledgement that was found. */
export interface MissedAcknowledgement {
  readonly waId: string;
  /** WhatsApp's id, with chat and direction. */
  readonly messageId: string;
  readonly chatId: string;
  readonly ack: number;
}

/**
 * Finds the acknowledgements that came while the gateway was away: WhatsApp says each once, to a page that nobody
 * listened to, or to the phone alone. The page knows how far each message has come.
 */
export class MissedAcknowledgements {
  readonly #rows: Pick<OutboxRows, 'unread'>;
  readonly #transport: Pick<MessageTransport, 'lookUpAll'>;
  readonly #tell: (missed: MissedAcknowledgement) => Promise<unknown>;
  readonly #clock: Clock;
  readonly #log: Logger;

  /** @param tell writes one down; never rejects */
  constructor(parts: {
    rows: Pick<OutboxRows, 'unread'>;
    transport: Pick<MessageTransport, 'lookUpAll'>;
    tell: (missed: MissedAcknowledgement) => Promise<unknown>;
    clock: Clock;
    log: Logger;
  }) {
    this.#rows = parts.rows;
    this.#transport = parts.transport;
    this.#tell = parts.tell;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /** To be called whenever WhatsApp is ready. Tries until it has asked, or `gone` aborts; never rejects. */
  async run(gone: AbortSignal): Promise<void> {
    for (let failures = 0; !gone.aborted; failures += 1) {
      try {
        await this.#ask(gone);
        return;
      } catch (error) {
        this.#log.warn(
          { reason: messageOf(error) },
          'acknowledgements that came meanwhile could not be asked for; it is tried again',
        );
        const pause = pauseAfterFailures(PAUSES, failures);
        await woken((wake) => this.#clock.schedule(pause, wake), gone);
      }
    }
  }

  async #ask(gone: AbortSignal): Promise<void> {
    const unread = this.#rows.unread(this.#clock.now() - LOOK_BACK_MS, LIMIT);
    for (let start = 0; start < unread.length && !gone.aborted; start += BATCH) {
      const batch = unread.slice(start, start + BATCH);
      const answers = await this.#transport.lookUpAll(batch);
      for (const [index, { waId, chatId, status }] of batch.entries()) {
        const answer = answers[index];
        if (answer?.found !== true || statusAfterAck(status, answer.ack) === null) continue;
        // The chat can have another name in WhatsApp's id than the one it was written to.
        const named = answer.id.split('_')[1] ?? chatId;
        await this.#tell({ waId, chatId: named, messageId: answer.id, ack: answer.ack });
      }
    }
  }
}
