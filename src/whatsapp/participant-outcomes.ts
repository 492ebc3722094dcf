import type { MemberChange, ParticipantOutcome, ParticipantStatus } from '../messages/groups.ts';
import type { PageGroup } from './group-page.ts';

/** WhatsApp's numbers for what became of one who was to be added. */
const BY_CODE: Readonly<Record<number, ParticipantStatus>> = {
  200: 'added',
  403: 'invite_required',
  404: 'not_on_whatsapp',
  408: 'recently_left',
  409: 'already_member',
  419: 'group_full',
};

const DONE = { remove: 'removed', promote: 'promoted', demote: 'demoted' } as const satisfies Record<
  MemberChange,
  ParticipantStatus
>;

/**
 * What became of somebody who was to be added.
 * @param code undefined when the library says nothing of this person
 */
export function additionOf(chatId: string, code: number | undefined, invited: boolean): ParticipantOutcome {
  const status = invited && code === 403 ? 'invited' : (BY_CODE[code ?? 0] ?? 'refused');
  return { chatId, status, code: code ?? null };
}

/** The participants of a group among those named, by whichever of their ids; the library passes over the others. */
export function membersAmong(group: PageGroup, chatIds: readonly string[]): string[] {
  const members = new Set(group.participants.flatMap(({ id, lid }) => (lid === null ? [id] : [id, lid])));
  return chatIds.filter((chatId) => members.has(chatId));
}

/** What became of those whom a change was asked for. */
export function changesOf(
  change: MemberChange,
  chatIds: readonly string[],
  members: readonly string[],
): ParticipantOutcome[] {
  return chatIds.map((chatId) => ({
    chatId,
    status: members.includes(chatId) ? DONE[change] : 'not_a_member',
    code: null,
  }));
}
