import type { World } from './world.ts';
import { newMessageId } from './world.ts';
import { keyText, type WireMessage } from './wire.ts';

/** A message that somebody sends to the account. */
export interface IncomingMessage {
  /** Chat id (`<digits>@c.us`, `<x>@lid`, `<x>@g.us`) or bare digits. Default: the first contact. */
  from?: string;
  /** The member who writes, in a group. Default: the first member. */
  author?: string;
  body?: string;
  /** Default `chat`, or what the media is. */
  type?: string;
  /** Fixed id inside the key. */
  id?: string;
  /** Seconds since 1970. */
  t?: number;
  media?: { data: Buffer | string; mimetype: string; filename?: string };
  caption?: string;
  /** Key or id of the message that is answered. */
  quoted?: string;
  mentions?: string[];
  /** Written on the phone by the account itself. */
  fromMe?: boolean;
  /** Further fields as WhatsApp Web has them: `lat`, `lng`, `pollName`, … */
  fields?: Record<string, unknown>;
}

/** Makes a stored message of it. */
export function incoming(
  world: World,
  message: IncomingMessage,
  store: (data: Buffer, mimetype: string) => string,
): { wire: WireMessage; key: string } {
  const me = world.directory.me.id;
  const chatId = world.chatId(chatIdOf(message.from ?? world.directory.first));
  const isGroup = chatId.endsWith('@g.us');
  const fromMe = message.fromMe ?? false;
  const author = isGroup ? (fromMe ? me : chatIdOf(message.author ?? world.directory.first)) : undefined;
  const id = {
    fromMe,
    remote: chatId,
    id: message.id ?? newMessageId(),
    ...(author === undefined ? {} : { participant: author }),
  };
  const wire: WireMessage = {
    id,
    type: message.type ?? (message.media ? typeOf(message.media.mimetype) : 'chat'),
    t: message.t ?? Math.floor(Date.now() / 1000),
    from: fromMe ? me : chatId,
    to: fromMe ? chatId : me,
    ack: 1,
    notifyName: world.directory.find(author ?? chatId)?.pushname ?? '',
    ...(message.body === undefined ? {} : { body: message.body }),
    ...(author === undefined ? {} : { author }),
    ...(message.mentions ? { mentionedJidList: message.mentions } : {}),
    ...(message.caption === undefined ? {} : { caption: message.caption }),
    ...message.fields,
  };
  if (message.quoted !== undefined) Object.assign(wire, quotation(world, message.quoted));
  if (message.media) Object.assign(wire, media(message.media, store));
  return { wire, key: keyText(id) };
}

/** `+1 555 000 2222` → `15550002222@c.us`; an id stays as it is. */
export function chatIdOf(text: string): string {
  return text.includes('@') ? text : `${text.replace(/\D/g, '')}@c.us`;
}

function quotation(world: World, keyOrId: string): Record<string, unknown> {
  const quoted = world.messages.find(keyOrId);
  if (!quoted) throw new Error(`no message ${keyOrId} to quote`);
  const { type, body, caption } = quoted;
  return {
    quotedMsg: { type, body, caption },
    quotedStanzaID: quoted.id.id,
    quotedParticipant: quoted.author ?? quoted.from,
  };
}

function media(
  { data, mimetype, filename }: NonNullable<IncomingMessage['media']>,
  store: (data: Buffer, mimetype: string) => string,
): Record<string, unknown> {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'base64') : data;
  return {
    directPath: store(bytes, mimetype),
    mimetype,
    size: bytes.length,
    mediaKey: Buffer.alloc(32, 7).toString('base64'),
    mediaKeyTimestamp: Math.floor(Date.now() / 1000),
    filehash: Buffer.alloc(32, 1).toString('base64'),
    encFilehash: Buffer.alloc(32, 2).toString('base64'),
    ...(filename === undefined ? {} : { filename }),
  };
}

function typeOf(mimetype: string): string {
  const [kind = ''] = mimetype.split('/');
  return ['image', 'video', 'audio'].includes(kind) ? kind : 'document';
}
