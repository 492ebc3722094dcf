// Groups: metadata, members, settings, invitations.
import { Chat, chatFromWire, EMPTY_CHAT } from './chats.js';
import { isMe } from './me.js';
import { Collection, Model } from './models.js';
import { define } from './registry.js';
import { server } from './server.js';
import { onUpdate } from './updates.js';
import { createWid } from './wid.js';

class Metadata extends Model {
  constructor({ participants, ...attributes }) {
    super(attributes);
    Object.defineProperty(this, 'participants', { value: new Collection() });
    this.setParticipants(participants);
  }
  setParticipants(participants) {
    this.participants.reset();
    for (const member of participants) {
      this.participants.add(new Model({ ...member, id: createWid(member.id) }), { silent: true });
    }
    this.set('size', participants.length);
  }
  serialize() {
    return { ...super.serialize(), participants: this.participants.serialize() };
  }
}

/** Makes or renews what the page knows of a group. */
export function groupFromWire({ id, subject, owner, participants, ...settings }) {
  const chat = chatFromWire({ ...EMPTY_CHAT, id, name: subject });
  const attributes = { ...settings, id: createWid(id), subject, owner: createWid(owner) };
  if (chat.groupMetadata) {
    chat.groupMetadata.set(attributes);
    chat.groupMetadata.setParticipants(participants);
  } else {
    chat.groupMetadata = new Metadata({ ...attributes, participants });
  }
  chat.set('name', subject);
  const member = participants.find((known) => isMe(createWid(known.id)));
  chat.iAmAdmin = () => Boolean(member?.isAdmin);
  chat.set('isReadOnly', !member || (settings.announce && !member.isAdmin));
  return chat;
}

const idOf = (chatOrWid) => (chatOrWid.id ?? chatOrWid).toString();
const changeGroup = (chatOrWid, changes, subtype) =>
  server.call('changeGroup', { id: idOf(chatOrWid), changes, subtype });

async function update(wid) {
  const group = await server.call('group', { id: wid.toString() });
  if (group) groupFromWire(group);
}

export const GroupMetadata = { update, get: (id) => Chat.get(id)?.groupMetadata };

const PROPERTIES = {
  announcement: (value) => ({ announce: value === 1 }),
  restrict: (value) => ({ restrict: value === 1 }),
  member_add_mode: (value) => ({ memberAddMode: value === 1 ? 'all_member_add' : 'admin_add' }),
  ephemeral: (value) => ({ ephemeralDuration: value }),
};

async function createGroup({ title, announce, restrict, ephemeralDuration }, participants) {
  const members = participants.map(({ phoneNumber }) => phoneNumber.toString());
  const settings = { announce, restrict, ephemeralDuration };
  const created = await server.call('createGroup', { subject: title, members, settings });
  return {
    wid: createWid(created.id),
    subject: title,
    participants: created.participants.map(({ id, inviteCode, inviteCodeExp, ...rest }) => ({
      wid: createWid(id),
      invite_code: inviteCode,
      invite_code_exp: inviteCodeExp,
      ...rest,
    })),
  };
}

async function sendAddParticipantsRPC({ participantArgs, iqTo }) {
  const [{ participantJid }] = participantArgs;
  const args = { id: iqTo, member: participantJid.replace('@s.whatsapp.net', '@c.us') };
  const { error, inviteCode, inviteCodeExp } = await server.call('addMember', args);
  const answer = {
    name: error === 403 ? 'ParticipantRequestCodeCanBeSent' : 'ParticipantAdded',
    value: { error: error?.toString(), addRequestCode: inviteCode, addRequestExpiration: inviteCodeExp },
  };
  const mixins = { value: { addParticipantsParticipantMixins: answer } };
  return {
    name: 'AddParticipantsResponseSuccess',
    value: {
      addParticipant: [
        {
          addParticipantsParticipantAddedOrNonRegisteredWaUserParticipantErrorLidResponseMixinGroup: mixins,
        },
      ],
    },
  };
}

const changeMembers = (action) => (chat, participants) =>
  server.call('changeMembers', {
    id: idOf(chat),
    action,
    members: participants.map(({ id }) => id.toString()),
  });

onUpdate('group', ({ group }) => void groupFromWire(group));

define('WAWebGroupCreateJob', { createGroup });
define('WAWebGroupQueryJob', {
  queryAndUpdateGroupMetadataById: ({ id }) => update(id),
  queryGroupInvite: async (code) => {
    const info = await server.call('inviteInfo', { code });
    return { ...info, id: createWid(info.id), owner: createWid(info.owner) };
  },
  resetGroupInviteCode: async (wid) => ({ code: await server.call('resetInvite', { id: wid.toString() }) }),
});
define('WAWebMexFetchGroupInviteCodeJob', {
  fetchMexGroupInviteCode: async (id) => ({ code: await server.call('inviteCode', { id: id.toString() }) }),
});
define('WAWebGroupInviteJob', {
  joinGroupViaInvite: async (code) => ({ gid: createWid(await server.call('join', { code })) }),
});
define('WASmaxGroupsAddParticipantsRPC', { sendAddParticipantsRPC });
define('WAWebModifyParticipantsGroupAction', {
  removeParticipants: changeMembers('remove'),
  promoteParticipants: changeMembers('promote'),
  demoteParticipants: changeMembers('demote'),
});
define('WAWebGroupModifyInfoJob', {
  setGroupSubject: (wid, subject) => changeGroup(wid, { subject }, 'subject'),
  setGroupDescription: (wid, desc, descId) => changeGroup(wid, { desc, descId }, 'description'),
});
define('WAWebSetPropertyGroupAction', {
  setGroupProperty: (chat, property, value) => changeGroup(chat, PROPERTIES[property](value), property),
});
define('WAWebExitGroupAction', { sendExitGroup: (chat) => server.call('leave', { id: idOf(chat) }) });
