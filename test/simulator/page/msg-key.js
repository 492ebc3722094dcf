// Message keys, in both vintages: with `_serialized`, or with one field of another name.
import { config } from './config.js';
import { define } from './registry.js';
import { createWid, Wid } from './wid.js';

const FIELD = config.vintage === 'minified' ? config.minifiedName : '_serialized';

/** What the minified build throws when it is handed a key that is none. */
class r extends Error {
  constructor() {
    super('r');
    this.name = 'r';
  }
}

export class MsgKey {
  constructor({ from, to, id, participant, selfDir, fromMe, remote }) {
    const outgoing = selfDir === undefined ? fromMe : selfDir === 'out';
    this.fromMe = outgoing;
    this.remote = remote ?? (outgoing ? to : from);
    this.id = id;
    if (participant) this.participant = participant;
    if (selfDir !== undefined) this.self = selfDir;
    const parts = [String(this.fromMe), this.remote.toString(), this.id];
    if (participant) parts.push(participant.toString());
    this[FIELD] = parts.join('_');
  }

  toString() {
    return this[FIELD];
  }

  equals(other) {
    return other?.toString() === this.toString();
  }

  clone() {
    return new MsgKey(this);
  }

  static async newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(9));
    return (
      '3EB0' +
      [...bytes]
        .map((byte) => byte.toString(16).padStart(2, '0'))
        .join('')
        .toUpperCase()
    );
  }

  /** @throws an error named `r` when the text is no key */
  static fromString(text) {
    if (typeof text !== 'string') throw new r();
    const [fromMe, remote, id, participant] = text.split('_');
    if (!remote || !id) throw new r();
    return MsgKey.fromWire({ fromMe: fromMe === 'true', remote, id, participant });
  }

  static from(key) {
    return typeof key === 'string' ? MsgKey.fromString(key) : new MsgKey(key);
  }

  static fromWire({ fromMe, remote, id, participant }) {
    return new MsgKey({
      fromMe,
      remote: createWid(remote),
      id,
      participant: participant ? createWid(participant) : undefined,
    });
  }
}

/** The key as the simulated server stores it. */
export function toWire(key) {
  const text = (id) => (id instanceof Wid ? id.toString() : id);
  return {
    fromMe: key.fromMe,
    remote: text(key.remote),
    id: key.id,
    ...(key.participant ? { participant: text(key.participant) } : {}),
  };
}

define('WAWebMsgKey', MsgKey);
