import { randomBytes } from 'node:crypto';
import type { GroupSeed } from '../options.ts';
import { SimulatorError } from './wire.ts';

export interface Member {
  id: string;
  isAdmin: boolean;
  isSuperAdmin: boolean;
}

/** A group, as the page gets it. */
export interface Group {
  id: string;
  subject: string;
  owner: string;
  /** Seconds since 1970. */
  creation: number;
  desc: string | null;
  descId: string | null;
  participants: Member[];
  announce: boolean;
  restrict: boolean;
  memberAddMode: 'admin_add' | 'all_member_add';
  ephemeralDuration: number;
  inviteCode: string;
}

/** Groups that the account is in, and those that it could join. */
export class Groups {
  readonly #groups = new Map<string, Group>();

  seed({ id, subject, participants, admin = true, member = true }: GroupSeed, me: string): Group {
    const others = participants.map((digits) => `${digits}@c.us`);
    const group = this.#make(`${id}@g.us`, subject, admin && member ? me : (others[0] ?? me));
    const members = [...(member ? [me] : []), ...others].map((id) => ({
      id,
      isAdmin: id === group.owner,
      isSuperAdmin: id === group.owner,
    }));
    group.participants = members;
    return group;
  }

  create(subject: string, owner: string): Group {
    const digits = `1203630${randomBytes(5).readUIntBE(0, 5).toString().padStart(13, '0').slice(-11)}`;
    const group = this.#make(`${digits}@g.us`, subject, owner);
    group.participants = [{ id: owner, isAdmin: true, isSuperAdmin: true }];
    return group;
  }

  find(id: string): Group | undefined {
    return this.#groups.get(id);
  }

  /** @throws SimulatorError `404` */
  get(id: string): Group {
    const group = this.#groups.get(id);
    if (!group) throw new SimulatorError('404', `no group ${id}`);
    return group;
  }

  byInvite(code: string): Group | undefined {
    return this.all.find((group) => group.inviteCode === code);
  }

  get all(): Group[] {
    return [...this.#groups.values()];
  }

  #make(id: string, subject: string, owner: string): Group {
    const group: Group = {
      id,
      subject,
      owner,
      creation: Math.floor(Date.now() / 1000),
      desc: null,
      descId: null,
      participants: [],
      announce: false,
      restrict: false,
      memberAddMode: 'all_member_add',
      ephemeralDuration: 0,
      inviteCode: newInviteCode(),
    };
    this.#groups.set(id, group);
    return group;
  }
}

export function newInviteCode(): string {
  return randomBytes(16).toString('base64url').slice(0, 22);
}
