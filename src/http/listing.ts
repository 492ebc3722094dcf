import { z } from 'zod';

import { GatewayError } from '../errors.ts';
import type { NameCursor } from '../messages/contacts.ts';
import { whole } from './query.ts';

/** What a list that is sorted by name is asked for with. */
export const nameQuery = z.object({
  search: z.string().max(100).optional(),
  limit: whole(1, 200).optional(),
  cursor: z
    .string()
    .regex(/^[\w-]{4,1000}$/, 'expected the nextCursor of the page before')
    .optional(),
});

/** A name may hold anything; in an address it travels as base64url. */
export function cursorText(cursor: NameCursor | null): string | null {
  return cursor === null ? null : Buffer.from(JSON.stringify([cursor.key, cursor.id])).toString('base64url');
}

/** @throws GatewayError `invalid_request` when it is no text that `cursorText` has made */
export function cursorOf(text: string | undefined): NameCursor | null {
  if (text === undefined) return null;
  try {
    const [key, id] = pair.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    return { key, id };
  } catch (cause) {
    throw new GatewayError({
      code: 'invalid_request',
      message: 'cursor: expected the nextCursor of the page before',
      cause,
    });
  }
}

const pair = z.tuple([z.string(), z.string()]);
