/** What of chats is evaluated inside WhatsApp Web; see message-page.ts for what such a function may use. */

interface Chat {
  readonly id: { readonly _serialized: string; isGroup?(): boolean };
  readonly formattedTitle?: string;
  readonly name?: string;
  readonly t?: number;
  readonly unreadCount?: number;
  readonly archive?: boolean;
  readonly pin?: number;
  readonly mute?: { readonly expiration?: number };
}

declare const window: {
  require: (name: 'WAWebCollections') => { Chat: { getModelsArray(): Chat[] } };
  WWebJS: { sendChatstate(state: string, chatId: string): Promise<unknown> };
};

/** A chat as a list shows it. */
export interface PageChat {
  readonly id: string;
  readonly name: string;
  readonly isGroup: boolean;
  /** The time of its newest message in seconds, 0 when there is none. */
  readonly t: number;
  readonly unreadCount: number;
  readonly archived: boolean;
  readonly pinned: boolean;
  /** Seconds since the Unix epoch; 0 not muted, -1 for ever. */
  readonly mutedUntil: number;
}

/**
 * A page of the list of chats, the newest first. The library's own list builds a full model of every chat, with
 * its group and its last message; with thousands of chats that keeps the page busy for seconds.
 * @param query.before what the last chat of the page before had; chats of one second are told apart by their id
 */
export function chatsInPage(query: {
  search: string;
  before: { t: number; id: string } | null;
  limit: number;
}): PageChat[] {
  const words = query.search.toLowerCase();
  const { before } = query;
  return window
    .require('WAWebCollections')
    .Chat.getModelsArray()
    .map((chat) => ({
      chat,
      t: chat.t ?? 0,
      id: chat.id._serialized,
      name: chat.formattedTitle ?? chat.name ?? '',
    }))
    .filter(({ t, id }) => before === null || t < before.t || (t === before.t && id > before.id))
    .filter(({ id, name }) => words === '' || name.toLowerCase().includes(words) || id.includes(words))
    .sort((a, b) => b.t - a.t || (a.id < b.id ? -1 : 1))
    .slice(0, query.limit)
    .map(({ chat, t, id, name }) => ({
      id,
      name,
      isGroup: chat.id.isGroup?.() === true,
      t,
      unreadCount: Math.max(0, chat.unreadCount ?? 0),
      archived: chat.archive === true,
      pinned: (chat.pin ?? 0) > 0,
      mutedUntil: chat.mute?.expiration ?? 0,
    }));
}

/** Shows the other side of a chat what this account does; WhatsApp lets it fade after about 25 s. */
export async function showTypingInPage(query: { chatId: string; state: string }): Promise<void> {
  await window.WWebJS.sendChatstate(query.state, query.chatId);
}
