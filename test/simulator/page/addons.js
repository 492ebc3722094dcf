// Reactions and poll votes: they arrive as rows of their tables, where the library listens.
import { Msg } from './messages.js';
import { isMe } from './me.js';
import { Collection, Model } from './models.js';
import { MsgKey } from './msg-key.js';
import { define } from './registry.js';
import { server } from './server.js';
import { onUpdate } from './updates.js';
import { createWid } from './wid.js';

const reactionModule = {
  reactionTableMode: {
    bulkUpsert: async (rows) => {
      for (const { reactionParentKey, reactionText } of rows) {
        Msg.get(reactionParentKey)?.set('hasReaction', reactionText !== '');
      }
    },
  },
};
const voteModule = { pollVoteTableMode: { bulkUpsert: async () => {} } };

function senderFields(sender, key) {
  const wid = createWid(sender);
  return key.participant ? { from: key.remote, author: wid } : { from: wid };
}

onUpdate('reaction', async ({ parent, key, sender, text, at }) => {
  const id = MsgKey.fromString(key);
  const row = {
    id,
    reactionParentKey: MsgKey.fromString(parent),
    reactionText: text,
    reactionTimestamp: at,
    orphan: 0,
    read: false,
    ...senderFields(sender, id),
  };
  await reactionModule.reactionTableMode.bulkUpsert([row]);
});

onUpdate('vote', async ({ parent, key, sender, options, at }) => {
  const id = MsgKey.fromString(key);
  const row = {
    id,
    pollUpdateParentKey: MsgKey.fromString(parent),
    selectedOptionLocalIds: options,
    senderTimestampMs: at,
    t: at,
    ...senderFields(sender, id),
  };
  await voteModule.pollVoteTableMode.bulkUpsert([row]);
});

/** All reactions to one message, grouped by emoji, as the library reads them. */
async function findReactions(parent) {
  const rows = await server.call('reactions', { key: parent });
  const groups = new Collection();
  for (const text of new Set(rows.map((row) => row.text))) {
    const senders = rows
      .filter((row) => row.text === text)
      .map(({ key, sender, at }) => ({
        msgKey: MsgKey.fromString(key),
        parentMsgKey: MsgKey.fromString(parent),
        senderUserJid: sender,
        reactionText: text,
        timestamp: at,
        orphan: 0,
        read: true,
      }));
    const hasReactionByMe = senders.some(({ senderUserJid }) => isMe(createWid(senderUserJid)));
    groups.add(new Model({ id: text, aggregateEmoji: text, hasReactionByMe, senders }));
  }
  return { reactions: groups };
}

export const Reactions = { find: findReactions };

define('WAWebAddonReactionTableMode', reactionModule);
define('WAWebAddonPollVoteTableMode', voteModule);
define('WAWebSendReactionMsgAction', {
  sendReactionToMsg: (message, text) =>
    server.call('react', { key: message.id.toString(), text: text ?? '' }),
});
define('WAWebPollsSendVoteMsgAction', {
  sendVote: (message, localIds) =>
    server.call('vote', { key: message.id.toString(), options: [...localIds] }),
});
define('WAWebPollsVotesSchema', {
  getTable: () => ({
    equals: async (_columns, key) =>
      (await server.call('votes', { key })).map(({ sender, options, at }) => ({
        parentMsgKey: key,
        selectedOptionLocalIds: options,
        sender: createWid(sender),
        senderTimestampMs: at,
      })),
  }),
});
