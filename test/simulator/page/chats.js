// Chat models, their collection, and what can be done with a chat.
import { config, faults } from './config.js';
import { contactFor, met } from './contacts.js';
import { Message, messageFromWire, Msg } from './messages.js';
import { Collection, idText, Model } from './models.js';
import { define } from './registry.js';
import { server } from './server.js';
import { Cmd } from './socket.js';
import { onUpdate } from './updates.js';
import { createWid } from './wid.js';

const PAGE_OF_HISTORY = 50;

class Mute extends Model {
  constructor(chatId, expiration) {
    super({ id: chatId, expiration, isMuted: expiration !== 0 });
  }
  async mute({ expiration }) {
    await this.#change(expiration);
  }
  async unmute() {
    await this.#change(0);
  }
  async #change(expiration) {
    await server.call('chat', { id: this.id.toString(), change: { muteExpiration: expiration } });
    this.set({ expiration, isMuted: expiration !== 0 });
    Chat.get(this.id)?.set('muteExpiration', expiration);
  }
}

export class ChatModel extends Model {
  constructor({ mute, ...attributes }) {
    super(attributes);
    Object.defineProperty(this, 'msgs', { value: new Collection(Message) });
    Object.defineProperty(this, 'mute', { value: mute });
    Object.defineProperty(this, 'groupMetadata', { value: null, writable: true });
  }

  iAmAdmin() {
    return false;
  }

  get contact() {
    return contactFor(this.id);
  }

  get formattedTitle() {
    return this.name ?? contactFor(this.id)?.formattedName ?? this.id.user;
  }

  get lastReceivedKey() {
    return this.msgs.getModelsArray().at(-1)?.id ?? null;
  }

  serialize() {
    return {
      ...super.serialize(),
      formattedTitle: this.formattedTitle,
      lastReceivedKey: this.lastReceivedKey,
      // The library asks only whether there are any.
      msgs: this.msgs.map((message) => message.id.toString()),
    };
  }

  /** Puts a message into the chat and into the collection of all; fires `add` there. */
  addMessage(message, { silent = false } = {}) {
    message.collection ??= Msg;
    this.msgs.add(message, { silent });
    this.set('t', Math.max(this.t ?? 0, message.t));
    return Msg.add(message, { silent });
  }
}

class Chats extends Collection {
  constructor() {
    super(ChatModel);
  }
  /** Newest first, pinned before all. */
  getModelsArray() {
    return super.getModelsArray().sort((a, b) => (b.pin || 0) - (a.pin || 0) || (b.t || 0) - (a.t || 0));
  }
  async find(id) {
    return this.get(id) ?? (await findOrCreate(createWid(idText(id))));
  }
}

export const Chat = new Chats();

/** A chat of the server as a model, with the messages that the page begins with. */
export function chatFromWire({ id, messages = [], ...wire }) {
  const wid = createWid(id);
  const known = Chat.get(wid);
  if (known) return known;
  const mute = new Mute(wid, wire.muteExpiration ?? 0);
  const name = wire.name ?? contactFor(wid)?.name ?? undefined;
  const chat = new ChatModel({ ...wire, id: wid, name, mute, isReadOnly: false });
  for (const message of messages) chat.addMessage(messageFromWire(message), { silent: true });
  Chat.add(chat);
  return chat;
}

export const EMPTY_CHAT = { unreadCount: 0, archive: false, pin: 0, muteExpiration: 0, t: 0 };

async function findOrCreate(wid) {
  if (faults.strangersUnmet && wid.isUser() && !met.has(wid.toString())) throw new Error('No LID for user');
  if (wid.isUser() && !contactFor(wid) && !(await server.call('exists', { id: wid.toString() }))) {
    throw new Error('No LID for user');
  }
  const lid = config.lidChats && !wid.isLid() ? contactFor(wid)?.lid : null;
  return chatFromWire({ id: (lid ?? wid).toString(), ...EMPTY_CHAT });
}

/** The chat that a message belongs to. */
export const chatOf = (key) => chatFromWire({ id: key.remote.toString(), ...EMPTY_CHAT });

async function change(chat, changes) {
  await server.call('chat', { id: chat.id.toString(), change: changes });
  chat.set(changes);
}

Cmd.archiveChat = (chat, archive) => change(chat, { archive });
Cmd.pinChat = (chat, pin) => change(chat, { pin: pin ? Math.floor(Date.now() / 1000) : 0 });
Cmd.markChatUnread = (chat, unread) => change(chat, { unreadCount: unread ? -1 : 0 });

onUpdate('message', ({ message: wire }) => {
  const message = messageFromWire(wire, { isNewMsg: true });
  if (Msg.get(message.id)) return;
  const chat = chatOf(message.id);
  chat.addMessage(message);
  if (faults.doubleEvents) Msg.trigger('add', message);
  if (!message.id.fromMe && !message.isNotification)
    chat.set('unreadCount', Math.max(0, chat.unreadCount) + 1);
});
onUpdate('chat', ({ id, change: changes }) => Chat.get(id)?.set(changes));
onUpdate('ack', ({ key, ack }) => Msg.get(key)?.set('ack', ack));

define('WAWebFindChatAction', {
  findOrCreateLatestChat: async (wid) => ({ chat: await findOrCreate(wid), created: false }),
});
define('WAWebChatGetters', {
  getIsNewsletter: (chat) => chat.id.isNewsletter(),
  getIsBroadcast: (chat) => chat.id.isBroadcast(),
});
define('WAWebUpdateUnreadChatAction', {
  sendSeen: async ({ chat }) => {
    await server.call('seen', { id: chat.id.toString() });
    chat.set('unreadCount', 0);
  },
});
define('WAWebChatLoadMessages', {
  loadEarlierMsgs: async ({ chat }) => {
    const before = chat.msgs.getModelsArray()[0]?.id.toString() ?? null;
    const args = { chatId: chat.id.toString(), before, count: PAGE_OF_HISTORY };
    const older = (await server.call('history', args)).map((wire) => messageFromWire(wire));
    const newer = chat.msgs.getModelsArray();
    chat.msgs.reset();
    for (const message of older) Msg.add(message, { silent: true });
    for (const message of [...older, ...newer]) chat.msgs.add(message, { silent: true });
    return older;
  },
});
define('WAWebChatStateBridge', {
  sendChatStateComposing: (wid) => server.call('chatState', { id: wid.toString(), state: 'typing' }),
  sendChatStateRecording: (wid) => server.call('chatState', { id: wid.toString(), state: 'recording' }),
  sendChatStatePaused: (wid) => server.call('chatState', { id: wid.toString(), state: 'stop' }),
});
define('WAWebChatClearBridge', {
  sendClear: async (chat) => {
    await server.call('clearChat', { id: chat.id.toString() });
    for (const message of chat.msgs.getModelsArray()) Msg.remove(message);
    chat.msgs.reset();
  },
});
define('WAWebDeleteChatAction', {
  sendDelete: async (chat) => {
    await server.call('deleteChat', { id: chat.id.toString() });
    Chat.remove(chat);
  },
});
