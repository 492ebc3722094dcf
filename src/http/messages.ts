import type { IRouter, Request, RequestHandler, Response } from 'express';
import { z } from 'zod';

import type { KeyCheck } from '../border/api-key.ts';
import { validate } from '../border/validate.ts';
import { GatewayError } from '../errors.ts';
import type { MediaIntake } from '../media/intake.ts';
import { parseAddress } from '../messages/address.ts';
import { MESSAGE_STATUSES } from '../messages/message.ts';
import type { NumberBook } from '../messages/numbers.ts';
import { QueueFullError, type Accepted, type Outbox } from '../messages/outbox.ts';
import { mediaOf, outgoingSchema, sendRequestSchema } from '../messages/schema.ts';
import { sendJson } from './answer.ts';
import { requireKey } from './auth.ts';
import { jsonBody } from './json-body.ts';
import { bodyIsDone } from './large-bodies.ts';
import { messageView } from './message-view.ts';
import { isMultipart, readMultipart } from './multipart.ts';
import { chatIdOf } from './people.ts';
import { commaSeparated, numberCursor, whole } from './query.ts';
import { route } from './route.ts';

export interface MessageRoutesOptions {
  readonly outbox: Outbox;
  readonly numbers: NumberBook;
  readonly intake: MediaIntake;
  /** Whether WhatsApp can be asked at this moment. */
  readonly isConnected: () => boolean;
}

/** Base64 needs four characters for three bytes; larger files come as an upload or by address. */
export const JSON_BODY_LIMIT = 32 * 1024 * 1024;

/** How long a request waits for WhatsApp's word on a number before it is accepted without, in milliseconds. */
const RESOLVE_WITHIN_MS = 5_000;

export const sendQuery = z.object({
  wait: z.enum(['server'], { error: 'expected server' }).optional(),
  timeout: whole(1, 60, 'expected seconds, 1 to 60').optional(),
});

export const listQuery = z.object({
  status: commaSeparated(
    z.enum(MESSAGE_STATUSES, { error: `expected of ${MESSAGE_STATUSES.join(', ')}` }),
    'queued,sending',
  ).optional(),
  limit: whole(1, 200).optional(),
  cursor: numberCursor.optional(),
});

/** The `Idempotency-Key` of draft-ietf-httpapi-idempotency-key-header: a string in quotes; bare ones are common and taken too. */
const idempotencyKey = z
  .string()
  .transform((text) => text.trim().replace(/^"(.*)"$/, '$1'))
  .pipe(z.string().regex(/^[\x21-\x7e]{1,255}$/, 'expected 1 to 255 printable characters without spaces'))
  .optional();

/**
 * `/api/messages` and `/api/numbers`. To be mounted before whatever parses smaller bodies.
 * @param largeBodies what large bodies pass before they are read
 */
export function messageRoutes(
  router: IRouter,
  options: MessageRoutesOptions,
  checkKey: KeyCheck,
  largeBodies: RequestHandler,
): void {
  const secured = requireKey(checkKey);
  router.use('/api/messages', secured, unlessMultipart(jsonBody(JSON_BODY_LIMIT, largeBodies)));
  router.use('/api/numbers', secured);

  route(router, '/api/messages', {
    get: (request, response) => list(request, response, options.outbox),
    post: (request, response) => send(request, response, options),
  });
  route(router, '/api/messages/:id', {
    get: (request, response) => {
      const message = options.outbox.find(idOf(request));
      if (message === null) throw noMessage();
      sendJson(response, 200, { success: true, message: messageView(message) });
    },
    delete: async (request, response) => {
      const message = await options.outbox.cancel(idOf(request));
      if (message === null) throw noMessage();
      sendJson(response, 200, { success: true, message: messageView(message) });
    },
  });
  route(router, '/api/messages/:id/retry', {
    post: (request, response) => retry(request, response, options),
  });
  route(router, '/api/numbers/:phone', {
    get: async (request, response) => {
      const address = parseAddress(String(request.params['phone']));
      if (address.kind !== 'phone') {
        throw new GatewayError({ code: 'invalid_recipient', message: 'Not a phone number' });
      }
      const chatId = await chatIdOf(address, options.numbers);
      sendJson(response, 200, { success: true, phone: address.digits, exists: chatId !== null, chatId });
    },
  });
}

async function send(request: Request, response: Response, options: MessageRoutesOptions): Promise<void> {
  const { outbox } = options;
  const query = validate(sendQuery, request.query);
  try {
    const accepted = await accept(request, options);
    bodyIsDone(request, response);
    if (accepted.repeated) response.setHeader('Idempotency-Replayed', 'true');
    const waited =
      query.wait === undefined
        ? accepted.message
        : await outbox.waitForServer(accepted.message, (query.timeout ?? 15) * 1000);
    response.setHeader('Location', `/api/messages/${waited.id}`);
    sendJson(response, 202, { success: true, message: messageView(waited) });
  } catch (error) {
    if (error instanceof QueueFullError) response.setHeader('Retry-After', String(error.retryAfterSeconds));
    throw error;
  }
}

