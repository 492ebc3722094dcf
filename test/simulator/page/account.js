// Who this device belongs to, and what it knows after the login.
import { Chat, chatFromWire } from './chats.js';
import { Contact, contactFromWire } from './contacts.js';
import { Msg } from './messages.js';
import { define } from './registry.js';
import { Conn } from './socket.js';
import { setMe } from './me.js';
import { startAt } from './updates.js';
import { createWid } from './wid.js';

/** Fills the collections with what the server knows. */
export function enter({ account, me, people, chats, seen }) {
  setMe(me);
  startAt(seen);
  Conn.set({ pushname: account.pushname, platform: account.platform, wid: createWid(me.id) });
  for (const person of [me, ...people]) contactFromWire(person);
  for (const chat of chats) chatFromWire(chat);
}

define('WAWebCollections', { Msg, Chat, Contact });
