/** What of contacts is evaluated inside WhatsApp Web; see message-page.ts for what such a function may use. */

interface Wid {
  readonly _serialized: string;
  readonly user: string;
  readonly server: string;
}

interface Contact {
  readonly id: Wid;
  readonly phoneNumber?: Wid | null;
  readonly isBusiness?: boolean;
  readonly isContactBlocked?: boolean;
}

interface PageModules {
  WAWebCollections: {
    Contact: { getModelsArray(): Contact[]; find(id: Wid): Promise<Contact> };
    Blocklist: { getModelsArray(): { readonly id: Wid }[] };
  };
  WAWebWidFactory: { createWid(id: string): Wid };
  WAWebApiContact: {
    getPhoneNumber(lid: Wid): Wid | null | undefined;
    getAlternateUserWid(id: Wid): Wid | null | undefined;
  };
  WAWebContactGetters: {
    getName(contact: Contact): string | null | undefined;
    getPushname(contact: Contact): string | null | undefined;
    getVerifiedName(contact: Contact): string | null | undefined;
    getIsMe(contact: Contact): boolean;
  };
  WAWebFrontendContactGetters: { getIsMyContact(contact: Contact): boolean };
  WAWebContactStatusBridge: {
    getStatus(query: { token: string; wid: Wid }): Promise<{ status?: unknown } | null | undefined>;
  };
}

declare const window: {
  require: <Name extends keyof PageModules>(name: Name) => PageModules[Name];
};

export interface PageContact {
  readonly id: string;
  readonly phone: string | null;
  readonly name: string | null;
  readonly pushname: string | null;
  readonly isSaved: boolean;
  readonly isBusiness: boolean;
  readonly isBlocked: boolean;
  readonly isMe: boolean;
  /** What the list is sorted by; people without a name are last. */
  readonly key: string;
}

/**
 * A page of the list of people, or one person. The library's own list builds a full model of every contact and
 * asks for the business profile of each business.
 * @param query.id the one person who is asked for; null for the list
 */
export async function contactsInPage(query: {
  id: string | null;
  search: string;
  savedOnly: boolean;
  after: { key: string; id: string } | null;
  limit: number;
}): Promise<PageContact[]> {
  const { Contact, Blocklist } = window.require('WAWebCollections');
  const ids = window.require('WAWebApiContact');
  const getters = window.require('WAWebContactGetters');
  const addressBook = window.require('WAWebFrontendContactGetters');

  // A person is blocked under one id, and is in the list under that or the other.
  const blocked = new Set<string>();
  for (const { id } of Blocklist.getModelsArray()) {
    blocked.add(id._serialized);
    const other = ids.getAlternateUserWid(id);
    if (other) blocked.add(other._serialized);
  }
  const asked =
    query.id === null
      ? Contact.getModelsArray()
      : [await Contact.find(window.require('WAWebWidFactory').createWid(query.id))];
  const people = new Map<string, PageContact>();
  for (const contact of asked) {
    const wid = contact.id;
    if (wid.server !== 'c.us' && wid.server !== 'lid') continue;
    const number = wid.server === 'c.us' ? wid : (contact.phoneNumber ?? ids.getPhoneNumber(wid));
    const id = (number ?? wid)._serialized;
    const name = getters.getName(contact) ?? null;
    const pushname = getters.getPushname(contact) ?? getters.getVerifiedName(contact) ?? null;
    const isSaved = addressBook.getIsMyContact(contact);
    // The same person is there twice where chats have moved to privacy ids; the address book knows one of them.
    const known = people.get(id);
    if (known !== undefined && (known.isSaved || !isSaved)) continue;
    people.set(id, {
      id,
      phone: number?.user ?? null,
      name,
      pushname,
      isSaved,
      isBusiness: contact.isBusiness === true,
      isBlocked: contact.isContactBlocked === true || blocked.has(wid._serialized) || blocked.has(id),
      isMe: getters.getIsMe(contact),
      key: (name ?? pushname ?? '\uffff').toLowerCase().slice(0, 100).toWellFormed(),
    });
  }
  if (query.id !== null) return [...people.values()];

  const words = query.search.toLowerCase();
  const digits = /^[\d\s()+.-]+$/.test(words) ? words.replace(/\D/g, '') : '';
  const { after } = query;
  const isAfter = (one: PageContact, key: string, id: string) =>
    one.key > key || (one.key === key && one.id > id);
  return [...people.values()]
    .filter((one) => one.isSaved || !query.savedOnly)
    .filter((one) => after === null || isAfter(one, after.key, after.id))
    .filter(
      ({ id, name, pushname }) =>
        words === '' ||
        (name ?? '').toLowerCase().includes(words) ||
        (pushname ?? '').toLowerCase().includes(words) ||
        id.includes(words) ||
        (digits !== '' && id.includes(digits)),
    )
    .sort((a, b) => (isAfter(a, b.key, b.id) ? 1 : -1))
    .slice(0, query.limit);
}

/** What a person writes about themselves; null when it is not shown to this account. */
export async function aboutInPage(id: string): Promise<string | null> {
  const wid = window.require('WAWebWidFactory').createWid(id);
  try {
    const answer = await window.require('WAWebContactStatusBridge').getStatus({ token: '', wid });
    return typeof answer?.status === 'string' ? answer.status : null;
  } catch (error) {
    if ((error as Error).name === 'ServerStatusCodeError') return null;
    throw error;
  }
}
