/** What of groups is evaluated inside WhatsApp Web; see message-page.ts for what such a function may use. */

interface Wid {
  readonly _serialized: string;
  isGroup?(): boolean;
}

interface Participant {
  readonly id: Wid;
  readonly isAdmin?: boolean;
  readonly isSuperAdmin?: boolean;
}

interface Metadata {
  readonly subject?: string;
  readonly desc?: string | null;
  readonly owner?: Wid | null;
  readonly creation?: number;
  readonly announce?: boolean;
  readonly restrict?: boolean;
  readonly memberAddMode?: string | boolean;
  readonly size?: number;
  readonly participants?: { getModelsArray(): Participant[]; readonly length: number };
}

interface Chat {
  readonly id: Wid;
  readonly formattedTitle?: string;
  readonly name?: string;
  readonly groupMetadata?: Metadata | null;
}

interface MetadataCollection {
  update(id: Wid): Promise<unknown>;
}

interface PageModules {
  WAWebCollections: {
    Chat: { getModelsArray(): Chat[]; get(id: Wid): Chat | undefined };
    GroupMetadata?: MetadataCollection;
    WAWebGroupMetadataCollection?: MetadataCollection;
    ProfilePicThumb: { find(id: string): Promise<unknown> };
  };
  WAWebWidFactory: { createWid(id: string): Wid };
  WAWebApiContact: { getCurrentLid(id: Wid): Wid | null | undefined };
  WAWebLidMigrationUtils: { toPn(id: Wid): Wid | null | undefined };
  WAWebUserPrefsMeUser: {
    getMaybeMePnUser(): Wid | null | undefined;
    getMaybeMeLidUser(): Wid | null | undefined;
  };
}

declare const window: {
  require: <Name extends keyof PageModules>(name: Name) => PageModules[Name];
};

export interface PageGroupSummary {
  readonly id: string;
  readonly subject: string;
  readonly participantCount: number | null;
  /** What the list is sorted by. */
  readonly key: string;
}

/** A page of the list of groups, sorted by subject. Nothing is loaded for it. */
export function groupsInPage(query: {
  search: string;
  after: { key: string; id: string } | null;
  limit: number;
}): PageGroupSummary[] {
  const words = query.search.toLowerCase();
  const { after } = query;
  const isAfter = (one: PageGroupSummary, key: string, id: string) =>
    one.key > key || (one.key === key && one.id > id);
  return window
    .require('WAWebCollections')
    .Chat.getModelsArray()
    .filter((chat) => chat.id.isGroup?.() === true)
    .map((chat) => {
      const subject = chat.formattedTitle ?? chat.name ?? '';
      const count = chat.groupMetadata?.size ?? chat.groupMetadata?.participants?.length ?? 0;
      return {
        id: chat.id._serialized,
        subject,
        participantCount: count > 0 ? count : null,
        key: subject.toLowerCase().slice(0, 100).toWellFormed(),
      };
    })
    .filter((one) => after === null || isAfter(one, after.key, after.id))
    .filter(({ id, subject }) => words === '' || subject.toLowerCase().includes(words) || id.includes(words))
    .sort((a, b) => (isAfter(a, b.key, b.id) ? 1 : -1))
    .slice(0, query.limit);
}

export interface PageGroup {
  readonly id: string;
  readonly subject: string;
  readonly description: string | null;
  readonly owner: string | null;
  /** Seconds since the Unix epoch. */
  readonly creation: number | null;
  readonly announce: boolean;
  readonly restrict: boolean;
  readonly adminsAdd: boolean;
  readonly participants: { id: string; lid: string | null; isAdmin: boolean; isSuperAdmin: boolean }[];
  readonly isMember: boolean;
  readonly isAdmin: boolean;
}

/**
 * A group that WhatsApp Web has, as the server knows it now; null for any other. The library's `getChat` makes an
 * empty chat of whatever id it is asked for.
 */
export async function groupInPage(groupId: string): Promise<PageGroup | null> {
  const collections = window.require('WAWebCollections');
  const wid = window.require('WAWebWidFactory').createWid(groupId);
  const chat = collections.Chat.get(wid);
  const metadata = chat?.groupMetadata;
  if (!chat || !metadata) return null;
  try {
    await (collections.GroupMetadata ?? collections.WAWebGroupMetadataCollection)?.update(wid);
  } catch (error) {
    // Who is not in a group any more is not told about it; what was known stays.
    if ((error as Error).name !== 'ServerStatusCodeError') throw error;
  }
  const migration = window.require('WAWebLidMigrationUtils');
  const contacts = window.require('WAWebApiContact');
  const account = window.require('WAWebUserPrefsMeUser');
  const participants = (metadata.participants?.getModelsArray() ?? []).map((one) => {
    const id = (migration.toPn(one.id) ?? one.id)._serialized;
    return {
      id,
      lid: contacts.getCurrentLid(one.id)?._serialized ?? null,
      isAdmin: one.isAdmin === true || one.isSuperAdmin === true,
      isSuperAdmin: one.isSuperAdmin === true,
    };
  });
  const own = [account.getMaybeMePnUser()?._serialized, account.getMaybeMeLidUser()?._serialized];
  const me = participants.find(({ id, lid }) => own.includes(id) || (lid !== null && own.includes(lid)));
  return {
    id: groupId,
    subject: metadata.subject ?? chat.formattedTitle ?? chat.name ?? '',
    description: metadata.desc ?? null,
    owner: metadata.owner ? (migration.toPn(metadata.owner) ?? metadata.owner)._serialized : null,
    creation: metadata.creation ?? null,
    announce: metadata.announce === true,
    restrict: metadata.restrict === true,
    adminsAdd: metadata.memberAddMode === 'admin_add',
    participants,
    isMember: me !== undefined,
    isAdmin: me?.isAdmin === true,
  };
}

/** The ids by phone number of people, where WhatsApp Web knows them; the others as they are. */
export function phoneIdsInPage(ids: readonly string[]): string[] {
  const factory = window.require('WAWebWidFactory');
  const migration = window.require('WAWebLidMigrationUtils');
  return ids.map((id) => migration.toPn(factory.createWid(id))?._serialized ?? id);
}

/** Loads what is known of a picture. The library's `deletePicture` throws where that has not been done. */
export async function loadPictureInPage(id: string): Promise<void> {
  await window.require('WAWebCollections').ProfilePicThumb.find(id);
}
