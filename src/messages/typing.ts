import type { Clock, Random } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Typing } from './chats.ts';
import type { Connection } from './connection.ts';
import type { Ledger } from './ledger.ts';
import type { OutboxMessage } from './message.ts';
import type { Outgoing } from './schema.ts';
import type { MessageTransport } from './transport.ts';

/** Some times faster than people type: the other side sees it, and the queue does not stand still for it. */
const MS_PER_CHARACTER = 50;

/** A voice message of WhatsApp (Opus, one channel) has about this many. */
const VOICE_BYTES_PER_MS = 2.5;

/** Before the jitter of a quarter to either side; WhatsApp itself lets "typing" fade after about 25 s. */
const BOUNDS_MS = { least: 1_400, most: 8_000 } as const;

/** Where nobody sees who is typing. */
const WITHOUT_TYPING = /@(newsletter|broadcast)$/;

/**
 * Shows a chat that its next message is being typed, or recorded, before that goes out. It is a courtesy: whatever
 * goes wrong with it, the message goes out all the same.
 */
export class TypingSimulation {
  readonly #transport: MessageTransport;
  readonly #ledger: Ledger;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Logger;

  constructor(parts: {
    transport: MessageTransport;
    ledger: Ledger;
    connection: Connection;
    clock: Clock;
    random: Random;
    log: Logger;
  }) {
    this.#transport = parts.transport;
    this.#ledger = parts.ledger;
    this.#connection = parts.connection;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#log = parts.log;
  }

  /**
   * Types for as long as a person might, or until the message is cancelled. One that would expire meanwhile goes
   * out without it.
   * @throws StoppedError at once when the gateway stops; the state goes with the browser
   */
  async before({ id, content, expiresAt }: OutboxMessage, chatId: string): Promise<void> {
    const ms = typingMs(content, this.#random);
    if (WITHOUT_TYPING.test(chatId) || (expiresAt !== null && expiresAt <= this.#clock.now() + ms)) return;
    const changed = Promise.withResolvers<undefined>();
    const unsubscribe = this.#ledger.subscribe((message) => {
      if (message.id === id) changed.resolve(undefined);
    });
    try {
      if (!(await this.#show(id, chatId, content.type === 'voice' ? 'recording' : 'typing'))) return;
      await Promise.race([this.#connection.pause(ms), changed.promise]);
      await this.#show(id, chatId, 'stop');
    } finally {
      unsubscribe();
    }
  }

  async #show(id: string, chatId: string, state: Typing): Promise<boolean> {
    try {
      await this.#transport.showTyping(chatId, state);
      return true;
    } catch (error) {
      this.#log.debug({ message: id, state, reason: messageOf(error) }, 'typing could not be shown');
      return false;
    }
  }
}

/** How long a person might type or record this, in milliseconds: 1,050 to 10,000, no two times alike. */
export function typingMs(content: Outgoing, random: Random): number {
  const { least, most } = BOUNDS_MS;
  return Math.min(most, Math.max(least, effortMs(content))) * (0.75 + random() / 2);
}

function effortMs(content: Outgoing): number {
  switch (content.type) {
    case 'text':
      return content.text.length * MS_PER_CHARACTER;
    case 'image':
    case 'video':
    case 'document':
      return (content.caption?.length ?? 0) * MS_PER_CHARACTER;
    case 'poll':
      return [content.name, ...content.options].join('').length * MS_PER_CHARACTER;
    case 'voice':
      return content.media.size / VOICE_BYTES_PER_MS;
    default:
      return 0;
  }
}
