// Who this device belongs to, and what it knows after the login.
import { Chat, chatFromWire } from './chats.js';
import { Blocklist, Contact, contactFromWire } from './contacts.js';
import { Reactions } from './addons.js';
import { GroupMetadata, groupFromWire } from './groups.js';
import { Collection, Model } from './models.js';
import { ProfilePicThumb } from './profiles.js';
import { Msg } from './messages.js';
import { define } from './registry.js';
import { Conn } from './socket.js';
import { setMe } from './me.js';
import { startAt } from './updates.js';
import { createWid } from './wid.js';

/** Fills the collections with what the server knows. */
export function enter({ account, me, people, chats, groups, seen }) {
  setMe(me);
  startAt(seen);
  Conn.set({ pushname: account.pushname, platform: account.platform, wid: createWid(me.id) });
  for (const person of [me, ...people]) contactFromWire(person);
  for (const chat of chats) chatFromWire(chat);
  for (const group of groups) groupFromWire(group);
}

define('WAWebCollections', {
  Msg,
  Chat,
  Contact,
  Blocklist,
  GroupMetadata,
  ProfilePicThumb,
  Reactions,
  BusinessProfile: { find: async () => new Model({ profileOptions: null }) },
  WAWebNewsletterCollection: new Collection(),
  Status: new Collection(),
  Label: new Collection(),
});
