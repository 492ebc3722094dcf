import { z } from 'zod';

import { contactBodies, contactsQuery } from '../contacts.ts';
import { chatId, contactSchema, fullContactSchema, success } from './answers.ts';
import { PAGE_ERRORS, STORAGE_ERRORS, type Operation } from './operation.ts';

const id = {
  description: 'A phone number with its country code, or the chat id of a person',
  example: '15550002222@c.us',
};
const ERRORS = [
  'invalid_recipient',
  'unknown_number',
  'not_found',
  ...PAGE_ERRORS,
  // A number is looked up in the outbox's book first.
  ...STORAGE_ERRORS,
] as const;

/** `/api/contacts`. */
export const contactCalls: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/contacts',
    tag: 'Contacts',
    id: 'listContacts',
    summary: 'The people that WhatsApp Web knows, by name',
    query: contactsQuery,
    answers: [
      {
        status: 200,
        description: 'A page of them',
        schema: success({ contacts: z.array(contactSchema), nextCursor: z.string().nullable() }),
      },
    ],
    errors: ERRORS,
    examples: [{ summary: 'Of the address book', query: { saved: 'true' } }],
  },
  {
    method: 'get',
    path: '/api/contacts/{id}',
    tag: 'Contacts',
    id: 'getContact',
    summary: 'One of them',
    params: { id },
    answers: [{ status: 200, description: 'The person', schema: success({ contact: fullContactSchema }) }],
    errors: ERRORS,
    examples: [{ summary: 'Ask' }],
  },
  {
    method: 'get',
    path: '/api/contacts/{id}/picture',
    tag: 'Contacts',
    id: 'getContactPicture',
    summary: 'The address of the picture',
    description: 'At WhatsApp, good for some days; null when there is none, or it is not shown.',
    params: { id },
    answers: [
      {
        status: 200,
        description: 'The address',
        schema: success({ contactId: chatId, url: z.string().nullable() }),
      },
    ],
    errors: ERRORS,
    examples: [{ summary: 'Ask' }],
  },
  {
    method: 'post',
    path: '/api/contacts/{id}/block',
    tag: 'Contacts',
    id: 'blockContact',
    summary: 'Blocks a person, or unblocks them',
    params: { id },
    body: contactBodies.block,
    answers: [{ status: 200, description: 'Done', schema: success({ contactId: chatId }) }],
    errors: ERRORS,
    examples: [{ summary: 'Block', body: { blocked: true } }],
  },
];
