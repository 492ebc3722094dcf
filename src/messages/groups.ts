import type { NameCursor, NameQuery } from './contacts.ts';

/** A group as a list shows it. */
export interface GroupSummary {
  readonly id: string;
  readonly subject: string;
  /** Null until WhatsApp Web has loaded the group. */
  readonly participantCount: number | null;
}

export interface GroupSettings {
  readonly messagesAdminsOnly: boolean;
  readonly infoAdminsOnly: boolean;
  readonly addMembersAdminsOnly: boolean;
}

export interface Participant {
  readonly id: string;
  /** The privacy id, where WhatsApp Web knows it beside the other. */
  readonly lid: string | null;
  readonly isAdmin: boolean;
  readonly isSuperAdmin: boolean;
}

export interface Group {
  readonly id: string;
  readonly subject: string;
  readonly description: string | null;
  readonly owner: string | null;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number | null;
  readonly settings: GroupSettings;
  readonly participants: readonly Participant[];
  /** Whether this account is in the group, and whether it is one of its admins. */
  readonly isMember: boolean;
  readonly isAdmin: boolean;
}

/** What became of one participant of a call. */
export type ParticipantStatus =
  | 'added'
  | 'removed'
  | 'promoted'
  | 'demoted'
  /** Lets nobody add them; an invitation was sent to them. */
  | 'invited'
  /** Lets nobody add them; an invitation would be needed. */
  | 'invite_required'
  | 'already_member'
  | 'not_a_member'
  | 'not_on_whatsapp'
  | 'recently_left'
  | 'group_full'
  /** For a reason of WhatsApp's own: `code`. */
  | 'refused';

export interface ParticipantOutcome {
  readonly chatId: string;
  readonly status: ParticipantStatus;
  /** WhatsApp's own number for the reason, when it has given one. */
  readonly code: number | null;
}

export type MemberChange = 'remove' | 'promote' | 'demote';

/** A picture, whole. */
export interface Picture {
  readonly bytes: Buffer;
  readonly mimetype: string;
}

/**
 * The groups of the account, as the border needs them. Every method throws a GatewayError: `not_connected`;
 * `not_found` when WhatsApp Web does not have the group; `unprocessable` when WhatsApp does not allow it, which
 * mostly means that the account is no admin; `timeout`, after which what was asked may still happen.
 */
export interface Groups {
  /** Sorted by subject. */
  list(
    query: NameQuery,
  ): Promise<{ readonly groups: readonly GroupSummary[]; readonly next: NameCursor | null }>;
  get(groupId: string): Promise<Group>;
  /** @param invite whether those who let nobody add them are sent an invitation */
  create(
    subject: string,
    chatIds: readonly string[],
    invite: boolean,
  ): Promise<{ readonly groupId: string; readonly participants: readonly ParticipantOutcome[] }>;
  /** @param invite as for `create` */
  add(groupId: string, chatIds: readonly string[], invite: boolean): Promise<readonly ParticipantOutcome[]>;
  change(
    groupId: string,
    change: MemberChange,
    chatIds: readonly string[],
  ): Promise<readonly ParticipantOutcome[]>;
  setSubject(groupId: string, subject: string): Promise<void>;
  /** @param description empty takes it away */
  setDescription(groupId: string, description: string): Promise<void>;
  /** Changes what is given, one after the other; what comes before one that is refused stays changed. */
  setSettings(groupId: string, settings: Partial<GroupSettings>): Promise<void>;
  /** The address of the picture at WhatsApp, good for some days; null when there is none. */
  pictureUrl(groupId: string): Promise<string | null>;
  setPicture(groupId: string, picture: Picture): Promise<void>;
  removePicture(groupId: string): Promise<void>;
  inviteCode(groupId: string): Promise<string>;
  /** The code of before is worth nothing any more. @returns the new one */
  revokeInvite(groupId: string): Promise<string>;
  /** @returns the id of the group */
  join(inviteCode: string): Promise<string>;
  leave(groupId: string): Promise<void>;
}
