/** What of history is evaluated inside WhatsApp Web; see message-page.ts for what such a function may use. */

interface Message {
  readonly t?: number;
  readonly isNotification?: boolean;
}

interface Chat {
  readonly id: { readonly _serialized: string };
  readonly t?: number;
  readonly msgs: { getModelsArray(): Message[] };
}

interface PageModules {
  WAWebCollections: { Chat: { getModelsArray(): Chat[] } };
  WAWebChatLoadMessages: { loadEarlierMsgs(options: { chat: Chat }): Promise<Message[] | null | undefined> };
}

declare const window: {
  require: <Name extends keyof PageModules>(name: Name) => PageModules[Name];
  WWebJS: {
    getChat(id: string, options: { getAsModel: false }): Promise<Chat | null | undefined>;
    getMessageModel(message: Message): object;
  };
};

/** Every chat with the time of its newest message, in seconds. Nothing is loaded for it, however many there are. */
export function chatTimesInPage(): { id: string; t: number }[] {
  return window
    .require('WAWebCollections')
    .Chat.getModelsArray()
    .map((chat) => ({ id: chat.id._serialized, t: chat.t ?? 0 }));
}

/** The messages of a chat from a time on (in seconds), oldest first, at most the newest `limit`, as the library models them. */
export async function messagesInPage(query: {
  chatId: string;
  since: number;
  limit: number;
}): Promise<object[]> {
  const chat = await window.WWebJS.getChat(query.chatId, { getAsModel: false });
  if (!chat) return [];
  const loaded = () => chat.msgs.getModelsArray();
  while (loaded().length < query.limit) {
    const oldest = Math.min(...loaded().map(({ t = 0 }) => t));
    if (oldest < query.since) break;
    const earlier = await window.require('WAWebChatLoadMessages').loadEarlierMsgs({ chat });
    if (!earlier || earlier.length === 0) break;
  }
  return loaded()
    .filter(({ t = 0, isNotification }) => isNotification !== true && t >= query.since)
    .sort((a, b) => (a.t ?? 0) - (b.t ?? 0))
    .slice(-query.limit)
    .map((message) => window.WWebJS.getMessageModel(message));
}
