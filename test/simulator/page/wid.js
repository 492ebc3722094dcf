// Chat and user ids. Wids have `_serialized` in every build.
import { define } from './registry.js';

export class Wid {
  constructor(user, server) {
    this.user = user;
    this.server = server;
    this._serialized = `${user}@${server}`;
  }

  isUser() {
    return this.server === 'c.us' || this.server === 'lid';
  }
  isLid() {
    return this.server === 'lid';
  }
  isGroup() {
    return this.server === 'g.us';
  }
  isStatus() {
    return this._serialized === 'status@broadcast';
  }
  isBroadcast() {
    return this.server === 'broadcast';
  }
  isNewsletter() {
    return this.server === 'newsletter';
  }
  toJid() {
    return this._serialized.replace('@c.us', '@s.whatsapp.net');
  }
  equals(other) {
    return other?.toString() === this._serialized;
  }
  toString() {
    return this._serialized;
  }
  toJSON() {
    return this._serialized;
  }
}

/** @throws when the text is no id, as WhatsApp Web's own factory does */
export function createWid(id) {
  if (id instanceof Wid) return id;
  const text = typeof id === 'string' ? id : id?._serialized;
  const [user, server] = (text ?? '').replace('@s.whatsapp.net', '@c.us').split('@');
  if (!user || !server) throw new Error(`wid error: invalid wid ${String(text)}`);
  return new Wid(user, server);
}

define('WAWebWidFactory', {
  createWid,
  createWidFromWidLike: createWid,
  createUserWid: (user, server = 'c.us') => new Wid(user, server),
  asUserWidOrThrow: (wid) => {
    if (!wid?.isUser()) throw new Error('asUserWidOrThrow: not a user wid');
    return wid;
  },
});
define('WAWebWidToJid', {
  widToUserJid: (wid) => wid.toJid(),
  widToGroupJid: (wid) => wid.toJid(),
});
define('WAWebJidToWid', { userJidToUserWid: createWid, groupJidToGroupWid: createWid });
