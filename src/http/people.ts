import { z } from 'zod';

import { GatewayError, messageOf } from '../errors.ts';
import { parseAddress, type Address } from '../messages/address.ts';
import type { NumberBook } from '../messages/numbers.ts';

/** A person as a caller names them. */
export const person = z
  .string()
  .min(1)
  .max(64)
  .superRefine((text, context) => {
    try {
      personIn(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: messageOf(error) });
    }
  })
  .meta({
    description: 'A phone number with its country code, as people write it, or the chat id of a person',
    examples: ['+7 (912) 345-67-89', '79123456789@c.us'],
  });

/**
 * The chat id of a person.
 * @returns null when WhatsApp does not know the number
 * @throws GatewayError `invalid_recipient`, `not_connected`
 */
export function personId(text: string, numbers: NumberBook): Promise<string | null> {
  return chatIdOf(personIn(text), numbers);
}

/** As `personId`. @throws GatewayError `unknown_number` too */
export async function knownPersonId(text: string, numbers: NumberBook): Promise<string> {
  const id = await personId(text, numbers);
  if (id !== null) return id;
  throw unknownNumber('WhatsApp does not know this phone number');
}

/** The chat of an address; null when WhatsApp does not know the number. @throws GatewayError `not_connected` */
export async function chatIdOf(address: Address, numbers: NumberBook): Promise<string | null> {
  if (address.kind === 'chat') return address.chatId;
  try {
    return await numbers.resolve(address.digits);
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError({
      code: 'not_connected',
      message: 'WhatsApp cannot be asked now',
      action: 'GET /api/whatsapp/status says why',
      retryable: true,
      cause,
    });
  }
}

export function unknownNumber(message: string): GatewayError {
  return new GatewayError({
    code: 'unknown_number',
    message,
    action: 'Check the number and its country code; GET /api/numbers/{phone} asks WhatsApp',
  });
}

function personIn(text: string): Address {
  const address = parseAddress(text);
  if (address.kind === 'phone' || address.server === 'c.us' || address.server === 'lid') return address;
  throw new GatewayError({
    code: 'invalid_recipient',
    message: 'This is the chat id of something else than a person',
    action: 'Give a phone number with its country code, or a chat id that ends in @c.us or @lid',
  });
}
