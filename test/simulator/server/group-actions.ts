import { type Group, type Member, newInviteCode } from './groups.ts';
import type { Journal } from './journal.ts';
import type { PageLink } from './page-hub.ts';
import { SimulatorError } from './wire.ts';
import { newMessageId, type World } from './world.ts';

export type MemberAction = 'add' | 'remove' | 'promote' | 'demote';

/** Everything that happens to groups, from either side; each change is also a notification in the chat. */
export class GroupActions {
  readonly #world: World;
  readonly #journal: Journal;

  constructor(world: World, journal: Journal) {
    this.#world = world;
    this.#journal = journal;
  }

  readonly handlers = {
    createGroup: async (
      _page: PageLink,
      { subject, members, settings }: { subject: string; members: string[]; settings: Partial<Group> },
    ) => {
      const group = this.#world.groups.create(subject, this.#me);
      Object.assign(group, settings);
      const participants = members.map((id) => ({ id, ...this.#admit(group, id) }));
      await this.#publish(group);
      await this.#notify(group, 'create', this.#me, [], subject);
      return { id: group.id, participants: [{ id: this.#me, type: 'superadmin' }, ...participants] };
    },
    group: (_page: PageLink, { id }: { id: string }) => this.#world.groups.find(id) ?? null,
    addMember: async (_page: PageLink, { id, member }: { id: string; member: string }) => {
      const group = this.#administered(id);
      const result = this.#admit(group, member);
      if (result.error === undefined) {
        await this.#publish(group);
        await this.#notify(group, 'add', this.#me, [member]);
      }
      return result;
    },
    changeMembers: async (_page: PageLink, args: { id: string; members: string[]; action: MemberAction }) => {
      this.#administered(args.id);
      await this.members(args.id, args.action, args.members, this.#me);
    },
    changeGroup: async (
      _page: PageLink,
      { id, changes, subtype }: { id: string; changes: Partial<Group>; subtype: string },
    ) => {
      const group = this.#world.groups.get(id);
      if (group.restrict || 'announce' in changes || 'restrict' in changes) this.#administered(id);
      await this.change(id, changes, subtype, this.#me);
    },
    inviteCode: (_page: PageLink, { id }: { id: string }) => this.#administered(id).inviteCode,
    resetInvite: async (_page: PageLink, { id }: { id: string }) => {
      await this.change(id, { inviteCode: newInviteCode() }, 'revoke_invite', this.#me);
      return this.#administered(id).inviteCode;
    },
    inviteInfo: (_page: PageLink, { code }: { code: string }) => {
      const group = this.#world.groups.byInvite(code);
      if (!group) throw new SimulatorError('406', 'this invite is not valid');
      const { id, subject, owner, creation, desc, participants } = group;
      return { id, subject, owner, creation, desc, size: participants.length };
    },
    join: async (_page: PageLink, { code }: { code: string }) => {
      const group = this.#world.groups.byInvite(code);
      if (!group) throw new SimulatorError('406', 'this invite is not valid');
      if (!this.#isMember(group, this.#me)) await this.members(group.id, 'add', [this.#me], this.#me);
      return group.id;
    },
    leave: (_page: PageLink, { id }: { id: string }) => this.members(id, 'remove', [this.#me], this.#me),
  };

  /** Adds, removes, promotes or demotes members, done by `author`. */
  async members(id: string, action: MemberAction, members: readonly string[], author: string): Promise<void> {
    const group = this.#world.groups.get(id);
    if (action === 'remove') {
      group.participants = group.participants.filter((member) => !members.includes(member.id));
    } else if (action === 'add') {
      const fresh = members.filter((member) => !this.#isMember(group, member));
      group.participants.push(
        ...fresh.map((member) => ({ id: member, isAdmin: false, isSuperAdmin: false })),
      );
    } else {
      for (const member of group.participants) {
        if (members.includes(member.id)) member.isAdmin = action === 'promote';
      }
    }
    await this.#publish(group);
    const left = action === 'remove' && members.length === 1 && members[0] === author;
    await this.#notify(group, left ? 'leave' : action, author, members);
  }

  /** Changes subject, description or settings, done by `author`. */
  async change(id: string, changes: Partial<Group>, subtype: string, author: string): Promise<void> {
    const group = this.#world.groups.get(id);
    Object.assign(group, changes);
    await this.#publish(group);
    await this.#notify(group, subtype, author, [], changes.subject ?? changes.desc ?? undefined);
  }

  get #me(): string {
    return this.#world.directory.me.id;
  }

  #isMember(group: Group, id: string): boolean {
    return group.participants.some((member) => member.id === id);
  }

  /** Adds a member if that is possible; else WhatsApp's code for the reason. */
  #admit(group: Group, id: string): { error?: number; inviteCode?: string; inviteCodeExp?: number } {
    const person = this.#world.directory.find(id);
    if (!person) return { error: 404 };
    if (this.#isMember(group, id)) return { error: 409 };
    if (person.groupInviteOnly) {
      return {
        error: 403,
        inviteCode: newInviteCode(),
        inviteCodeExp: Math.floor(Date.now() / 1000) + 259_200,
      };
    }
    group.participants.push({ id, isAdmin: false, isSuperAdmin: false } satisfies Member);
    return {};
  }

  /** @throws SimulatorError `403` unless the account is an admin of the group */
  #administered(id: string): Group {
    const group = this.#world.groups.get(id);
    if (!group.participants.some((member) => member.id === this.#me && member.isAdmin)) {
      throw new SimulatorError('403', 'not an admin of this group');
    }
    return group;
  }

  async #publish(group: Group): Promise<void> {
    this.#world.chats.ensure(group.id);
    this.#world.onChange();
    await this.#journal.announce('group', { group });
  }

  async #notify(group: Group, subtype: string, author: string, recipients: readonly string[], body?: string) {
    const message = {
      id: { fromMe: author === this.#me, remote: group.id, id: newMessageId(), participant: author },
      type: 'gp2',
      subtype,
      t: Math.floor(Date.now() / 1000),
      from: group.id,
      to: this.#me,
      author,
      recipients,
      ack: 1,
      ...(body === undefined ? {} : { body }),
    };
    this.#world.add(message);
    await this.#journal.announce('message', { message });
  }
}
