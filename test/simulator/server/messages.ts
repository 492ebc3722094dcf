import { keyText, type WireMessage } from './wire.ts';

/** One message that a linked device handed over, counted by its id. */
export interface SentMessage {
  /** The id inside the key, `3EB0…`. */
  readonly id: string;
  readonly key: string;
  readonly chatId: string;
  readonly type: string;
  readonly body: string | undefined;
  readonly deviceId: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** How often the same id was handed over again. A real server drops those, and so does this one. */
  duplicates: number;
  /** All fields of the message as the server has it, kept up to date by receipts and edits. */
  readonly message: WireMessage;
}

/** Every message of the account, on the server side. */
export class Messages {
  readonly sent: SentMessage[] = [];
  readonly #all = new Map<string, WireMessage>();
  readonly #chats = new Map<string, WireMessage[]>();
  readonly #sentByKey = new Map<string, SentMessage>();

  /** Takes a message from a device. A known id is counted and dropped. */
  accept(message: WireMessage, deviceId: string): { entry: SentMessage; duplicate: boolean } {
    const key = keyText(message.id);
    const known = this.#sentByKey.get(key);
    if (known) {
      known.duplicates += 1;
      return { entry: known, duplicate: true };
    }
    const entry: SentMessage = {
      id: message.id.id,
      key,
      chatId: message.id.remote,
      type: message.type,
      body: message.body,
      deviceId,
      receivedAt: Date.now(),
      duplicates: 0,
      message,
    };
    this.sent.push(entry);
    this.#sentByKey.set(key, entry);
    this.add(message);
    return { entry, duplicate: false };
  }

  /** Stores a message of any origin. */
  add(message: WireMessage): void {
    const key = keyText(message.id);
    if (this.#all.has(key)) return;
    this.#all.set(key, message);
    const chat = this.#chats.get(message.id.remote) ?? [];
    chat.push(message);
    this.#chats.set(message.id.remote, chat);
  }

  /** By the whole key or by the id inside it. */
  find(keyOrId: string): WireMessage | null {
    const exact = this.#all.get(keyOrId);
    if (exact) return exact;
    for (const message of this.#all.values()) if (message.id.id === keyOrId) return message;
    return null;
  }

  remove(key: string): void {
    const message = this.#all.get(key);
    if (!message) return;
    this.#all.delete(key);
    const rest = (this.#chats.get(message.id.remote) ?? []).filter((other) => other !== message);
    this.#chats.set(message.id.remote, rest);
  }

  clear(chatId: string): void {
    for (const message of this.#chats.get(chatId) ?? []) this.#all.delete(keyText(message.id));
    this.#chats.delete(chatId);
  }

  /** Oldest first. */
  ofChat(chatId: string): readonly WireMessage[] {
    return this.#chats.get(chatId) ?? [];
  }

  /** At most `count` messages that are older than `before` (a key), oldest first. */
  earlier(chatId: string, before: string | null, count: number): WireMessage[] {
    const all = this.ofChat(chatId);
    const index = before === null ? all.length : all.findIndex((message) => keyText(message.id) === before);
    const end = index < 0 ? all.length : index;
    return all.slice(Math.max(0, end - count), end);
  }

  get all(): IterableIterator<WireMessage> {
    return this.#all.values();
  }

  get count(): number {
    return this.#all.size;
  }
}
