import type wwebjs from 'whatsapp-web.js';

import type { EventData } from '../events/schema.ts';
import type { ChatCursor, Chats, ChatSummary, Typing } from '../messages/chats.ts';
import { askClient, pageOf, refused } from './ask-client.ts';
import { chatsInPage, showTypingInPage, type PageChat } from './chat-page.ts';
import { messagesInPage } from './history-page.ts';
import { modelled } from './history.ts';
import { bareId, messageData, ownOf } from './incoming-events.ts';
import { isMessage } from './incoming.ts';

const WITHIN_MS = 20_000;

/** The chats of the account, through the library and the page. */
export class WwebjsChats implements Chats {
  readonly #client: () => wwebjs.Client | null;
  readonly #outboxIdOf: (waId: string) => string | null;

  /**
   * @param client the present client, or null when it is not linked and synced
   * @param outboxIdOf the outbox's name of a message, or null when the gateway has not sent it itself
   */
  constructor(client: () => wwebjs.Client | null, outboxIdOf: (waId: string) => string | null) {
    this.#client = client;
    this.#outboxIdOf = outboxIdOf;
  }

  async list(query: { search: string; before: ChatCursor | null; limit: number }) {
    const { search, before, limit } = query;
    const found = await this.#ask((client) =>
      pageOf(client).evaluate(chatsInPage, { search, before, limit: limit + 1 }),
    );
    const chats = found.slice(0, limit);
    const last = chats.at(-1);
    const next = found.length > limit && last !== undefined ? { t: last.t, id: last.id } : null;
    return { chats: chats.map(summary), next };
  }

  messages(
    chatId: string,
    { before, limit }: { before: ChatCursor | null; limit: number },
  ): Promise<{ messages: EventData['message'][]; next: ChatCursor | null }> {
    return this.#ask(async (client) => {
      const query = { chatId, since: 0, limit: limit + 1, before };
      const found = (await pageOf(client).evaluate(messagesInPage, query)).map((model) =>
        modelled(client, model),
      );
      const page = found.slice(-limit);
      const [oldest] = page;
      const hasMore = found.length > limit && oldest !== undefined;
      const own = ownOf(client, this.#outboxIdOf);
      return {
        messages: page.filter(isMessage).map((message) => messageData(message, own)),
        next: hasMore ? { t: oldest.timestamp, id: bareId(oldest) } : null,
      };
    });
  }

  seen(chatId: string): Promise<void> {
    return this.#do((client) => client.sendSeen(chatId));
  }

  typing(chatId: string, state: Typing): Promise<void> {
    return this.#do((client) => pageOf(client).evaluate(showTypingInPage, { chatId, state }));
  }

  archive(chatId: string, archived: boolean): Promise<void> {
    return this.#do((client) => (archived ? client.archiveChat(chatId) : client.unarchiveChat(chatId)));
  }

  pin(chatId: string, pinned: boolean): Promise<void> {
    return this.#do(async (client) => {
      const now = await (pinned ? client.pinChat(chatId) : client.unpinChat(chatId));
      if (now !== pinned) throw refused('WhatsApp pins three chats at most');
    });
  }

  mute(chatId: string, until: number | null): Promise<void> {
    return this.#do((client) => {
      if (until === null) return client.unmuteChat(chatId);
      return until === Infinity ? client.muteChat(chatId) : client.muteChat(chatId, new Date(until));
    });
  }

  async #do(action: (client: wwebjs.Client) => Promise<unknown>): Promise<void> {
    await this.#ask(action);
  }

  #ask<T>(question: (client: wwebjs.Client) => Promise<T>): Promise<T> {
    return askClient(this.#client(), WITHIN_MS, question);
  }
}

function summary(chat: PageChat): ChatSummary {
  const { t, mutedUntil, ...rest } = chat;
  return {
    ...rest,
    lastMessageAt: t === 0 ? null : t * 1000,
    mutedUntil: mutedUntil === 0 ? null : mutedUntil < 0 ? Infinity : mutedUntil * 1000,
  };
}
