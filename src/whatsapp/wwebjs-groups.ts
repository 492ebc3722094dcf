import type wwebjs from 'whatsapp-web.js';

import { GatewayError } from '../errors.ts';
import type { NameQuery } from '../messages/contacts.ts';
import type {
  Group,
  Groups,
  GroupSettings,
  GroupSummary,
  MemberChange,
  ParticipantOutcome,
  Picture,
} from '../messages/groups.ts';
import { askClient, pageOf, refused } from './ask-client.ts';
import {
  groupInPage,
  groupsInPage,
  loadPictureInPage,
  phoneIdsInPage,
  type PageGroup,
  type PageGroupSummary,
} from './group-page.ts';
import { library } from './load-library.ts';
import { additionOf, changesOf, membersAmong } from './participant-outcomes.ts';
import { pictureUrlOf } from './wwebjs-contacts.ts';

const WITHIN_MS = 20_000;
/** The library asks for each participant, adds them one by one and rests up to half a second in between. */
const EACH_MS = 2_000;

interface InGroup {
  readonly client: wwebjs.Client;
  readonly chat: wwebjs.GroupChat;
  readonly group: PageGroup;
}

/** The groups of the account, through the library and the page. */
export class WwebjsGroups implements Groups {
  readonly #client: () => wwebjs.Client | null;

  /** @param client the present client, or null when it is not linked and synced */
  constructor(client: () => wwebjs.Client | null) {
    this.#client = client;
  }

  async list({ search, after, limit }: NameQuery) {
    const asked = { search, after, limit: limit + 1 };
    const found = await this.#ask(WITHIN_MS, (client) => pageOf(client).evaluate(groupsInPage, asked));
    const groups = found.slice(0, limit);
    const last = groups.at(-1);
    const next = found.length > limit && last !== undefined ? { key: last.key, id: last.id } : null;
    return { groups: groups.map(summaryOf), next };
  }

  get(groupId: string): Promise<Group> {
    return this.#ask(WITHIN_MS, async (client) => groupOf(await knownGroup(client, groupId)));
  }