/** Sends what a message that has come to nothing said once more, as a new message with an id of its own. */
async function retry(request: Request, response: Response, options: MessageRoutesOptions): Promise<void> {
  const { outbox, intake } = options;
  const accept = { idempotencyKey: keyOf(request), body: { retry: idOf(request) } };
  try {
    let message = outbox.repeated(accept);
    if (message !== null) response.setHeader('Idempotency-Replayed', 'true');
    else {
      const content = outbox.contentToRetry(idOf(request));
      if (content === null) throw noMessage();
      const media = mediaOf(content);
      if (media !== null && !(await intake.has(media))) throw mediaGone();
      await refuseUnknownNumber(content.to, options);
      const accepted = await outbox.accept(content, accept);
      if (accepted.repeated) response.setHeader('Idempotency-Replayed', 'true');
      ({ message } = accepted);
    }
    response.setHeader('Location', `/api/messages/${message.id}`);
    sendJson(response, 202, { success: true, message: messageView(message) });
  } catch (error) {
    if (error instanceof QueueFullError) response.setHeader('Retry-After', String(error.retryAfterSeconds));
    throw error;
  }
}

/** @throws GatewayError `invalid_request` */
function keyOf(request: Request): string | undefined {
  return validate(z.object({ 'Idempotency-Key': idempotencyKey }), {
    'Idempotency-Key': request.headers['idempotency-key'],
  })['Idempotency-Key'];
}

/** Nothing of the request is held on to once this resolves. */
function accept(request: Request, options: MessageRoutesOptions): Promise<Accepted> {
  const key = keyOf(request);
  return isMultipart(request) ? acceptForm(request, key, options) : acceptJson(request, key, options);
}

async function acceptForm(
  request: Request,
  key: string | undefined,
  options: MessageRoutesOptions,
): Promise<Accepted> {
  const { outbox, intake } = options;
  try {
    outbox.refuseWhenFull(key);
  } catch (error) {
    // What is still coming is read and thrown away, so that the answer gets through.
    request.resume();
    throw error;
  }
  const { fields, media } = await readMultipart(request, intake);
  try {
    const content = validate(outgoingSchema, { ...typed(fields), ...(media !== null && { media }) });
    const said = { idempotencyKey: key, body: content };
    const before = outbox.repeated(said);
    if (before !== null) return { message: before, repeated: true };
    await refuseUnknownNumber(content.to, options);
    return await outbox.accept(content, said);
  } finally {
    if (media !== null) await intake.release(media);
  }
}

async function acceptJson(
  request: Request,
  key: string | undefined,
  options: MessageRoutesOptions,
): Promise<Accepted> {
  const { outbox, intake } = options;
  const given = validate(sendRequestSchema, request.body);
  const said = { idempotencyKey: key, body: given };
  // The media of a repetition need not be fetched again.
  const before = outbox.repeated(said);
  if (before !== null) return { message: before, repeated: true };
  outbox.refuseWhenFull(key);
  await refuseUnknownNumber(given.to, options);
  if (!('media' in given)) return outbox.accept(given, said);
  const media = await intake.take(given.media);
  try {
    return await outbox.accept(validate(outgoingSchema, { ...given, media }), said);
  } finally {
    await intake.release(media);
  }
}

/** Fields of a form are text; what is no text in a message is written as JSON. */
function typed(fields: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const isJson = ['mentions', 'ttl', 'viewOnce'].includes(name) && typeof value === 'string';
    result[name] = isJson ? parseJson(value) : value;
  }
  return result;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A number that WhatsApp does not know is refused at once when WhatsApp can be asked. */
async function refuseUnknownNumber(to: string, options: MessageRoutesOptions): Promise<void> {
  const address = parseAddress(to);
  if (address.kind !== 'phone' || !options.isConnected()) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), RESOLVE_WITHIN_MS);
  });
  try {
    // No answer: the message is accepted, and the sender asks again.
    const chatId = await Promise.race([options.numbers.resolve(address.digits).catch(() => undefined), late]);
    if (chatId !== null) return;
  } finally {
    clearTimeout(timer);
  }
  throw new GatewayError({
    code: 'unknown_number',
    message: 'WhatsApp does not know this phone number',
    action: 'Check the number and its country code; GET /api/numbers/{phone} asks WhatsApp',
  });
}

function list(request: Request, response: Response, outbox: Outbox): void {
  const { status = [], limit = 50, cursor = null } = validate(listQuery, request.query);
  const messages = outbox.list({ statuses: status, before: cursor, limit: limit + 1 });
  const page = messages.slice(0, limit);
  const last = page.at(-1);
  sendJson(response, 200, {
    success: true,
    messages: page.map(messageView),
    counts: outbox.counts(),
    nextCursor: messages.length > limit && last !== undefined ? String(last.seq) : null,
  });
}

function unlessMultipart(handlers: RequestHandler[]): RequestHandler[] {
  return handlers.map(
    (handler): RequestHandler =>
      (request, response, next) =>
        isMultipart(request) && request.method === 'POST' ? next() : handler(request, response, next),
  );
}

function idOf(request: Request): string {
  return String(request.params['id']).slice(0, 64);
}

function noMessage(): GatewayError {
  return new GatewayError({ code: 'not_found', message: 'There is no message of this id' });
}

function mediaGone(): GatewayError {
  return new GatewayError({
    code: 'media_refused',
    message: 'The file of this message is not stored any more',
    action: 'Send it as a new message, with the file',
  });
}
