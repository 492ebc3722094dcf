// People: contacts, privacy ids, the number check.
import { isMe } from './me.js';
import { Collection, Model } from './models.js';
import { define } from './registry.js';
import { server } from './server.js';
import { createWid } from './wid.js';

export class ContactModel extends Model {
  get formattedName() {
    return this.name ?? this.pushname ?? `+${this.id.user}`;
  }
}

class Contacts extends Collection {
  constructor() {
    super(ContactModel);
  }
  async find(id) {
    const wid = createWid(id);
    const known = contactFor(wid);
    if (known) return known;
    const person = await server.call('find', { id: wid.toString() });
    if (!person) return new ContactModel({ id: wid, isContactBlocked: false, isMyContact: false });
    return contactFromWire(person);
  }
  gadd(wid) {
    return contactFor(wid) ?? this.add(new ContactModel({ id: wid, isContactBlocked: false }));
  }
}

export const Contact = new Contacts();
export const Blocklist = new Collection();
const byLid = new Map();

/** The contact behind a phone id or a privacy id, when it is known here. */
export function contactFor(wid) {
  return Contact.get(wid) ?? byLid.get(wid?.toString());
}

export function contactFromWire({ id, lid, name, pushname, isBusiness, isMyContact, blocked, about }) {
  const wid = createWid(id);
  const known = Contact.get(wid);
  if (known) return known;
  const contact = new ContactModel({
    id: wid,
    lid: lid ? createWid(lid) : null,
    name: name ?? undefined,
    shortName: name?.split(' ')[0],
    pushname: pushname ?? undefined,
    type: 'in',
    isBusiness,
    isEnterprise: false,
    isMyContact,
    isContactBlocked: blocked,
    about,
  });
  Contact.add(contact);
  if (lid) byLid.set(lid, contact);
  if (blocked) Blocklist.add(new Model({ id: wid }));
  return contact;
}

const lidOf = (wid) => (wid.isLid() ? wid : (contactFor(wid)?.lid ?? null));
const pnOf = (wid) => (wid.isLid() ? (contactFor(wid)?.id ?? null) : wid);

define('WAWebApiContact', {
  getCurrentLid: lidOf,
  getPhoneNumber: pnOf,
  getAlternateUserWid: (wid) => (wid.isLid() ? pnOf(wid) : lidOf(wid)),
});
define('WAWebLidMigrationUtils', { toPn: pnOf, toLid: lidOf });
define('WAWebContactGetters', {
  getIsMe: (contact) => isMe(contact.id),
  getIsUser: (contact) => contact.id.isUser(),
  getIsGroup: (contact) => contact.id.isGroup(),
  getIsWAContact: () => true,
  getUserid: (contact) => contact.id.user,
  getVerifiedName: () => undefined,
  getVerifiedLevel: () => undefined,
  getStatusMute: () => false,
  getName: (contact) => contact.name,
  getShortName: (contact) => contact.shortName,
  getPushname: (contact) => contact.pushname,
  getIsEnterprise: () => false,
});
define('WAWebFrontendContactGetters', { getIsMyContact: (contact) => Boolean(contact.isMyContact) });
/** Ids of whom the page was asked about. */
export const met = new Set();

define('WAWebQueryExistsJob', {
  queryWidExists: async (wid) => {
    const id = await server.call('exists', { id: wid.toString() });
    if (id !== null) met.add(id);
    return id === null ? null : { wid: createWid(id), biz: false };
  },
});
define('WAPhoneFindCC', {
  findCC: async (digits) =>
    /^(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})/.exec(digits)?.[0],
});
define('WAWebPhoneUtils', { formattedPhoneNumber: (jid) => `+${jid.split('@')[0]}` });
