import type { IRouter } from 'express';
import { z } from 'zod';

import { validate } from '../border/validate.ts';
import type { Contacts } from '../messages/contacts.ts';
import type { NumberBook } from '../messages/numbers.ts';
import { sendJson } from './answer.ts';
import { cursorOf, cursorText, nameQuery } from './listing.ts';
import { knownPersonId } from './people.ts';
import { route } from './route.ts';

export interface ContactRoutesOptions {
  readonly contacts: Contacts;
  readonly messages: { readonly numbers: NumberBook };
}

export const contactsQuery = nameQuery.extend({
  saved: z.enum(['true', 'false'], { error: 'expected true or false' }).optional(),
});

export const contactBodies = {
  block: z.strictObject({ blocked: z.boolean() }),
} as const;

/** `/api/contacts`. The key is asked for by whoever mounts it. */
export function contactRoutes(router: IRouter, options: ContactRoutesOptions): void {
  const { contacts } = options;
  /** A person is named by the chat id or by the phone number. */
  const idIn = (params: Record<string, unknown>) =>
    knownPersonId(String(params['id']), options.messages.numbers);

  route(router, '/api/contacts', {
    get: async (request, response) => {
      const { search = '', limit = 50, cursor, saved } = validate(contactsQuery, request.query);
      const savedOnly = saved === 'true';
      const page = await contacts.list({ search, limit, savedOnly, after: cursorOf(cursor) });
      sendJson(response, 200, {
        success: true,
        contacts: page.contacts,
        nextCursor: cursorText(page.next),
      });
    },
  });
  route(router, '/api/contacts/:id', {
    get: async (request, response) => {
      sendJson(response, 200, { success: true, contact: await contacts.get(await idIn(request.params)) });
    },
  });
  route(router, '/api/contacts/:id/picture', {
    get: async (request, response) => {
      const contactId = await idIn(request.params);
      sendJson(response, 200, { success: true, contactId, url: await contacts.pictureUrl(contactId) });
    },
  });
  route(router, '/api/contacts/:id/block', {
    post: async (request, response) => {
      const { blocked } = validate(contactBodies.block, request.body);
      const contactId = await idIn(request.params);
      await contacts.block(contactId, blocked);
      sendJson(response, 200, { success: true, contactId });
    },
  });
}
