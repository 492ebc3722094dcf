import { z } from 'zod';

import { sendRequestSchema } from '../../messages/schema.ts';
import { listQuery, sendQuery } from '../messages.ts';
import { countsSchema, messageSchema, success } from './answers.ts';
import { STORAGE_ERRORS, type Operation } from './operation.ts';

const one = success({ message: messageSchema });
const accepted = {
  status: 202,
  description: 'It is on the disk, and survives a crash',
  schema: one,
  headers: {
    Location: 'Where the message is',
    'Idempotency-Replayed': '`true` when the key had been used: nothing more is sent',
  },
} as const;
const idempotent = {
  'Idempotency-Key': {
    description: 'The same key with the same body sends one message. Kept for two days',
    example: 'order-4711',
  },
} as const;
const id = { description: 'The id that `POST /api/messages` answered with', example: 'msg_01' };
const to = '+1 555 000-2222';

/** `/api/messages`, the outbox, and `/api/numbers`. */
export const messageCalls: readonly Operation[] = [
  {
    method: 'post',
    path: '/api/messages',
    tag: 'Messages',
    id: 'sendMessage',
    summary: 'Sends a message',
    description:
      'Accepted means written to the disk: it goes out as soon as WhatsApp is connected, in the order of its chat. A number that WhatsApp does not know is refused at once when WhatsApp can be asked.',
    headers: idempotent,
    query: sendQuery,
    body: sendRequestSchema,
    form: {
      description:
        'A file in the part `media`, the other fields beside it; what is no text (`mentions`, `ttl`, `viewOnce`) as JSON',
      examples: [
        {
          summary: 'A photo from the disk',
          fields: { to, type: 'image', caption: 'As *promised*', mentions: `["${to}"]`, ttl: '3600' },
        },
        {
          summary: 'A document, not before a time',
          fields: { to: '15550002222@c.us', type: 'document', notBefore: '2099-01-01T09:00:00Z' },
        },
      ],
    },
    answers: [accepted],
    errors: [
      'not_found',
      'invalid_recipient',
      'unknown_number',
      'idempotency_conflict',
      'media_refused',
      'queue_full',
      'too_busy',
      ...STORAGE_ERRORS,
    ],
    examples: [
      {
        summary: 'A text',
        headers: { 'Idempotency-Key': 'order-4711' },
        body: { to, type: 'text', text: 'Hello' },
      },
      {
        summary: 'A text to a group, which waits, and expires when it cannot go out within an hour',
        body: {
          to: '120363000000000001@g.us',
          type: 'text',
          text: 'Good morning',
          notBefore: '2099-01-31T06:00:00Z',
          ttl: 3600,
        },
      },
      {
        summary: 'A picture in base64',
        body: {
          to,
          type: 'image',
          caption: 'A dot',
          media: {
            mimetype: 'image/png',
            data: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
          },
        },
      },
      {
        summary: 'A document',
        body: {
          to,
          type: 'document',
          media: { mimetype: 'text/plain', filename: 'note.txt', data: 'SGVsbG8=' },
        },
      },
      {
        summary: 'A place',
        body: { to, type: 'location', latitude: 52.5163, longitude: 13.3777, name: 'Brandenburg Gate' },
      },
      {
        summary: 'A contact',
        body: { to, type: 'contact', contacts: [{ name: 'Corner Bakery', phone: '+1 555 000-1111' }] },
      },
      { summary: 'A poll', body: { to, type: 'poll', name: 'Lunch?', options: ['Soup', 'Salad'] } },
    ],
  },
  {
    method: 'get',
    path: '/api/messages',
    tag: 'Messages',
    id: 'listMessages',
    summary: 'The outbox, the newest first',
    query: listQuery,
    answers: [
      {
        status: 200,
        description: 'A page of it, and how many there are in each state',
        schema: success({
          messages: z.array(messageSchema),
          counts: countsSchema,
          nextCursor: z.string().nullable(),
        }),
      },
    ],
    errors: STORAGE_ERRORS,
    examples: [{ summary: 'What waits', query: { status: 'queued,sending', limit: '20' } }],
  },
  {
    method: 'get',
    path: '/api/messages/{id}',
    tag: 'Messages',
    id: 'getMessage',
    summary: 'A message and what has become of it',
    params: { id },
    answers: [{ status: 200, description: 'The message', schema: one }],
    errors: ['not_found', ...STORAGE_ERRORS],
    examples: [{ summary: 'Ask' }],
  },
  {
    method: 'delete',
    path: '/api/messages/{id}',
    tag: 'Messages',
    id: 'cancelMessage',
    summary: 'Cancels a message that waits',
    params: { id },
    answers: [{ status: 200, description: 'It does not go out', schema: one }],
    errors: ['not_found', 'wrong_state', ...STORAGE_ERRORS],
    examples: [{ summary: 'Cancel', path: { id: 'msg_waiting' } }],
  },
  {
    method: 'post',
    path: '/api/messages/{id}/retry',
    tag: 'Messages',
    id: 'retryMessage',
    summary: 'Sends a failed, expired or cancelled message again',
    description: 'As a new message with an id of its own.',
    params: { id },
    headers: idempotent,
    answers: [accepted],
    errors: [
      'not_found',
      'wrong_state',
      'unknown_number',
      'invalid_recipient',
      'idempotency_conflict',
      'media_refused',
      'queue_full',
      ...STORAGE_ERRORS,
    ],
    examples: [{ summary: 'Send again', path: { id: 'msg_cancelled' } }],
  },
  {
    method: 'get',
    path: '/api/numbers/{phone}',
    tag: 'Messages',
    id: 'checkNumber',
    summary: 'Whether a phone number is on WhatsApp',
    params: { phone: { description: 'With its country code, as people write it', example: '+15550002222' } },
    answers: [
      {
        status: 200,
        description: 'Whether it is',
        schema: success({ phone: z.string(), exists: z.boolean(), chatId: z.string().nullable() }),
      },
    ],
    errors: ['invalid_recipient', 'not_connected', 'timeout', ...STORAGE_ERRORS],
    examples: [{ summary: 'Ask' }],
  },
];