  create(subject: string, chatIds: readonly string[], invite: boolean) {
    return this.#ask(WITHIN_MS + EACH_MS * chatIds.length, async (client) => {
      // The library puts privacy ids where numbers belong, and answers by number in either case.
      const ids = await pageOf(client).evaluate(phoneIdsInPage, chatIds);
      const created = await client.createGroup(subject, ids, { autoSendInviteV4: invite });
      if (typeof created === 'string') throw refused('WhatsApp did not create the group', new Error(created));
      const participants = chatIds.map((chatId, index) => {
        const answer = created.participants[ids[index] ?? chatId];
        return additionOf(chatId, answer?.statusCode, answer?.isInviteV4Sent === true);
      });
      return { groupId: created.gid._serialized, participants };
    });
  }

  add(groupId: string, chatIds: readonly string[], invite: boolean): Promise<ParticipantOutcome[]> {
    const within = WITHIN_MS + EACH_MS * chatIds.length;
    return this.#asAdmin(
      groupId,
      async ({ chat }) => {
        if (chatIds.length === 0) return [];
        const answer = await chat.addParticipants([...chatIds], { autoSendInviteV4: invite });
        if (typeof answer === 'string') throw refused(answer.replace('AddParticipantsError: ', ''));
        const added = answer as unknown as wwebjs.AddParticipantsResult;
        return chatIds.map((chatId) =>
          additionOf(chatId, added[chatId]?.code, added[chatId]?.isInviteV4Sent === true),
        );
      },
      within,
    );
  }

  change(groupId: string, change: MemberChange, chatIds: readonly string[]): Promise<ParticipantOutcome[]> {
    return this.#asAdmin(groupId, async ({ chat, group }) => {
      const members = membersAmong(group, chatIds);
      if (members.length > 0) {
        if (change === 'remove') await chat.removeParticipants(members);
        else if (change === 'promote') await chat.promoteParticipants(members);
        else await chat.demoteParticipants(members);
      }
      return changesOf(change, chatIds, members);
    });
  }

  setSubject(groupId: string, subject: string): Promise<void> {
    return this.#allowed(groupId, ({ chat }) => chat.setSubject(subject));
  }

  setDescription(groupId: string, description: string): Promise<void> {
    return this.#allowed(groupId, ({ chat }) => chat.setDescription(description));
  }

  setSettings(groupId: string, settings: Partial<GroupSettings>): Promise<void> {
    const { messagesAdminsOnly, infoAdminsOnly, addMembersAdminsOnly } = settings;
    return this.#asAdmin(groupId, async ({ chat }) => {
      if (messagesAdminsOnly !== undefined) allow(await chat.setMessagesAdminsOnly(messagesAdminsOnly));
      if (infoAdminsOnly !== undefined) allow(await chat.setInfoAdminsOnly(infoAdminsOnly));
      if (addMembersAdminsOnly !== undefined) allow(await chat.setAddMembersAdminsOnly(addMembersAdminsOnly));
    });
  }

  pictureUrl(groupId: string): Promise<string | null> {
    return this.#ask(WITHIN_MS, async (client) => {
      await knownGroup(client, groupId);
      return pictureUrlOf(client, groupId);
    });
  }

  setPicture(groupId: string, { bytes, mimetype }: Picture): Promise<void> {
    const { MessageMedia } = library();
    const media = new MessageMedia(mimetype, bytes.toString('base64'));
    return this.#allowed(groupId, ({ chat }) => chat.setPicture(media));
  }

  removePicture(groupId: string): Promise<void> {
    return this.#allowed(groupId, async ({ client, chat }) => {
      await pageOf(client).evaluate(loadPictureInPage, groupId);
      return chat.deletePicture();
    });
  }

  inviteCode(groupId: string): Promise<string> {
    return this.#asAdmin(groupId, async ({ chat }) => codeOf(await chat.getInviteCode()));
  }

  revokeInvite(groupId: string): Promise<string> {
    // The type promises nothing; the new code comes.
    return this.#asAdmin(groupId, async ({ chat }) =>
      codeOf(await (chat.revokeInvite() as Promise<unknown>)),
    );
  }

  join(inviteCode: string): Promise<string> {
    return this.#ask(WITHIN_MS, async (client) => {
      try {
        return await client.acceptInvite(inviteCode);
      } catch (error) {
        throw refused(
          'WhatsApp did not let the account in: the invitation is not valid, or an admin has to approve',
          error,
        );
      }
    });
  }

  leave(groupId: string): Promise<void> {
    return this.#in(groupId, ({ chat }) => chat.leave());
  }

  /** For what the library answers with whether it was allowed. */
  #allowed(groupId: string, action: (group: InGroup) => Promise<unknown>): Promise<void> {
    return this.#in(groupId, async (group) => allow(await action(group)));
  }

  #asAdmin<T>(groupId: string, action: (group: InGroup) => Promise<T>, ms = WITHIN_MS): Promise<T> {
    const asAdmin = (found: InGroup): Promise<T> => {
      allow(found.group.isAdmin);
      return action(found);
    };
    return this.#in(groupId, asAdmin, ms);
  }

  #in<T>(groupId: string, action: (group: InGroup) => Promise<T>, ms = WITHIN_MS): Promise<T> {
    return this.#ask(ms, async (client) => {
      const group = await knownGroup(client, groupId);
      if (!group.isMember) throw refused('This account is not in the group');
      const chat = (await client.getChatById(groupId)) as wwebjs.GroupChat;
      return action({ client, chat, group });
    });
  }

  #ask<T>(ms: number, question: (client: wwebjs.Client) => Promise<T>): Promise<T> {
    return askClient(this.#client(), ms, question);
  }
}

/** @throws GatewayError `not_found` */
async function knownGroup(client: wwebjs.Client, groupId: string): Promise<PageGroup> {
  const group = await pageOf(client).evaluate(groupInPage, groupId);
  if (group !== null) return group;
  throw new GatewayError({
    code: 'not_found',
    message: 'WhatsApp Web has no group of this id',
    action: 'GET /api/groups lists them',
  });
}

/** @param done false, or nothing, where WhatsApp says no */
function allow(done: unknown): void {
  if (done !== true) throw refused('WhatsApp does not allow it: the account must be an admin of the group');
}

function codeOf(answer: unknown): string {
  if (typeof answer === 'string') return answer;
  throw refused('WhatsApp has given no invitation');
}

function summaryOf({ key: _key, ...group }: PageGroupSummary): GroupSummary {
  return group;
}

function groupOf(page: PageGroup): Group {
  const { creation, announce, restrict, adminsAdd, ...group } = page;
  return {
    ...group,
    createdAt: creation === null ? null : creation * 1000,
    settings: {
      messagesAdminsOnly: announce,
      infoAdminsOnly: restrict,
      addMembersAdminsOnly: adminsAdd,
    },
  };
}
