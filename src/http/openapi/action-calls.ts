import { z } from 'zod';

import { actionBodies } from '../message-actions.ts';
import { success } from './answers.ts';
import { PAGE_ERRORS, STORAGE_ERRORS, type Operation } from './operation.ts';

const id = {
  description: "WhatsApp's id of the message, or the id that the outbox gave it",
  example: 'true_15550002222@c.us_3EB0F7A1B2C3D4E5F60718',
};

function action(
  name: keyof typeof actionBodies,
  operationId: string,
  summary: string,
  body: object,
  more: Partial<Operation> = {},
): Operation {
  return {
    method: 'post',
    path: `/api/messages/{id}/${name}`,
    tag: 'Messages',
    id: operationId,
    summary,
    params: { id },
    body: actionBodies[name],
    answers: [
      {
        status: 200,
        description: 'WhatsApp Web has done it',
        schema: success({ messageId: z.string().meta({ description: "WhatsApp's id" }) }),
      },
    ],
    examples: [{ summary: 'One', body }],
    ...more,
    errors: ['not_found', 'wrong_state', ...PAGE_ERRORS, ...STORAGE_ERRORS, ...(more.errors ?? [])],
  };
}

/** What can be done with a message, and `/api/media`. */
export const actionCalls: readonly Operation[] = [
  action(
    'react',
    'reactToMessage',
    'Reacts to a message',
    { reaction: '👍' },
    {
      description: 'One emoji; an empty text takes the reaction back.',
    },
  ),
  action('edit', 'editMessage', 'Changes the text of a message of this account', { text: 'Hello again' }),
  action('delete', 'deleteMessage', 'Deletes a message, for this account or for everybody', {
    everyone: false,
  }),
  action('star', 'starMessage', 'Stars a message, or takes the star away', { starred: true }),
  action(
    'forward',
    'forwardMessage',
    'Forwards a message',
    { to: '15550003333@c.us' },
    {
      errors: ['invalid_recipient', 'unknown_number'],
    },
  ),
  {
    method: 'get',
    path: '/api/media/{id}',
    tag: 'Messages',
    id: 'getMedia',
    summary: 'The file of a message that came in',
    description:
      'Fetched from WhatsApp when it is asked for, and kept on the disk for a while. Ranges and conditions are answered.',
    params: { id: { ...id, example: 'false_15550002222@c.us_3EB0A0A0A0A0A0A0A0A0A0' } },
    answers: [
      {
        status: 200,
        description: 'The file, as a download',
        types: ['application/octet-stream', 'image/*', 'video/*', 'audio/*', 'application/pdf'],
      },
      { status: 206, description: 'A part of it', types: ['application/octet-stream'] },
    ],
    errors: [
      'not_found',
      'media_refused',
      'payload_too_large',
      ...PAGE_ERRORS,
      'precondition_failed',
      'range_not_satisfiable',
      ...STORAGE_ERRORS,
    ],
    examples: [{ summary: 'Fetch' }],
  },
];
