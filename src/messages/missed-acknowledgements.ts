import { pauseAfterFailures, type Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { woken } from '../woken.ts';
import { statusAfterAck } from './message.ts';
import type { OutboxRows, Unread } from './ports.ts';
import type { LookUp, MessageTransport } from './transport.ts';

/** How long somebody may take to read a message whose reading is still asked for, in milliseconds. */
const LOOK_BACK_MS = 7 * 24 * 3_600_000;

/** How many messages are asked for of each status, the newest. */
const LIMIT = 1_000;

/** In one question, so that what is being sent is not held up. */
const BATCH = 50;

/** A page that gives no answer for so many rounds is started anew before, or will not give one for what is left. */
const MAX_FAILURES = 10;

/** After so many questions without an answer one after the other, the page is given a pause. */
const MAX_UNANSWERED = 2;

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

  /**
   * To be called whenever WhatsApp is ready. Tries until it has asked of every message, `gone` aborts, or it has
   * failed too often; never rejects.
   */
  async run(gone: AbortSignal): Promise<void> {
    let left: Unread[][] | null = null;
    for (let failures = 0; !gone.aborted; failures += 1) {
      let reason: string;
      try {
        left ??= batchesOf(this.#rows.unread(this.#clock.now() - LOOK_BACK_MS, LIMIT), BATCH);
        const round = await this.#ask(left, gone);
        if (round.left.length === 0) return;
        ({ left, reason } = round);
      } catch (error) {
        reason = messageOf(error);
      }
      if (failures + 1 === MAX_FAILURES) {
        this.#log.warn(
          { reason },
          'acknowledgements that came meanwhile stay unknown until the next connection',
        );
        return;
      }
      this.#log.warn(
        { reason },
        'acknowledgements that came meanwhile could not be asked for; it is tried again',
      );
      const pause = pauseAfterFailures(PAUSES, failures);
      await woken((wake) => this.#clock.schedule(pause, wake), gone);
    }
  }

  /** @returns what is to be asked again: a question without an answer in two, so that one message does not keep the others */
  async #ask(batches: readonly Unread[][], gone: AbortSignal): Promise<{ left: Unread[][]; reason: string }> {
    const left: Unread[][] = [];
    const failed: Unread[][] = [];
    let reason = '';
    let unanswered = 0;
    for (const batch of batches) {
      if (gone.aborted) break;
      if (unanswered >= MAX_UNANSWERED) {
        left.push(batch);
        continue;
      }
      try {
        const answers = await this.#transport.lookUpAll(batch);
        unanswered = 0;
        await this.#tellAll(batch, answers);
      } catch (error) {
        unanswered += 1;
        reason = messageOf(error);
        failed.push(...batchesOf(batch, Math.ceil(batch.length / 2)));
      }
    }
    // Those that failed last: side by side at the beginning, they would keep all others out for ever.
    return { left: gone.aborted ? [] : [...left, ...failed], reason };
  }

  async #tellAll(batch: readonly Unread[], answers: readonly (LookUp | null)[]): Promise<void> {
    for (const [index, { waId, chatId, status }] of batch.entries()) {
      const answer = answers[index];
      if (answer?.found !== true || statusAfterAck(status, answer.ack) === null) continue;
      // The chat can have another name in WhatsApp's id than the one it was written to.
      const named = answer.id.split('_')[1] ?? chatId;
      await this.#tell({ waId, chatId: named, messageId: answer.id, ack: answer.ack });
    }
  }
}

function batchesOf<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
