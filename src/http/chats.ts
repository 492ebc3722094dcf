import type { IRouter, Request } from 'express';
import { z } from 'zod';

import { validate } from '../border/validate.ts';
import { parseAddress } from '../messages/address.ts';
import type { ChatCursor, Chats, ChatSummary } from '../messages/chats.ts';
import { sendJson } from './answer.ts';
import { whole } from './query.ts';
import { route } from './route.ts';
import { isoOrNull } from './time.ts';

const CURSOR = /^(\d{1,12})_([\w.@-]{3,64})$/;

const cursor = z.string().regex(CURSOR, 'expected the nextCursor of the page before').optional();

export const chatsQuery = z.object({
  search: z.string().max(100).optional(),
  limit: whole(1, 200).optional(),
  cursor,
});
export const chatMessagesQuery = z.object({ limit: whole(1, 500).optional(), cursor });

export const chatBodies = {
  typing: z.strictObject({ state: z.enum(['typing', 'recording', 'stop']) }),
  archive: z.strictObject({ archived: z.boolean() }),
  pin: z.strictObject({ pinned: z.boolean() }),
  /** Until a time, for ever (`true`), or not any more (`false`). */
  mute: z.strictObject({
    muted: z.union([z.boolean(), z.iso.datetime({ offset: true })], {
      error: 'expected true, false or a time such as 2030-01-31T12:00:00Z',
    }),
  }),
} as const;

/** `/api/chats`. The key is asked for by whoever mounts it. */
export function chatRoutes(router: IRouter, chats: Chats): void {
  route(router, '/api/chats', {
    get: async (request, response) => {
      const { search = '', limit = 50, cursor } = validate(chatsQuery, request.query);
      const page = await chats.list({ search, limit, before: cursorOf(cursor) });
      sendJson(response, 200, {
        success: true,
        chats: page.chats.map(view),
        nextCursor: cursorText(page.next),
      });
    },
  });
  route(router, '/api/chats/:id/messages', {
    get: async (request, response) => {
      const query = validate(chatMessagesQuery, request.query);
      const { messages, next } = await chats.messages(chatIdOf(request), {
        before: cursorOf(query.cursor),
        limit: query.limit ?? 50,
      });
      sendJson(response, 200, { success: true, messages, nextCursor: cursorText(next) });
    },
  });
  const perform = (path: string, act: (chatId: string, body: unknown) => Promise<void>) => {
    route(router, `/api/chats/:id/${path}`, {
      post: async (request, response) => {
        const chatId = chatIdOf(request);
        await act(chatId, request.body);
        sendJson(response, 200, { success: true, chatId });
      },
    });
  };
  perform('seen', (id) => chats.seen(id));
  perform('typing', (id, body) => chats.typing(id, validate(chatBodies.typing, body).state));
  perform('archive', (id, body) => chats.archive(id, validate(chatBodies.archive, body).archived));
  perform('pin', (id, body) => chats.pin(id, validate(chatBodies.pin, body).pinned));
  perform('mute', (id, body) => {
    const { muted } = validate(chatBodies.mute, body);
    return chats.mute(id, muted === false ? null : muted === true ? Infinity : Date.parse(muted));
  });
}

/** A chat is named by its id or by the phone number of the person. */
function chatIdOf(request: Request): string {
  const address = parseAddress(String(request.params['id']));
  return address.kind === 'chat' ? address.chatId : address.canonical;
}

function cursorOf(text: string | undefined): ChatCursor | null {
  const [, t = '', id = ''] = CURSOR.exec(text ?? '') ?? [];
  return id === '' ? null : { t: Number(t), id };
}

function cursorText(cursor: ChatCursor | null): string | null {
  return cursor === null ? null : `${cursor.t}_${cursor.id}`;
}

function view(chat: ChatSummary) {
  const { lastMessageAt, mutedUntil, ...rest } = chat;
  return {
    ...rest,
    lastMessageAt: isoOrNull(lastMessageAt),
    muted: mutedUntil !== null,
    mutedUntil: mutedUntil === Infinity ? null : isoOrNull(mutedUntil),
  };
}
