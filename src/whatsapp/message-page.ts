/**
 * What of sending is evaluated inside WhatsApp Web. Each function is turned into text and runs in the page: it
 * may use nothing from this file or module but its arguments.
 */

interface Wid {
  readonly _serialized: string;
  isLid(): boolean;
  isGroup?(): boolean;
  isStatus?(): boolean;
}

interface Key {
  readonly id: string;
  toString(): string;
}

interface Message {
  readonly id: Key;
  readonly ack?: number;
}

interface Chat {
  readonly id: Wid;
  readonly groupMetadata?: { readonly isLidAddressingMode?: boolean };
}

interface PageModules {
  WAWebCollections: {
    Msg: {
      get(id: string): Message | undefined;
      getMessagesById(ids: string[]): Promise<{ messages?: (Message | undefined)[] } | undefined>;
      getModelsArray(): Message[];
    };
  };
  WAWebUserPrefsMeUser: { getMaybeMePnUser: () => Wid | null; getMaybeMeLidUser: () => Wid | null };
  WAWebWidFactory: { asUserWidOrThrow: (wid: Wid) => Wid; createWid: (id: string) => Wid };
  WAWebMsgKey: new (fields: {
    from: Wid;
    to: Wid;
    id: string;
    participant: Wid | undefined;
    selfDir: 'out';
  }) => Key;
  WAWebQueryExistsJob: { queryWidExists(wid: Wid): Promise<{ wid?: Wid } | null> };
}

declare const window: {
  require: <Name extends keyof PageModules>(name: Name) => PageModules[Name];
  WWebJS: {
    getChat(id: string, options: { getAsModel: false }): Promise<Chat | null | undefined>;
    sendMessage(chat: Chat, content: string, options: object): Promise<unknown>;
  };
  /** What this document is sending, by the id that the gateway has chosen. */
  gatewaySends?: Map<string, Promise<PageSendResult>>;
};

/** A message as the library's `WWebJS.sendMessage` takes it. */
export interface PageMessage {
  readonly chatId: string;
  readonly waId: string;
  readonly content: string;
  readonly options: { readonly extraOptions?: object } & Readonly<Record<string, unknown>>;
}

export type PageSendResult =
  /** The page has it, from now or from before. */
  | { readonly outcome: 'taken'; readonly ack: number }
  /** The page does not have it, and says why. */
  | { readonly outcome: 'not_taken'; readonly error: string }
  | { readonly outcome: 'no_chat' };

/**
 * Sends a message under an id that the gateway has chosen.
 *
 * The library makes the message's key itself, from an id that the page draws; what is in `extraOptions` comes
 * after that and replaces it. A message that is there already is not sent a second time, nor one that this document
 * is still sending, whoever gave up waiting for that: the library would upload its file and hand it over once more.
 */
export async function sendInPage(message: PageMessage): Promise<PageSendResult> {
  const sends = (window.gatewaySends ??= new Map());
  const running = sends.get(message.waId);
  if (running !== undefined) return running;

  const hand = async (): Promise<PageSendResult> => {
    const { Msg } = window.require('WAWebCollections');
    const { getMaybeMePnUser, getMaybeMeLidUser } = window.require('WAWebUserPrefsMeUser');
    const open = () => window.WWebJS.getChat(message.chatId, { getAsModel: false });
    let chat: Chat | null | undefined;
    try {
      chat = await open();
    } catch {
      // WhatsApp Web throws "No LID for user" for whom it has not met; being asked about a person, it meets them.
      try {
        const wid = window.require('WAWebWidFactory').createWid(message.chatId);
        const known = await window.require('WAWebQueryExistsJob').queryWidExists(wid);
        chat = known?.wid ? await open() : null;
      } catch (thrown) {
        return { outcome: 'not_taken', error: thrown instanceof Error ? thrown.message : String(thrown) };
      }
    }
    if (!chat) return { outcome: 'no_chat' };

    const own = (lid: boolean) => (lid ? getMaybeMeLidUser() : null) ?? getMaybeMePnUser();
    const isGroup = chat.id.isGroup?.() === true;
    const from = own(isGroup ? chat.groupMetadata?.isLidAddressingMode === true : chat.id.isLid());
    if (from === null) return { outcome: 'not_taken', error: 'the page does not know its own account' };
    const named = isGroup || chat.id.isStatus?.() === true;
    const participant = named ? window.require('WAWebWidFactory').asUserWidOrThrow(from) : undefined;
    const MessageKey = window.require('WAWebMsgKey');
    const key = new MessageKey({ from, to: chat.id, id: message.waId, participant, selfDir: 'out' });

    let error = 'the page took it and does not have it';
    if (Msg.get(key.toString()) === undefined) {
      try {
        const extraOptions = { ...message.options.extraOptions, id: key };
        await window.WWebJS.sendMessage(chat, message.content, { ...message.options, extraOptions });
      } catch (thrown) {
        error = thrown instanceof Error ? thrown.message : String(thrown);
      }
    }
    // A page that names the chat or the account otherwise in the key has the message all the same.
    const taken = Msg.get(key.toString()) ?? Msg.getModelsArray().find(({ id }) => id.id === message.waId);
    return taken === undefined ? { outcome: 'not_taken', error } : { outcome: 'taken', ack: taken.ack ?? 0 };
  };

  const sending = hand();
  sends.set(message.waId, sending);
  try {
    return await sending;
  } finally {
    sends.delete(message.waId);
  }
}

