// What is done to messages that exist: edit, delete, star, forward, pin; and what others do to them.
import { Chat } from './chats.js';
import { Msg } from './messages.js';
import { MsgKey } from './msg-key.js';
import { mePn } from './me.js';
import { define } from './registry.js';
import { addAndSendMsgToChat } from './send.js';
import { server } from './server.js';
import { Cmd } from './socket.js';
import { onUpdate } from './updates.js';

const EDITABLE_S = 15 * 60;
const REVOCABLE_S = 2 * 24 * 60 * 60;
/** What belongs to one sending of a message and is not forwarded with it. */
const OWN = [
  'id',
  'ack',
  't',
  'from',
  'to',
  'author',
  'star',
  'hasReaction',
  'mediaStage',
  'isNewMsg',
  'notifyName',
];
const QUOTE = ['quotedMsg', 'quotedStanzaID', 'quotedParticipant'];

const age = (message) => Date.now() / 1000 - message.t;
const keyOf = (message) => message.id.toString();

async function forward({ chat, msgs }) {
  for (const message of msgs) {
    const attributes = message.serialize();
    for (const name of [...OWN, ...QUOTE]) delete attributes[name];
    const participant = chat.id.isGroup() ? mePn() : undefined;
    const id = new MsgKey({
      from: mePn(),
      to: chat.id,
      id: await MsgKey.newId(),
      participant,
      selfDir: 'out',
    });
    const [added] = addAndSendMsgToChat(chat, {
      ...attributes,
      id,
      ack: 0,
      from: mePn(),
      to: chat.id,
      t: Math.floor(Date.now() / 1000),
      isNewMsg: true,
      isForwarded: true,
      forwardingScore: (message.forwardingScore ?? 0) + 1,
    });
    await added;
  }
}

async function each(messages, name, args = {}) {
  for (const message of messages) await server.call(name, { key: keyOf(message), ...args });
}

Cmd.sendRevokeMsgs = (_chat, { list }) => each(list, 'revoke');
Cmd.sendDeleteMsgs = (_chat, { list }) => each(list, 'deleteMessage');
Cmd.sendStarMsgs = (_chat, messages) => each(messages, 'star', { star: true });
Cmd.sendUnstarMsgs = (_chat, messages) => each(messages, 'star', { star: false });

onUpdate('change', ({ key, changes }) => Msg.get(key)?.set(changes));
onUpdate('remove', ({ key }) => {
  const message = Msg.get(key);
  if (!message) return;
  Chat.get(message.id.remote)?.msgs.remove(message);
  Msg.remove(message);
});

define('WAWebSendMessageEditAction', {
  sendMessageEdit: (message, body) => server.call('edit', { key: keyOf(message), body }),
});
define('WAWebChatForwardMessage', { forwardMessages: forward });
define('WAWebMsgActionCapability', {
  canSenderRevokeMsg: (message) => message.id.fromMe && age(message) < REVOCABLE_S,
  canAdminRevokeMsg: (message) => Chat.get(message.id.remote)?.iAmAdmin() ?? false,
  canStarMsg: () => true,
  canEditText: (message) => message.id.fromMe && message.type === 'chat' && age(message) < EDITABLE_S,
  canEditCaption: (message) => message.id.fromMe && Boolean(message.directPath) && age(message) < EDITABLE_S,
});
define('WAWebPinMsgConstants', { getPinExpiryDuration: () => 604_800 });
define('WAWebSendPinMessageAction', {
  sendPinInChatMsg: async (message, action) => {
    await server.call('pin', { key: keyOf(message), pinned: action === 1 });
    return { messageSendResult: 'OK' };
  },
});
define('WAWebPinInChatSchema', {
  getTable: () => ({
    equals: async (_columns, chatId) =>
      (await server.call('pinned', { chatId })).map((parentMsgKey) => ({ parentMsgKey, pinType: 1 })),
  }),
});
define('WAWebApiMessageInfoStore', {
  queryMsgInfo: async () => ({
    delivery: [],
    deliveryRemaining: 0,
    played: [],
    playedRemaining: 0,
    read: [],
    readRemaining: 0,
  }),
});
