// Pictures, about texts, names, blocking.
import { Chat } from './chats.js';
import { Blocklist, contactFor } from './contacts.js';
import { isMe, mePn } from './me.js';
import { upload } from './media.js';
import { Collection, idText, Model } from './models.js';
import { define } from './registry.js';
import { addAndSendMsgToChat } from './send.js';
import { MsgKey } from './msg-key.js';
import { server } from './server.js';
import { Conn } from './socket.js';
import { onUpdate } from './updates.js';
import { createWid } from './wid.js';

const urlOf = (directPath) => (directPath ? `https://pps.whatsapp.net${directPath}` : undefined);

class Pictures extends Collection {
  async find(id) {
    const wid = createWid(idText(id));
    const path = await server.call('picture', { id: wid.toString() });
    const shown = { img: path ? `/__sim/media${path}` : undefined, eurl: urlOf(path) };
    const known = this.get(wid);
    if (known) return known.set(shown);
    const mayChange = () => isMe(wid) || (Chat.get(wid)?.iAmAdmin() ?? false);
    const model = new Model({ id: wid, ...shown });
    return this.add(Object.assign(model, { canSet: mayChange, canDelete: mayChange }));
  }
}

export const ProfilePicThumb = new Pictures();

async function setPicture(wid, _thumbnail, picture) {
  const blob = await (await fetch(picture)).blob();
  const { directPath } = await upload(blob, blob.type);
  await server.call('setPicture', { id: wid.toString(), directPath });
  return { status: 200 };
}

async function block(contact, blocked) {
  await server.call('block', { id: contact.id.toString(), blocked });
  contact.set('isContactBlocked', blocked);
  if (blocked) Blocklist.add(new Model({ id: contact.id }));
  else Blocklist.remove(contact.id);
}

async function commonGroups(contact) {
  const groups = new Collection();
  for (const chat of Chat.getModelsArray()) {
    if (chat.groupMetadata?.participants.get(contact.id)) groups.add(new Model({ id: chat.id }));
  }
  Object.defineProperty(contact, 'commonGroups', { value: groups, configurable: true });
  return groups;
}

async function sendGroupInvite(chat, groupId, groupName, code, expiration, comment) {
  const id = new MsgKey({ from: mePn(), to: chat.id, id: await MsgKey.newId(), selfDir: 'out' });
  const [, handedOver] = addAndSendMsgToChat(chat, {
    id,
    type: 'groups_v4_invite',
    body: comment,
    inviteGrp: groupId,
    inviteGrpName: groupName,
    inviteCode: code,
    inviteCodeExp: expiration,
    from: mePn(),
    to: chat.id,
    t: Math.floor(Date.now() / 1000),
    ack: 0,
    isNewMsg: true,
  });
  return handedOver;
}

onUpdate('picture', ({ id }) => void ProfilePicThumb.find(id));

define('WAWebContactProfilePicThumbBridge', {
  requestProfilePicFromServer: async (chat) => {
    const path = await server.call('picture', { id: idText(chat.id ?? chat) });
    return path ? { eurl: urlOf(path) } : undefined;
  },
  sendSetPicture: setPicture,
  requestDeletePicture: async (wid) => {
    await server.call('setPicture', { id: wid.toString(), directPath: null });
    return { status: 200 };
  },
});
define('WAWebContactStatusBridge', {
  getStatus: async ({ wid }) => ({ status: await server.call('about', { id: wid.toString() }) }),
  setMyStatus: (text) => server.call('setAbout', { text }),
});
define('WAWebSetPushnameConnAction', {
  setPushname: async (name) => {
    await server.call('setPushname', { name });
    Conn.set('pushname', name);
  },
});
define('WAWebBlockContactUtils', { getContactToBlockOnlyUseIfNoAssociatedChat: (contact) => contact });
define('WAWebBlockContactAction', {
  blockContact: ({ contact }) => block(contact, true),
  unblockContact: (contact) => block(contact, false),
});
define('WAWebFindCommonGroupsContactAction', { findCommonGroups: commonGroups });
define('WAWebApiDeviceList', {
  getDeviceIds: async (wids) => wids.map((wid) => ({ id: wid, devices: contactFor(wid) ? [{ id: 0 }] : [] })),
});
define('WAWebChatSendMessages', { sendGroupInviteMessage: sendGroupInvite });
