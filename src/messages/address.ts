import { GatewayError } from '../errors.ts';

/** Where a message goes, in one canonical form. */
export type Address =
  /** A phone number that WhatsApp has yet to name a chat for. */
  | { readonly kind: 'phone'; readonly digits: string; readonly canonical: string }
  | {
      readonly kind: 'chat';
      readonly server: ChatServer;
      readonly chatId: string;
      readonly canonical: string;
    };

const CHAT_SERVERS = ['c.us', 'g.us', 'lid', 'newsletter', 'broadcast'] as const;
export type ChatServer = (typeof CHAT_SERVERS)[number];

const CHAT_ID = {
  'c.us': /^\d{5,20}$/,
  // Groups of before 2021 carry the creator's number and a time: <digits>-<digits>.
  'g.us': /^\d{5,20}(-\d{5,20})?$/,
  lid: /^\d{5,25}$/,
  newsletter: /^\d{5,30}$/,
  broadcast: /^(status|\d{5,20})$/,
} as const satisfies Record<ChatServer, RegExp>;

/** E.164 allows 15 digits; the shortest numbers in service with their country code have 7. */
const PHONE = /^\d{7,15}$/;

/**
 * Understands a recipient as people write it: a phone number with its country code (`+7 (912) 345-67-89`,
 * `0049 151…`), or a chat id (`…@c.us`, `…@g.us`, `…@lid`, `…@newsletter`; `…@s.whatsapp.net` is how other
 * gateways write `…@c.us`). A person's `@c.us` is treated as the number it is made of: both are one chat.
 * @throws GatewayError `invalid_recipient`
 */
export function parseAddress(written: string): Address {
  const text = written.normalize('NFKC').trim();
  const at = text.indexOf('@');
  if (at >= 0) return parseChatId(text.slice(0, at), text.slice(at + 1).toLowerCase(), written);
  return parsePhone(text, written);
}

function parseChatId(user: string, givenServer: string, written: string): Address {
  const name = givenServer === 's.whatsapp.net' ? 'c.us' : givenServer;
  const server = CHAT_SERVERS.find((known) => known === name);
  // `123:4@lid` and `123.0:4@c.us` name a device of a person; a message goes to the person.
  const person = server === 'c.us' || server === 'lid' ? user.replace(/(\.\d+)?(:\d+)?$/, '') : user;
  if (server === undefined || !CHAT_ID[server].test(person)) throw refusal(written);
  if (server === 'c.us' && PHONE.test(person)) return phone(person);
  const chatId = `${person}@${server}`;
  return { kind: 'chat', server, chatId, canonical: chatId };
}

function parsePhone(text: string, written: string): Address {
  const international = text.startsWith('+');
  const bare = text
    // A trunk zero in brackets, `+49 (0) 151`, is not dialled from abroad.
    .replace(/\(0\)/g, international || text.startsWith('00') ? '' : '(0)')
    .replace(/[\s().\-/\u2010-\u2015\u2212\u00a0\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069]/g, '')
    .replace(/^\+/, '');
  const digits = international ? bare : bare.replace(/^00/, '');
  if (!PHONE.test(digits)) throw refusal(written);
  if (digits.startsWith('0')) {
    throw new GatewayError({
      code: 'invalid_recipient',
      message: 'The phone number starts with 0, so its country code is missing',
      action: 'Write it in the international form, for example +49 151 23456789',
    });
  }
  return phone(digits);
}

function phone(digits: string): Address {
  return { kind: 'phone', digits, canonical: `${digits}@c.us` };
}

function refusal(written: string): GatewayError {
  return new GatewayError({
    code: 'invalid_recipient',
    message: `Not a phone number and not a chat id (${written.length} characters)`,
    action:
      'Give a phone number with its country code, such as +7 912 345-67-89, or a chat id that ends in @c.us, @g.us, @lid or @newsletter',
  });
}
