/** What the account knows of a chat besides its messages. */
export interface ChatState {
  id: string;
  unreadCount: number;
  archive: boolean;
  /** Seconds since 1970, 0 when not pinned. */
  pin: number;
  /** Seconds since 1970; 0 not muted, -1 for ever. */
  muteExpiration: number;
  /** Time of the last message, seconds since 1970. */
  t: number;
}

export class Chats {
  readonly #chats = new Map<string, ChatState>();

  ensure(id: string): ChatState {
    const known = this.#chats.get(id);
    if (known) return known;
    const chat = { id, unreadCount: 0, archive: false, pin: 0, muteExpiration: 0, t: 0 };
    this.#chats.set(id, chat);
    return chat;
  }

  find(id: string): ChatState | undefined {
    return this.#chats.get(id);
  }

  remove(id: string): void {
    this.#chats.delete(id);
  }

  get all(): ChatState[] {
    return [...this.#chats.values()];
  }
}
