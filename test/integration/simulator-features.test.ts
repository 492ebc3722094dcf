import { randomBytes } from 'node:crypto';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import wwebjs from 'whatsapp-web.js';
import { restoreMessageKeys } from '../../src/whatsapp/page-shims.ts';
import { type Simulator, startSimulator } from '../simulator/server.ts';
import { LibraryClient } from '../support/library-client.ts';
import { waitFor } from '../support/wait-for.ts';

const { Location, MessageMedia, Poll } = wwebjs;
const ME = '15550001111@c.us';
const ALICE = '15550002222@c.us';
const BOB = '15550003333@c.us';
const CAROL = '15550004444@c.us';
const FAMILY = '120363000000000001@g.us';
const CLUB = '120363000000000002@g.us';

const png = PNG.sync.write(new PNG({ width: 8, height: 8, fill: true }));

describe.each([
  { vintage: 'serialized', options: {} },
  // The library alone cannot do most of this with these keys; the gateway's shim makes it able to.
  { vintage: 'minified', options: { evalOnNewDoc: restoreMessageKeys } },
] as const)('simulator, the library on a page of vintage $vintage', ({ vintage, options }) => {
  let simulator: Simulator;
  let library: LibraryClient;
  let client: wwebjs.Client;
  beforeAll(async () => {
    simulator = await startSimulator({
      vintage,
      contacts: [
        { pn: '15550002222', lid: '200000000002222', name: 'Alice Example', pushname: 'Alice' },
        { pn: '15550003333', lid: '300000000003333', name: 'Bob Example', pushname: 'Bob' },
        { pn: '15550004444', name: 'Carol Example', groupInviteOnly: true },
      ],
      groups: [
        { id: '120363000000000001', subject: 'Family', participants: ['15550002222', '15550003333'] },
        { id: '120363000000000002', subject: 'Club', participants: ['15550002222'], member: false },
      ],
    });
    library = await LibraryClient.create(simulator, { options });
    await library.link(simulator);
    client = library.client;
  });
  afterAll(async () => {
    await library.stop();
    await simulator.stop();
  });

  /** Sends and gives back what the server has of it. */
  const send = async (
    to: string,
    content: wwebjs.MessageContent,
    sendOptions: wwebjs.MessageSendOptions = {},
  ) => {
    const message = await client.sendMessage(to, content, sendOptions);
    const sent = await waitFor(() => simulator.sent().find(({ key }) => key === message.id._serialized), {
      what: 'the message on the server',
    });
    return { message, sent };
  };
  const lastMessage = () => library.emitted('message').at(-1)?.[0] as wwebjs.Message;
  const received = async (message: Parameters<Simulator['receive']>[0]) => {
    const key = await simulator.receive(message);
    await waitFor(() => lastMessage().id._serialized === key, { what: 'the message event' });
    return lastMessage();
  };
  const group = async () => (await client.getChatById(FAMILY)) as wwebjs.GroupChat;

  test('media out, image and document and voice and sticker, the bytes arrive with type and caption', async () => {
    const image = await send(ALICE, new MessageMedia('image/png', png.toString('base64')), {
      caption: 'look',
    });
    expect(image.sent.message).toMatchObject({
      type: 'image',
      mimetype: 'image/png',
      caption: 'look',
      width: 8,
    });
    expect(simulator.media(image.sent.message['directPath'] as string)?.data).toEqual(png);
    expect(image.message.hasMedia).toBe(true);

    const bytes = randomBytes(300_000);
    const file = new MessageMedia('application/pdf', bytes.toString('base64'), 'report.pdf');
    const document = await send(ALICE, file, { sendMediaAsDocument: true });
    expect(document.sent.message).toMatchObject({ type: 'document', filename: 'report.pdf', size: 300_000 });
    expect(simulator.media(document.sent.message['directPath'] as string)?.data).toEqual(bytes);

    const voice = await send(ALICE, new MessageMedia('audio/ogg; codecs=opus', bytes.toString('base64')), {
      sendAudioAsVoice: true,
    });
    expect(voice.sent.type).toBe('ptt');

    const sticker = await send(ALICE, new MessageMedia('image/png', png.toString('base64')), {
      sendMediaAsSticker: true,
    });
    expect(sticker.sent.type).toBe('sticker');
    const webp = simulator.media(sticker.sent.message['directPath'] as string)!.data;
    expect(webp.subarray(8, 12).toString()).toBe('WEBP');
  });

  test('media in, downloaded byte for byte; gone media is undefined', async () => {
    const message = await received({
      from: ALICE,
      media: { data: png, mimetype: 'image/png', filename: 'a.png' },
      caption: 'here',
    });
    expect(message).toMatchObject({ type: 'image', hasMedia: true, body: 'here' });
    expect((await message.downloadMedia()).data).toBe(png.toString('base64'));
    await simulator.setFault('mediaGone', true);
    expect(await message.downloadMedia()).toBeUndefined();
    await simulator.setFault('mediaGone', false);
  });

  test('location, contact card, poll, sent as such', async () => {
    const { sent: place } = await send(BOB, new Location(55.75, 37.61, { name: 'Red Square' }));
    expect(place.message).toMatchObject({ type: 'location', lat: 55.75, lng: 37.61, loc: 'Red Square' });
    const { sent: card } = await send(BOB, await client.getContactById(ALICE));
    expect(card.message).toMatchObject({ type: 'vcard', vcardFormattedName: 'Alice Example' });
    expect(card.body).toContain('waid=15550002222');
    const location = await received({ from: BOB, type: 'location', fields: { lat: 1, lng: 2, loc: 'Here' } });
    expect(location.location).toMatchObject({ latitude: 1, longitude: 2 });
  });

  test('poll, votes of others and own ones, heard and listed', async () => {
    const { message, sent } = await send(ALICE, new Poll('Lunch?', ['Pizza', 'Soup']));
    expect(sent.message).toMatchObject({ type: 'poll_creation', pollName: 'Lunch?' });
    await simulator.vote(sent.key, ['Soup'], ALICE);
    const vote = await library.first<wwebjs.PollVote>('vote_update');
    expect(vote.selectedOptions).toMatchObject([{ name: 'Soup' }]);
    expect(vote.voter).toBe(ALICE);
    await message.vote(['Pizza']);
    expect(await message.getPollVotes()).toHaveLength(2);
  });

  test('reply and mentions, in both directions', async () => {
    const question = await received({ from: ALICE, body: 'ready?' });
    const answer = await question.reply('yes', undefined, { mentions: [ALICE] });
    const sent = await waitFor(() => simulator.sent().find(({ key }) => key === answer.id._serialized));
    expect(sent.message).toMatchObject({ quotedStanzaID: question.id.id, mentionedJidList: [ALICE] });
    const again = await received({ from: ALICE, body: 'good', quoted: answer.id._serialized });
    expect(again.hasQuotedMsg).toBe(true);
    expect((await again.getQuotedMessage()).body).toBe('yes');
  });

  test('reactions, sent and heard and listed', async () => {
    const { message, sent } = await send(ALICE, 'nice');
    await simulator.react(sent.key, '👍', ALICE);
    const reaction = await library.first<wwebjs.Reaction>('message_reaction');
    expect(reaction).toMatchObject({ reaction: '👍', senderId: ALICE });
    await message.react('🎉');
    await message.reload();
    const lists = await message.getReactions();
    expect(lists.map(({ id }) => id).sort()).toEqual(['🎉', '👍'].sort());
  });

  test('edit, star, delete for everyone and for me, from either side', async () => {
    const { message, sent } = await send(ALICE, 'helo');
    await message.edit('hello');
    expect(sent.message.body).toBe('hello');
    await message.star();
    expect(sent.message['star']).toBe(true);
    await message.delete(true);
    expect(sent.message.type).toBe('revoked');

    const { message: other, sent: otherSent } = await send(ALICE, 'only here');
    await other.delete(false);
    expect(simulator.world.messages.find(otherSent.key)).toBeNull();

    const foreign = await received({ from: ALICE, body: 'typo' });
    await simulator.edit(foreign.id._serialized, 'fixed');
    await waitFor(() => library.emitted('message_edit').some(([, body]) => body === 'fixed'));
    await simulator.revoke(foreign.id._serialized);
    await waitFor(() =>
      library
        .emitted('message_revoke_everyone')
        .some(([revoked]) => (revoked as wwebjs.Message).id.id === foreign.id.id),
    );
  });

  test('forward, a new message with the old content', async () => {
    const original = await received({ from: ALICE, body: 'pass it on' });
    await original.forward(BOB);
    const sent = await waitFor(() =>
      simulator.sent().find(({ chatId, body }) => chatId === BOB && body === 'pass it on'),
    );
    expect(sent.message).toMatchObject({ isForwarded: true });
    expect(sent.id).not.toBe(original.id.id);
  });

  test('chats, listed with title and last message, history by pages, by id', async () => {
    for (let index = 0; index < 60; index += 1)
      await simulator.receive({ from: CAROL, body: `old ${index}` });
    const chats = await client.getChats();
    expect(chats.find(({ id }) => id._serialized === CAROL)).toMatchObject({
      name: 'Carol Example',
      unreadCount: 60,
      lastMessage: { body: 'old 59' },
    });
    const chat = await client.getChatById(CAROL);
    expect(await chat.fetchMessages({ limit: 55 })).toHaveLength(55);
    await chat.sendSeen();
    expect(simulator.world.seen).toContain(CAROL);
    await client.pupPage!.reload();
    await waitFor(() => library.emitted('ready').length === 2);
    const messages = await (await client.getChatById(CAROL)).fetchMessages({ limit: 60 });
    expect(messages.map(({ body }) => body)).toEqual(
      Array.from({ length: 60 }, (_, index) => `old ${index}`),
    );
    expect((await client.getMessageById(messages[0]!.id._serialized)).body).toBe('old 0');
  });

  test('chat settings, archive and pin and mute and typing reach the server', async () => {
    const chat = await client.getChatById(BOB);
    await chat.archive();
    await chat.pin();
    await chat.mute();
    expect(simulator.world.chats.find(BOB)).toMatchObject({ archive: true, muteExpiration: -1 });
    expect(simulator.world.chats.find(BOB)!.pin).toBeGreaterThan(0);
    await chat.unarchive();
    await chat.unpin();
    await chat.unmute();
    expect(simulator.world.chats.find(BOB)).toMatchObject({ archive: false, pin: 0, muteExpiration: 0 });
    await chat.sendStateTyping();
    await waitFor(() => simulator.world.chatStates.some(({ id, state }) => id === BOB && state === 'typing'));
  });

  test('contacts and numbers, looked up', async () => {
    const contacts = await client.getContacts();
    expect(contacts.find(({ id }) => id._serialized === ALICE)).toMatchObject({
      name: 'Alice Example',
      isMyContact: true,
    });
    expect(await client.getNumberId('15550009999')).toMatchObject({ _serialized: '15550009999@c.us' });
    expect(await client.getNumberId('15550010000')).toBeNull();
    expect(await client.getContactLidAndPhone([ALICE])).toEqual([{ lid: '200000000002222@lid', pn: ALICE }]);
    const bob = await client.getContactById(BOB);
    await bob.block();
    expect(simulator.world.directory.find(BOB)?.blocked).toBe(true);
    await bob.unblock();
    expect(await bob.getAbout()).toBe('Hey there!');
    await expect(client.sendMessage('15550010000@c.us', 'nobody')).rejects.toThrow('No LID for user');
  });

  test('profile picture, set and read and deleted', async () => {
    expect(await client.getProfilePicUrl(ME)).toBeUndefined();
    expect(await client.setProfilePicture(new MessageMedia('image/png', png.toString('base64')))).toBe(true);
    expect(await client.getProfilePicUrl(ME)).toMatch(/^https:\/\/pps\.whatsapp\.net\/v\//);
    expect(await (await group()).setPicture(new MessageMedia('image/png', png.toString('base64')))).toBe(
      true,
    );
    expect(await client.deleteProfilePicture()).toBe(true);
    expect(await client.getProfilePicUrl(ME)).toBeUndefined();
  });

  test('groups, created with members that exist and invitations for those who want one', async () => {
    const result = (await client.createGroup('Team', [
      ALICE,
      CAROL,
      '15550010000@c.us',
    ])) as wwebjs.CreateGroupResult;
    expect(result.participants).toMatchObject({
      [ALICE]: { statusCode: 200 },
      [CAROL]: { statusCode: 403, isInviteV4Sent: true },
      '15550010000@c.us': { statusCode: 404 },
    });
    const id = (result.gid as unknown as { _serialized: string })._serialized;
    expect(simulator.world.groups.get(id)).toMatchObject({ subject: 'Team', owner: ME });
    expect(simulator.sent().at(-1)).toMatchObject({ chatId: CAROL, type: 'groups_v4_invite' });
  });

  test('groups, members and settings changed by the account', async () => {
    const family = await group();
    expect(family.participants).toHaveLength(3);
    const { sent } = await send(FAMILY, 'to all');
    expect(sent.message.id.participant).toBe(ME);
    await family.promoteParticipants([ALICE]);
    await family.removeParticipants([BOB]);
    expect(simulator.world.groups.get(FAMILY).participants).toMatchObject([
      { id: ME, isAdmin: true },
      { id: ALICE, isAdmin: true },
    ]);
    await family.demoteParticipants([ALICE]);
    expect(await family.addParticipants([BOB])).toMatchObject({ [BOB]: { code: 200 } });
    expect(await family.setSubject('Relatives')).toBe(true);
    expect(await family.setDescription('all of us')).toBe(true);
    expect(await family.setMessagesAdminsOnly(true)).toBe(true);
    expect(await family.setInfoAdminsOnly(true)).toBe(true);
    const server = simulator.world.groups.get(FAMILY);
    expect(server).toMatchObject({ subject: 'Relatives', desc: 'all of us', announce: true, restrict: true });
    const code = await family.getInviteCode();
    expect(code).toBe(server.inviteCode);
    await family.revokeInvite();
    expect(server.inviteCode).not.toBe(code);
  });

  test('groups, what others do is heard', async () => {
    await simulator.groupMembers(FAMILY, 'add', [CAROL], ALICE);
    await simulator.groupMembers(FAMILY, 'promote', [CAROL], ALICE);
    await simulator.groupMembers(FAMILY, 'remove', [CAROL], ALICE);
    await simulator.groupChange(FAMILY, { subject: 'Clan' }, 'subject', ALICE);
    await waitFor(() =>
      library.emitted('group_update').some(([event]) => (event as wwebjs.GroupNotification).body === 'Clan'),
    );
    const byCarol = (name: string) =>
      library
        .emitted(name)
        .some(([event]) => (event as wwebjs.GroupNotification).recipientIds.includes(CAROL));
    expect(['group_join', 'group_admin_changed', 'group_leave'].filter(byCarol)).toHaveLength(3);
    const message = await received({ from: FAMILY, author: BOB, body: 'hi all' });
    expect(message).toMatchObject({ from: FAMILY, author: BOB });
  });

  test('groups, joined by invitation and left', async () => {
    const { inviteCode } = simulator.world.groups.get(CLUB);
    expect(await client.getInviteInfo(inviteCode)).toMatchObject({ subject: 'Club', size: 1 });
    expect(await client.acceptInvite(inviteCode)).toBe(CLUB);
    expect(simulator.world.groups.get(CLUB).participants.map(({ id }) => id)).toContain(ME);
    const club = (await client.getChatById(CLUB)) as wwebjs.GroupChat;
    await club.leave();
    expect(simulator.world.groups.get(CLUB).participants.map(({ id }) => id)).not.toContain(ME);
  });

  test('call, heard', async () => {
    await simulator.call({ from: ALICE, isVideo: true });
    expect(await library.first<wwebjs.Call>('call')).toMatchObject({ from: ALICE, isVideo: true });
  });
});
