import type { IRouter, Request } from 'express';
import { z } from 'zod';

import { validate } from '../border/validate.ts';
import { newWebhookSchema, webhookChangesSchema } from '../webhooks/schema.ts';
import type { DeadLetter, Webhook } from '../webhooks/webhook.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { sendJson } from './answer.ts';
import { numberCursor, whole } from './query.ts';
import { route } from './route.ts';
import { iso, isoOrNull } from './time.ts';

/** Where a redrive goes on: the `nextCursor` of the one before, or of a page of dead letters. */
export const redriveQuery = z.object({ cursor: numberCursor.optional() });

export const deadLetterQuery = z.object({
  limit: whole(1, 100).optional(),
  cursor: numberCursor.optional(),
});

/** `/api/webhooks`. The key is asked for by whoever mounts it. */
export function webhookRoutes(router: IRouter, options: { readonly webhooks: Webhooks }): void {
  route(router, '/api/webhooks', {
    get: (_request, response) => {
      sendJson(response, 200, {
        success: true,
        webhooks: options.webhooks.list().map((each) => view(each, options.webhooks)),
      });
    },
    post: async (request, response) => {
      const webhook = await options.webhooks.create(validate(newWebhookSchema, request.body));
      response.setHeader('Location', `/api/webhooks/${webhook.id}`);
      // The only answer that shows the secret.
      sendJson(response, 201, {
        success: true,
        webhook: { ...view(webhook, options.webhooks), secret: webhook.secret },
      });
    },
  });
  route(router, '/api/webhooks/:id', {
    get: (request, response) => {
      sendJson(response, 200, {
        success: true,
        webhook: view(options.webhooks.get(idOf(request)), options.webhooks),
      });
    },
    patch: async (request, response) => {
      const changes = validate(webhookChangesSchema, request.body);
      const webhook = await options.webhooks.change(idOf(request), changes);
      sendJson(response, 200, { success: true, webhook: view(webhook, options.webhooks) });
    },
    delete: async (request, response) => {
      await options.webhooks.remove(idOf(request));
      sendJson(response, 200, { success: true });
    },
  });
  route(router, '/api/webhooks/:id/dead-letters', {
    get: (request, response) => {
      const { limit = 50, cursor = 0 } = validate(deadLetterQuery, request.query);
      const letters = options.webhooks.deadLetters(idOf(request), cursor, limit + 1);
      const page = letters.slice(0, limit);
      const last = page.at(-1);
      sendJson(response, 200, {
        success: true,
        deadLetters: page.map(letterView),
        nextCursor: letters.length > limit && last !== undefined ? String(last.seq) : null,
      });
    },
  });
  route(router, '/api/webhooks/:id/redrive', {
    post: async (request, response) => {
      const { cursor = 0 } = validate(redriveQuery, request.query);
      const { next, ...result } = await options.webhooks.redrive(idOf(request), cursor);
      const nextCursor = next === null ? null : String(next);
      sendJson(response, 200, { success: true, ...result, nextCursor });
    },
  });
}

function view(webhook: Webhook, webhooks: Webhooks) {
  const { progress } = webhook;
  return {
    id: webhook.id,
    origin: webhook.origin,
    url: webhook.url,
    events: webhook.events,
    chats: webhook.chats,
    // Their values are often keys.
    headers: Object.keys(webhook.headers),
    enabled: webhook.enabled,
    disabledReason: webhook.disabledReason,
    createdAt: iso(webhook.createdAt),
    delivery: {
      cursor: progress.cursor,
      attempts: progress.attempts,
      nextAttemptAt: isoOrNull(progress.nextAttemptAt),
      failingSince: isoOrNull(progress.failingSince),
      lastError: progress.lastError,
      deliveredAt: isoOrNull(progress.deliveredAt),
      deadLetters: webhooks.deadLetterCount(webhook.id),
    },
  };
}

function letterView(letter: DeadLetter) {
  const { id, event, attempts, lastError, at } = letter;
  return { id, event, attempts, lastError, at: iso(at) };
}

function idOf(request: Request): string {
  return String(request.params['id']).slice(0, 64);
}
