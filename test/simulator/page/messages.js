// Message models and their collection.
import { faults } from './config.js';
import { isMe } from './me.js';
import { Collection, Model } from './models.js';
import { MsgKey, toWire } from './msg-key.js';
import { define } from './registry.js';
import { server } from './server.js';
import { createWid } from './wid.js';

/** Fields of a message that hold ids, and that travel as text. */
const WIDS = ['from', 'to', 'author', 'quotedParticipant', 'invokedBotWid'];
/** What exists in the page only. */
const LOCAL = ['mediaData', 'mediaObject', 'mediaBlob', 'renderableUrl', 'isNewMsg', 'local', 'self'];

export class Message extends Model {
  constructor(attributes) {
    const { isNewMsg = false, ...rest } = attributes;
    super({ star: false, ack: 1, ...rest, isNewMsg });
    if (rest.directPath) this.#keepMedia(rest.mediaStage ?? 'REMOTE');
  }

  get isNotification() {
    return ['gp2', 'e2e_notification', 'notification_template', 'protocol'].includes(this.type);
  }

  get isStatusV3() {
    return this.id.remote.isStatus();
  }

  get isEphemeral() {
    return Boolean(this.ephemeralDuration);
  }

  /** What a reply carries of the message that it answers. */
  msgContextInfo() {
    const { type, body, caption } = this;
    return {
      quotedMsg: { type, body, caption },
      quotedStanzaID: this.id.id,
      quotedParticipant: this.author ?? (this.id.fromMe ? this.from : this.id.remote),
    };
  }

  canReply() {
    return true;
  }

  serialize() {
    const plain = super.serialize();
    delete plain.mediaData;
    delete plain.mediaObject;
    return plain;
  }

  /** Resolves the media as the download button does; afterwards `mediaData.mediaStage` says how it went. */
  async downloadMedia() {
    this.mediaData.mediaStage = faults.mediaGone ? 'ERROR_MISSING' : 'RESOLVED';
  }

  #keepMedia(mediaStage) {
    Object.defineProperty(this, 'mediaData', { value: { mediaStage, type: this.type }, writable: true });
    Object.defineProperty(this, 'mediaObject', { value: { filehash: this.filehash }, writable: true });
  }
}

class Messages extends Collection {
  constructor() {
    super(Message);
  }

  /** Asks the store for messages that are not in memory. @throws an error named `r` for something that is no key */
  async getMessagesById(ids) {
    const keys = ids.map((id) => MsgKey.fromString(typeof id === 'string' ? id : id?.toString()).toString());
    const known = keys.map((key) => this.get(key));
    if (known.every(Boolean)) return { messages: known };
    const found = await server.call('byIds', { keys });
    return { messages: found.map((wire) => messageFromWire(wire)) };
  }

  /** Full text search over what is in the store. */
  async search(query, page = 1, count = 50, chatId = undefined) {
    const found = await server.call('search', { query, chatId });
    const start = (Math.max(1, page ?? 1) - 1) * count;
    return { messages: found.slice(start, start + (count ?? 50)).map((wire) => messageFromWire(wire)) };
  }
}

export const Msg = new Messages();

/** A message of the server as a model, the one in memory when there is one. */
export function messageFromWire(wire, { isNewMsg = false } = {}) {
  const id = MsgKey.fromWire(wire.id);
  const known = Msg.get(id);
  if (known) return known;
  const attributes = { ...wire, id, isNewMsg };
  for (const name of WIDS) if (typeof wire[name] === 'string') attributes[name] = createWid(wire[name]);
  if (wire.recipients) attributes.recipients = wire.recipients.map(createWid);
  if (wire.mentionedJidList) attributes.mentionedJidList = wire.mentionedJidList.map(createWid);
  return new Message(attributes);
}

/** A model, or the attributes of one, as the server stores it. */
export function messageToWire(message) {
  const attributes = message instanceof Model ? message.serialize() : message;
  const wire = { id: toWire(attributes.id) };
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'id' || LOCAL.includes(name) || typeof value === 'function') continue;
    if (value instanceof Uint8Array) wire[name] = [...value];
    else if (!(value instanceof Blob)) wire[name] = value;
  }
  return JSON.parse(JSON.stringify(wire));
}

define('WAWebBackendJobsCommon', { mediaTypeFromProtobuf: () => null });
define('WAWebE2EProtoUtils', { typeAttributeFromProtobuf: () => 'text' });
define('WAWebMsgReply', { canReplyMsg: () => true });
define('WAWebQuotedMsgModelUtils', {
  getQuotedMsgObj: (message) => {
    const participant = message.quotedParticipant;
    const fromMe = participant !== undefined && isMe(participant);
    const id = new MsgKey({ fromMe, remote: message.id.remote, id: message.quotedStanzaID });
    return (
      Msg.get(id) ??
      new Message({
        ...message.quotedMsg,
        id,
        from: participant,
        to: message.to,
        t: message.t,
        isNewMsg: false,
      })
    );
  },
});
define('WALinkify', {
  findLink: (text) => findLinks(text)[0] ?? null,
  findLinks,
});

function findLinks(text) {
  return [...(text ?? '').matchAll(/https?:\/\/[^\s]+/g)].map(([href]) => ({
    href,
    url: href,
    suspiciousCharacters: new Set(),
  }));
}