export type PageFindResult =
  | { readonly outcome: 'found'; readonly id: string; readonly ack: number }
  /** The page is not done with sending it. */
  | { readonly outcome: 'under_way' }
  | { readonly outcome: 'missing' }
  /** This one could not be asked for; the others are not touched. */
  | { readonly outcome: 'failed'; readonly error: string };

/**
 * Looks for messages of this account by the ids that the gateway has chosen: in the page's memory, then in its store.
 * @returns what became of each, in the order of the questions
 */
export async function findInPage(queries: { chatId: string; waId: string }[]): Promise<PageFindResult[]> {
  const { Msg } = window.require('WAWebCollections');
  const wanted = new Set(queries.map(({ waId }) => waId));
  const found = new Map<string, Message>();
  for (const message of Msg.getModelsArray()) {
    if (wanted.has(message.id.id)) found.set(message.id.id, message);
  }
  const underWay = new Set([...wanted].filter((waId) => window.gatewaySends?.has(waId) === true));

  const { asUserWidOrThrow, createWid } = window.require('WAWebWidFactory');
  const { getMaybeMePnUser, getMaybeMeLidUser } = window.require('WAWebUserPrefsMeUser');
  const MessageKey = window.require('WAWebMsgKey');
  const keys = new Set<string>();
  const errors = new Map<string, string>();
  for (const { chatId, waId } of queries) {
    if (found.has(waId) || underWay.has(waId)) continue;
    try {
      // The chat tells which of a person's two addresses is in use; where there is none, the address has to do.
      const chat = await window.WWebJS.getChat(chatId, { getAsModel: false }).catch(() => null);
      const to = chat?.id ?? createWid(chatId);
      const named = to.isGroup?.() === true || to.isStatus?.() === true;
      // Which of the account's two addresses a group uses can have changed since.
      for (const from of [getMaybeMePnUser(), getMaybeMeLidUser()]) {
        if (from === null) continue;
        const participant = named ? asUserWidOrThrow(from) : undefined;
        keys.add(new MessageKey({ from, to, id: waId, participant, selfDir: 'out' }).toString());
      }
    } catch (error) {
      errors.set(waId, error instanceof Error ? error.message : String(error));
    }
  }
  if (keys.size > 0) {
    const stored = await Msg.getMessagesById([...keys]);
    for (const message of stored?.messages ?? []) {
      if (message !== undefined && wanted.has(message.id.id)) found.set(message.id.id, message);
    }
  }
  return queries.map(({ waId }): PageFindResult => {
    const message = found.get(waId);
    if (message !== undefined) return { outcome: 'found', id: message.id.toString(), ack: message.ack ?? 0 };
    if (underWay.has(waId)) return { outcome: 'under_way' };
    const error = errors.get(waId);
    return error === undefined ? { outcome: 'missing' } : { outcome: 'failed', error };
  });
}

/** The chat id of a phone number, or null when WhatsApp does not know the number. */
export async function resolveInPage(digits: string): Promise<string | null> {
  const wid = window.require('WAWebWidFactory').createWid(`${digits}@c.us`);
  const result = await window.require('WAWebQueryExistsJob').queryWidExists(wid);
  return result?.wid?._serialized ?? null;
}
