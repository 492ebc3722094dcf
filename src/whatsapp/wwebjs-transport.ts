import type { Page } from 'puppeteer';

import { messageOf } from '../errors.ts';
import type { Typing } from '../messages/chats.ts';
import {
  NotConnectedError,
  NotTakenError,
  OutcomeUnknownError,
  RejectedError,
  type LookUp,
  type MessageTransport,
  type Receipt,
  type SendableMessage,
  type SentMessage,
} from '../messages/transport.ts';
import { mediaOf } from '../messages/schema.ts';
import { showTypingInPage } from './chat-page.ts';
import { withDeadline } from './deadline.ts';
import { pageContentOf, type ReadMedia } from './message-content.ts';
import { findInPage, resolveInPage, sendInPage, type PageFindResult } from './message-page.ts';

/** How long the page may take, in milliseconds. */
export interface TransportDeadlines {
  readonly sendMs: number;
  /** Media is uploaded to WhatsApp before the page takes the message. */
  readonly sendMediaMs: number;
  readonly askMs: number;
  /** Short: a message waits for it, and can go without it. */
  readonly typingMs: number;
}

const DEADLINES: TransportDeadlines = {
  sendMs: 30_000,
  sendMediaMs: 180_000,
  askMs: 15_000,
  typingMs: 3_000,
};

/** What the library says when a quoted message does not exist. */
const NO_QUOTE = 'Could not get the quoted message.';

/** The outbox's way into the page. */
export class WwebjsTransport implements MessageTransport {
  readonly #page: () => Page | null;
  readonly #readMedia: ReadMedia;
  readonly #deadlines: TransportDeadlines;

  /**
   * @param page the page of the present client, or null when there is none that is linked and synced
   * @param readMedia throws MediaMissingError, or GatewayError for what another try may read
   */
  constructor(page: () => Page | null, readMedia: ReadMedia, deadlines: Partial<TransportDeadlines> = {}) {
    this.#page = page;
    this.#readMedia = readMedia;
    this.#deadlines = { ...DEADLINES, ...deadlines };
  }

  async send({ waId, chatId, content: message }: SendableMessage): Promise<Receipt> {
    const media = mediaOf(message);
    const prepared = await pageContentOf(message, this.#readMedia);
    const deadline = media === null ? this.#deadlines.sendMs : this.#deadlines.sendMediaMs;
    const result = await this.#ask(deadline, (page) =>
      page.evaluate(sendInPage, { chatId, waId, ...prepared }),
    );
    switch (result.outcome) {
      case 'taken':
        return { ack: result.ack };
      case 'no_chat':
        throw new RejectedError('WhatsApp Web has no such chat');
      case 'not_taken':
        if (result.error.includes(NO_QUOTE)) throw new RejectedError('The quoted message does not exist');
        throw new NotTakenError(result.error);
    }
  }

  async lookUp(waId: string, chatId: string): Promise<LookUp> {
    const [result] = await this.#find([{ waId, chatId }]);
    const found = result === undefined ? null : lookUpOf(result);
    // A message that may be there is not one that is not.
    if (found === null)
      throw new OutcomeUnknownError(result?.outcome === 'failed' ? result.error : 'no answer');
    return found;
  }

  async lookUpAll(messages: readonly SentMessage[]): Promise<(LookUp | null)[]> {
    return (await this.#find(messages)).map(lookUpOf);
  }

  #find(messages: readonly SentMessage[]): Promise<PageFindResult[]> {
    const queries = messages.map(({ waId, chatId }) => ({ waId, chatId }));
    return this.#ask(this.#deadlines.askMs, (page) => page.evaluate(findInPage, queries));
  }

  resolveNumber(digits: string): Promise<string | null> {
    return this.#ask(this.#deadlines.askMs, (page) => page.evaluate(resolveInPage, digits));
  }

  async showTyping(chatId: string, state: Typing): Promise<void> {
    await this.#ask(this.#deadlines.typingMs, (page) => page.evaluate(showTypingInPage, { chatId, state }));
  }

  /** Whatever goes wrong between here and the page's answer leaves open what the page has done. */
  async #ask<T>(ms: number, question: (page: Page) => Promise<T>): Promise<T> {
    const page = this.#page();
    if (page === null) throw new NotConnectedError('WhatsApp is not connected');
    try {
      return await withDeadline(question(page), ms, () => new Error(`no answer within ${ms} ms`));
    } catch (error) {
      throw new OutcomeUnknownError(messageOf(error), { cause: error });
    }
  }
}

function lookUpOf(result: PageFindResult): LookUp | null {
  switch (result.outcome) {
    case 'found':
      return { found: true, ack: result.ack, id: result.id };
    case 'under_way':
      return { found: false, isUnderWay: true };
    case 'missing':
      return { found: false };
    case 'failed':
      return null;
  }
}
