/** What of history is evaluated inside WhatsApp Web; see message-page.ts for what such a function may use. */

interface Message {
  readonly id: { readonly id: string };
  readonly type?: string;
  readonly t?: number;
  readonly isNotification?: boolean;
  once(event: 'change:type', listener: () => void): void;
}

interface Chat {
  readonly id: { readonly _serialized: string };
  readonly t?: number;
  readonly msgs: { getModelsArray(): Message[] };
}

interface PageModules {
  WAWebCollections: {
    Chat: { getModelsArray(): Chat[] };
    Msg: { get(id: string): Message | undefined };
  };
  WAWebChatLoadMessages: { loadEarlierMsgs(options: { chat: Chat }): Promise<Message[] | null | undefined> };
}

declare const window: {
  require: <Name extends keyof PageModules>(name: Name) => PageModules[Name];
  WWebJS: {
    getChat(id: string, options: { getAsModel: false }): Promise<Chat | null | undefined>;
    getMessageModel(message: Message): object;
  };
  onAddMessageEvent?: (model: object) => unknown;
  /** Messages whose decryption is waited for in this document. */
  gatewayAwaited?: Set<string>;
};

/** Every chat with the time of its newest message, in seconds. Nothing is loaded for it, however many there are. */
export function chatTimesInPage(): { id: string; t: number }[] {
  return window
    .require('WAWebCollections')
    .Chat.getModelsArray()
    .map((chat) => ({ id: chat.id._serialized, t: chat.t ?? 0 }));
}

/**
 * The messages of a chat from a time on (in seconds), oldest first, at most the newest `limit`, as the library models
 * them.
 * @param query.before only what is older than the message of this time (in seconds) and bare id
 */
export async function messagesInPage(query: {
  chatId: string;
  since: number;
  limit: number;
  before?: { t: number; id: string } | null;
}): Promise<object[]> {
  const chat = await window.WWebJS.getChat(query.chatId, { getAsModel: false });
  if (!chat) return [];
  const { before } = query;
  // Messages of one second stay in the order in which the page has them.
  const wanted = () => {
    const all = chat.msgs
      .getModelsArray()
      .filter(({ t = 0, isNotification }) => isNotification !== true && t >= query.since)
      .sort((a, b) => (a.t ?? 0) - (b.t ?? 0));
    if (!before) return all;
    const end = all.findIndex(({ id }) => id.id === before.id);
    // It was deleted meanwhile: what is of an earlier second is older for certain.
    return end === -1 ? all.filter(({ t = 0 }) => t < before.t) : all.slice(0, end);
  };
  let found = wanted();
  while (found.length < query.limit) {
    const oldest = chat.msgs.getModelsArray().reduce((least, { t = 0 }) => Math.min(least, t), Infinity);
    if (oldest < query.since) break;
    const earlier = await window.require('WAWebChatLoadMessages').loadEarlierMsgs({ chat });
    if (!earlier || earlier.length === 0) break;
    found = wanted();
  }
  return found.slice(-query.limit).map((message) => window.WWebJS.getMessageModel(message));
}

/**
 * Announces messages that cannot be read yet as new ones as soon as they can. The library does so for those that come
 * in while it listens; these were there before.
 */
export function announceOnceReadable(ids: string[]): void {
  const awaited = (window.gatewayAwaited ??= new Set());
  for (const id of ids) {
    const message = window.require('WAWebCollections').Msg.get(id);
    if (message === undefined || awaited.has(id)) continue;
    awaited.add(id);
    message.once('change:type', () => {
      awaited.delete(id);
      if (message.type !== 'revoked') window.onAddMessageEvent?.(window.WWebJS.getMessageModel(message));
    });
  }
}
