import { z } from 'zod';

import { chatBodies, chatMessagesQuery, chatsQuery } from '../chats.ts';
import { chatSchema, success, whatsappMessageSchema } from './answers.ts';
import { PAGE_ERRORS, type Operation } from './operation.ts';

const id = { description: 'A chat id, or the phone number of a person', example: '15550002222@c.us' };
const ERRORS = ['invalid_recipient', 'not_found', ...PAGE_ERRORS] as const;

function command(
  name: string,
  operationId: string,
  summary: string,
  body: { schema: z.ZodType; example: object } | null,
  description?: string,
): Operation {
  return {
    method: 'post',
    path: `/api/chats/{id}/${name}`,
    tag: 'Chats',
    id: operationId,
    summary,
    ...(description !== undefined && { description }),
    params: { id },
    ...(body !== null && { body: body.schema }),
    answers: [{ status: 200, description: 'Done', schema: success({ chatId: z.string() }) }],
    errors: ERRORS,
    examples: [{ summary: 'One', ...(body !== null && { body: body.example }) }],
  };
}

/** `/api/chats`. */
export const chatCalls: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/chats',
    tag: 'Chats',
    id: 'listChats',
    summary: 'The chats, the newest first',
    query: chatsQuery,
    answers: [
      {
        status: 200,
        description: 'A page of them',
        schema: success({ chats: z.array(chatSchema), nextCursor: z.string().nullable() }),
      },
    ],
    errors: ERRORS,
    examples: [{ summary: 'By name', query: { search: 'bakery', limit: '20' } }],
  },
  {
    method: 'get',
    path: '/api/chats/{id}/messages',
    tag: 'Chats',
    id: 'listChatMessages',
    summary: 'The messages of a chat: the newest page first, in each the oldest first',
    params: { id },
    query: chatMessagesQuery,
    answers: [
      {
        status: 200,
        description: 'The messages, as events tell them',
        schema: success({ messages: z.array(whatsappMessageSchema), nextCursor: z.string().nullable() }),
      },
    ],
    errors: ERRORS,
    examples: [{ summary: 'The last ten', query: { limit: '10' } }],
  },
  command('seen', 'markChatSeen', 'Marks a chat as read', null),
  command(
    'typing',
    'showTyping',
    'Shows the other side that something is being written',
    { schema: chatBodies.typing, example: { state: 'typing' } },
    'It fades by itself after about 25 seconds.',
  ),
  command('archive', 'archiveChat', 'Archives a chat, or takes it out again', {
    schema: chatBodies.archive,
    example: { archived: true },
  }),
  command('pin', 'pinChat', 'Pins a chat, or unpins it', {
    schema: chatBodies.pin,
    example: { pinned: true },
  }),
  command(
    'mute',
    'muteChat',
    'Mutes a chat, or unmutes it',
    { schema: chatBodies.mute, example: { muted: '2099-01-31T12:00:00Z' } },
    'Until a time, for ever (`true`), or not any more (`false`).',
  ),
];
