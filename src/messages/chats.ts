import type { EventData } from '../events/schema.ts';

/** A chat as a list shows it. Times are milliseconds since the Unix epoch. */
export interface ChatSummary {
  readonly id: string;
  readonly name: string;
  readonly isGroup: boolean;
  /** The time of its newest message; null when there is none. */
  readonly lastMessageAt: number | null;
  readonly unreadCount: number;
  readonly archived: boolean;
  readonly pinned: boolean;
  /** Null: not muted; Infinity: until somebody changes it. */
  readonly mutedUntil: number | null;
}

export type Typing = 'typing' | 'recording' | 'stop';

/** Where a page ended: the time in seconds and the id of its last chat, or of its oldest message. */
export interface ChatCursor {
  readonly t: number;
  readonly id: string;
}

/**
 * The chats of the account, as the border needs them. Every method throws a GatewayError: `not_connected`,
 * `not_found`, `unprocessable`, `timeout`.
 */
export interface Chats {
  /** The newest first. */
  list(query: {
    readonly search: string;
    readonly before: ChatCursor | null;
    readonly limit: number;
  }): Promise<{ readonly chats: readonly ChatSummary[]; readonly next: ChatCursor | null }>;
  /** A page of the messages of a chat, the newest page first, in each the oldest first, in the form of events. */
  messages(
    chatId: string,
    query: { readonly before: ChatCursor | null; readonly limit: number },
  ): Promise<{ readonly messages: readonly EventData['message'][]; readonly next: ChatCursor | null }>;
  seen(chatId: string): Promise<void>;
  /** Shows the other side that something is being written; it fades by itself after about 25 s. */
  typing(chatId: string, state: Typing): Promise<void>;
  archive(chatId: string, archived: boolean): Promise<void>;
  pin(chatId: string, pinned: boolean): Promise<void>;
  /** @param until milliseconds since the Unix epoch; null unmutes, Infinity mutes for ever */
  mute(chatId: string, until: number | null): Promise<void>;
}
