import { z } from 'zod';

import { EVENT_TYPES } from '../../events/types.ts';
import { newWebhookSchema, webhookChangesSchema } from '../../webhooks/schema.ts';
import { eventsQuery } from '../events.ts';
import { deadLetterQuery, redriveQuery } from '../webhooks.ts';
import { anyEventSchema, deadLetterSchema, success, webhookSchema } from './answers.ts';
import { STORAGE_ERRORS, type Operation } from './operation.ts';

const id = { description: 'The id of the webhook', example: 'wh_01' };
const one = success({ webhook: webhookSchema });

/** `/api/events` and `/api/webhooks`. */
export const eventCalls: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/events',
    tag: 'Events',
    id: 'listEvents',
    summary: 'Events from a number on',
    description: `Keep \`nextSince\` and ask with it again: nothing is missed. A number that this journal has never reached is one of another journal (DATA_PATH was emptied), and begins at the beginning. \`wait\` answers as soon as there is something. Types: ${EVENT_TYPES.join(', ')}.`,
    query: eventsQuery,
    answers: [
      {
        status: 200,
        description: 'What happened, in order',
        schema: success({
          events: z.array(anyEventSchema),
          nextSince: z.int().meta({ description: 'To ask with the next time' }),
          firstSeq: z.int().nullable().meta({ description: 'The oldest event that is still kept' }),
          lastSeq: z.int(),
        }),
      },
    ],
    errors: STORAGE_ERRORS,
    examples: [{ summary: 'Messages', query: { since: '0', types: 'message,message.status', limit: '50' } }],
  },
  {
    method: 'get',
    path: '/api/webhooks',
    tag: 'Webhooks',
    id: 'listWebhooks',
    summary: 'The webhooks, with how they fare',
    answers: [
      { status: 200, description: 'All of them', schema: success({ webhooks: z.array(webhookSchema) }) },
    ],
    errors: STORAGE_ERRORS,
    examples: [{ summary: 'Ask' }],
  },
  {
    method: 'post',
    path: '/api/webhooks',
    tag: 'Webhooks',
    id: 'createWebhook',
    summary: 'Subscribes an address to events',
    body: newWebhookSchema,
    answers: [
      {
        status: 201,
        description: 'It is there; the only answer that shows its secret',
        schema: success({
          webhook: webhookSchema.extend({ secret: z.string() }).meta({ id: 'WebhookWithSecret' }),
        }),
        headers: { Location: 'Where the webhook is' },
      },
    ],
    errors: ['wrong_state', 'unprocessable', ...STORAGE_ERRORS],
    examples: [
      {
        summary: 'Messages of one chat, with a header of its own',
        body: {
          url: 'https://example.org/hook',
          events: ['message', 'group.*'],
          chats: ['15550002222@c.us'],
          headers: { 'X-Tenant': 'bakery' },
          enabled: false,
        },
      },
    ],
  },
  {
    method: 'get',
    path: '/api/webhooks/{id}',
    tag: 'Webhooks',
    id: 'getWebhook',
    summary: 'One webhook',
    params: { id },
    answers: [{ status: 200, description: 'The webhook', schema: one }],
    errors: ['not_found', ...STORAGE_ERRORS],
    examples: [{ summary: 'Ask' }],
  },
  {
    method: 'patch',
    path: '/api/webhooks/{id}',
    tag: 'Webhooks',
    id: 'changeWebhook',
    summary: 'Changes a webhook',
    description:
      'It goes on where it was, at another address too, and is tried at once. The one of `WEBHOOK_URL` is changed by the environment alone.',
    params: { id },
    body: webhookChangesSchema,
    answers: [{ status: 200, description: 'The webhook as it is now', schema: one }],
    errors: ['not_found', 'wrong_state', 'unprocessable', ...STORAGE_ERRORS],
    examples: [{ summary: 'Other events', body: { events: ['message'] } }],
  },
  {
    method: 'delete',
    path: '/api/webhooks/{id}',
    tag: 'Webhooks',
    id: 'deleteWebhook',
    summary: 'Ends a subscription',
    description:
      'Its dead letters go with it. The one of `WEBHOOK_URL` can be removed once a start without that has switched it off.',
    params: { id },
    answers: [{ status: 200, description: 'It is gone', schema: success({}) }],
    errors: ['not_found', 'wrong_state', ...STORAGE_ERRORS],
    examples: [{ summary: 'Remove', path: { id: 'wh_other' } }],
  },
  {
    method: 'get',
    path: '/api/webhooks/{id}/dead-letters',
    tag: 'Webhooks',
    id: 'listDeadLetters',
    summary: 'Events that could not be delivered',
    params: { id },
    query: deadLetterQuery,
    answers: [
      {
        status: 200,
        description: 'A page of them, the oldest first',
        schema: success({ deadLetters: z.array(deadLetterSchema), nextCursor: z.string().nullable() }),
      },
    ],
    errors: ['not_found', ...STORAGE_ERRORS],
    examples: [{ summary: 'Ask', query: { limit: '10' } }],
  },
  {
    method: 'post',
    path: '/api/webhooks/{id}/redrive',
    tag: 'Webhooks',
    id: 'redriveWebhook',
    summary: 'Delivers dead letters again',
    description:
      'At most 100, oldest first; go on with `nextCursor`. One that the receiver refuses is passed over; when it cannot be reached, the rest waits. 409 while this is under way already, and while the webhook is switched off.',
    params: { id },
    query: redriveQuery,
    answers: [
      {
        status: 200,
        description: 'How far it got',
        schema: success({
          delivered: z.int(),
          refused: z.int(),
          remaining: z.int(),
          error: z.string().nullable(),
          nextCursor: z.string().nullable(),
        }),
      },
    ],
    errors: ['not_found', 'wrong_state', ...STORAGE_ERRORS],
    examples: [{ summary: 'Try' }],
  },
];
