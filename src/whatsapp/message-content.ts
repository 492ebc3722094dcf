import type wwebjs from 'whatsapp-web.js';

import { parseAddress } from '../messages/address.ts';
import type { Outgoing, StoredMedia } from '../messages/schema.ts';
import { library } from './load-library.ts';
import type { PageMessage } from './message-page.ts';

/** Reads a file of the outbox whole. @throws Error when it is not there */
export type ReadMedia = (sha256: string) => Promise<Buffer>;

/** The content and options of a message as `WWebJS.sendMessage` takes them inside the page. */
export async function pageContentOf(
  message: Outgoing,
  readMedia: ReadMedia,
): Promise<Pick<PageMessage, 'content' | 'options'>> {
  const common = {
    quotedMessageId: message.quotedMessageId,
    // A quote that is not found is a mistake of the caller, who shall hear of it.
    ignoreQuoteErrors: false,
    mentionedJidList: 'mentions' in message ? (message.mentions ?? []).map(chatIdOf) : [],
  };
  switch (message.type) {
    case 'text':
      return {
        content: message.text,
        options: { ...common, linkPreview: message.linkPreview === false ? undefined : true },
      };
    case 'image':
    case 'video':
    case 'audio':
      return mediaContent(message, common, readMedia, {});
    case 'voice':
      return mediaContent(message, common, readMedia, { sendAudioAsVoice: true });
    case 'document':
      return mediaContent(message, common, readMedia, { sendMediaAsDocument: true });
    case 'sticker':
      return mediaContent(message, common, readMedia, { sendMediaAsSticker: true });
    case 'location': {
      const { latitude, longitude, name, address } = message;
      const { Location } = library();
      const location = new Location(latitude, longitude, {
        ...(name !== undefined && { name }),
        ...(address !== undefined && { address }),
      });
      return { content: '', options: { ...common, location: Object.assign({}, location) } };
    }
    case 'contact':
      return { content: '', options: { ...common, extraOptions: contactFields(message) } };
    case 'poll': {
      const { name, options, multiple = false } = message;
      const { Poll } = library();
      const poll = new Poll(name, options, {
        allowMultipleAnswers: multiple,
      } as wwebjs.PollSendOptions);
      return { content: '', options: { ...common, poll: Object.assign({}, poll) } };
    }
  }
}

type MediaMessage = Extract<Outgoing, { media: StoredMedia }>;

async function mediaContent(
  message: MediaMessage,
  common: object,
  readMedia: ReadMedia,
  kind: Readonly<Record<string, true>>,
): Promise<Pick<PageMessage, 'content' | 'options'>> {
  const bytes = await readMedia(message.media.sha256);
  const { mimetype, filename, size } = message.media;
  const caption = 'caption' in message ? message.caption : undefined;
  return {
    content: '',
    options: {
      ...common,
      ...kind,
      media: { mimetype, data: bytes.toString('base64'), filename, filesize: size },
      caption,
      isCaptionByUser: caption !== undefined,
      isViewOnce: 'viewOnce' in message ? message.viewOnce : undefined,
    },
  };
}

function contactFields(message: Extract<Outgoing, { type: 'contact' }>): object {
  const cards = message.contacts.map((contact) =>
    'vcard' in contact
      ? { displayName: nameIn(contact.vcard), vcard: contact.vcard }
      : { displayName: contact.name, vcard: vcardOf(contact.name, contact.phone) },
  );
  const [first] = cards;
  if (cards.length > 1 || first === undefined) return { type: 'multi_vcard', vcardList: cards, body: null };
  return { type: 'vcard', body: first.vcard, vcardFormattedName: first.displayName };
}

/** A vCard 3.0 (RFC 2426) with the parameter by which WhatsApp knows the account. */
function vcardOf(name: string, phone: string): string {
  const address = parseAddress(phone);
  const digits = address.kind === 'phone' ? address.digits : '';
  const safe = name.replace(/[\\;,]/g, '\\$&').replace(/[\r\n]+/g, ' ');
  return [
    'BEGIN:VCARD',
    'VERSION:3.0',
    `N:;${safe};;;`,
    `FN:${safe}`,
    `TEL;type=CELL;waid=${digits}:+${digits}`,
    'END:VCARD',
  ].join('\n');
}

function nameIn(vcard: string): string {
  return /^FN[^:\n]*:(.*)$/m.exec(vcard)?.[1]?.trim() ?? '';
}

function chatIdOf(written: string): string {
  const address = parseAddress(written);
  return address.kind === 'phone' ? address.canonical : address.chatId;
}
