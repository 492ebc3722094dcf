import { z } from 'zod';

import { isTypePattern } from '../events/types.ts';
import { isSecret } from './sign.ts';

const LIMITS = { filters: 200, headers: 20 };

/** Names that the gateway or the protocol sets itself. */
const RESERVED =
  /^(host|connection|content-length|content-type|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*|webhook-.*)$/i;

/** A chat as events name it; a number as people write it would match none. */
const CHAT_ID = /^(?:[\d-]+@(?:c\.us|g\.us|lid|newsletter|broadcast)|status@broadcast)$/;

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'expected a header name')
  .refine((name) => !RESERVED.test(name), 'expected a header that the gateway does not set itself');

export const webhookUrl = z
  .url({ protocol: /^https?$/, error: 'expected an http or https address' })
  .max(2_048)
  .refine((url) => URL.canParse(url) && new URL(url).username === '' && new URL(url).password === '', {
    error: 'expected an address without a user name; send the credentials as a header',
  });

export const webhookSecret = z
  .string()
  .refine(
    isSecret,
    'expected whsec_ and the base64 of 24 to 64 bytes; make one with: echo "whsec_$(openssl rand -base64 32)"',
  );

export const eventPatterns = z
  .array(z.string().refine(isTypePattern, 'expected an event such as message, message.ack or group.*'))
  .max(LIMITS.filters);

const fields = {
  url: webhookUrl,
  secret: webhookSecret,
  events: eventPatterns,
  chats: z
    .array(z.string().max(64).regex(CHAT_ID, 'expected a chat id such as 79123456789@c.us'))
    .max(LIMITS.filters)
    .meta({
      description:
        'The ids of chats as events have them in `chatId`; empty: all. Events of no chat always pass. WhatsApp names the chats of some people by a hidden id (`…@lid`): an id made of the number (`…@c.us`) matches those events alone that tell the number as well, so give both.',
    }),
  headers: z
    .record(
      headerName,
      z
        .string()
        .max(2_048)
        .regex(/^[\x20-\x7e]*$/, 'expected printable ASCII'),
    )
    .refine(
      (headers) => Object.keys(headers).length <= LIMITS.headers,
      `expected at most ${LIMITS.headers} headers`,
    ),
  enabled: z.boolean(),
};

/** The body of `POST /api/webhooks`. */
export const newWebhookSchema = z.strictObject({
  url: fields.url,
  secret: fields.secret
    .optional()
    .meta({ description: 'Left out: one is made and shown once, in the answer' }),
  events: fields.events.default([]),
  chats: fields.chats.default([]),
  headers: fields.headers.default({}),
  enabled: fields.enabled.default(true),
});
export type NewWebhook = z.infer<typeof newWebhookSchema>;

/** The body of `PATCH /api/webhooks/{id}`. */
export const webhookChangesSchema = z.strictObject(fields).partial();
export type WebhookChanges = z.infer<typeof webhookChangesSchema>;
