import type { Page } from 'puppeteer';
import type wwebjs from 'whatsapp-web.js';

import type { History, Said } from '../events/gap.ts';
import { NotConnectedError } from '../messages/transport.ts';
import { withDeadline } from './deadline.ts';
import { announceOnceReadable, chatTimesInPage, messagesInPage } from './history-page.ts';
import { idText, messageEvent, ownOf } from './incoming-events.ts';
import { isMessage, isUnreadable } from './incoming.ts';
import { library } from './load-library.ts';

/** How long the page may take for one chat, in milliseconds: it may have to ask the phone. */
const WITHIN_MS = 30_000;

/** The page's own memory of what was said. */
export class PageHistory implements History {
  readonly #page: () => Page | null;
  readonly #client: () => wwebjs.Client | null;
  readonly #outboxIdOf: (waId: string) => string | null;

  /** @param outboxIdOf the outbox's name of a message, or null when the gateway has not sent it itself */
  constructor(options: {
    page: () => Page | null;
    client: () => wwebjs.Client | null;
    outboxIdOf: (waId: string) => string | null;
  }) {
    this.#page = options.page;
    this.#client = options.client;
    this.#outboxIdOf = options.outboxIdOf;
  }

  /** @throws NotConnectedError, Error when the page does not answer */
  async chats() {
    const chats = await this.#ask((page) => page.evaluate(chatTimesInPage));
    return chats.map(({ id, t }) => ({ id, at: t * 1000 }));
  }

  /** @throws NotConnectedError, Error when the page does not answer */
  async messages(chatId: string, since: number, limit: number): Promise<Said> {
    const query = { chatId, since: since / 1000, limit };
    const models = await this.#ask((page) => page.evaluate(messagesInPage, query));
    const client = this.#client();
    if (client === null) throw new NotConnectedError('WhatsApp is not connected');
    const own = ownOf(client, this.#outboxIdOf);
    const messages = models.map((model) => modelled(client, model));
    const unreadable = messages.filter(isUnreadable);
    if (unreadable.length > 0) {
      const ids = unreadable.map(({ id }) => idText(id));
      await this.#ask((page) => page.evaluate(announceOnceReadable, ids));
    }
    return {
      events: messages
        .filter(isMessage)
        .map((message) => messageEvent(message, own, true))
        .filter(({ data }) => data.outboxId === null),
      known: messages
        .filter((message) => !isUnreadable(message))
        .map((message) => ({ id: idText(message.id), at: message.timestamp * 1000 })),
      unreadable: unreadable.map(({ timestamp }) => timestamp * 1000),
    };
  }

  #ask<T>(question: (page: Page) => Promise<T>): Promise<T> {
    const page = this.#page();
    if (page === null) return Promise.reject(new NotConnectedError('WhatsApp is not connected'));
    return withDeadline(question(page), WITHIN_MS, () => new Error(`no answer within ${WITHIN_MS} ms`));
  }
}

/** What the page hands over, as the library's message. The class is exported, and the type declarations leave it out. */
export function modelled(client: wwebjs.Client, data: object): wwebjs.Message {
  type MessageClass = new (client: wwebjs.Client, data: object) => wwebjs.Message;
  const { Message } = library() as unknown as { Message: MessageClass };
  return new Message(client, data);
}
