import type { IRouter, Request } from 'express';
import { z } from 'zod';

import { validate } from '../border/validate.ts';
import { GatewayError } from '../errors.ts';
import type { InboundMedia } from '../media/inbound.ts';
import type { MessageActions } from '../messages/actions.ts';
import { parseAddress } from '../messages/address.ts';
import type { NumberBook } from '../messages/numbers.ts';
import type { Outbox } from '../messages/outbox.ts';
import { sendJson } from './answer.ts';
import { chatIdOf, unknownNumber } from './people.ts';
import { route } from './route.ts';

export interface MessageActionRoutesOptions {
  readonly actions: MessageActions;
  readonly outbox: Outbox;
  readonly numbers: NumberBook;
  readonly inbound: InboundMedia;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** One character as a person sees it, that is a picture, a flag or a keycap. */
function isEmojiOrEmpty(text: string): boolean {
  if (text === '') return true;
  const isOne = [...graphemes.segment(text)].length === 1;
  return isOne && /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u.test(text);
}

export const actionBodies = {
  react: z.strictObject({
    /** One emoji with its modifiers; empty takes the reaction back. */
    reaction: z
      .string()
      .max(32)
      .refine(isEmojiOrEmpty, 'expected one emoji, or an empty text to take it back'),
  }),
  edit: z.strictObject({ text: z.string().min(1).max(65_536) }),
  delete: z.strictObject({ everyone: z.boolean() }),
  forward: z.strictObject({ to: z.string().min(1).max(64) }),
  star: z.strictObject({ starred: z.boolean() }),
} as const;

/** Shown by browsers as what they are and nothing else; everything else is a download without a type. */
const SHOWN =
  /^(image\/(jpeg|png|gif|webp)|audio\/(ogg|mpeg|mp4|aac|wav|webm)|video\/(mp4|webm|3gpp|quicktime)|application\/pdf)$/;

/** What can be done with a message, and `/api/media`. The key is asked for by whoever mounts it. */
export function messageActionRoutes(router: IRouter, options: MessageActionRoutesOptions): void {
  const { actions } = options;
  const perform = (path: string, act: (id: string, body: unknown) => Promise<void>) => {
    route(router, `/api/messages/:id/${path}`, {
      post: async (request, response) => {
        const id = await whatsappIdOf(request, options);
        await act(id, request.body);
        sendJson(response, 200, { success: true, messageId: id });
      },
    });
  };
  perform('react', (id, body) => actions.react(id, validate(actionBodies.react, body).reaction));
  perform('edit', (id, body) => actions.edit(id, validate(actionBodies.edit, body).text));
  perform('delete', (id, body) => actions.remove(id, validate(actionBodies.delete, body).everyone));
  perform('star', (id, body) => actions.star(id, validate(actionBodies.star, body).starred));
  perform('forward', async (id, body) => {
    const address = parseAddress(validate(actionBodies.forward, body).to);
    const chatId = await chatIdOf(address, options.numbers);
    if (chatId === null) throw unknownNumber('WhatsApp does not know this phone number');
    await actions.forward(id, chatId);
  });

  route(router, '/api/media/:id', {
    get: async (request, response, next) => {
      const file = await options.inbound.get(idIn(request));
      const type = file.mimetype.split(';', 1)[0]?.trim().toLowerCase() ?? '';
      response.setHeader('Content-Type', SHOWN.test(type) ? type : 'application/octet-stream');
      response.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
      response.setHeader('Content-Disposition', dispositionOf(file.filename));
      response.setHeader('ETag', `"${file.tag}"`);
      // Ranges, conditions and HEAD are Express's work. The path is made of a hash, not of the request. The time of
      // the file is that of its last use.
      const sending = { cacheControl: false, lastModified: false, dotfiles: 'allow' } as const;
      response.sendFile(file.path, sending, (error) => {
        if (error === undefined || response.headersSent) return;
        // They describe the file, not the error.
        response.removeHeader('Content-Disposition');
        response.removeHeader('ETag');
        next(error);
      });
    },
  });
}

/** A message of the outbox is named by its own id or by WhatsApp's. */
async function whatsappIdOf(request: Request, options: MessageActionRoutesOptions): Promise<string> {
  const id = idIn(request);
  if (!id.startsWith('msg_')) return id;
  const message = options.outbox.find(id);
  if (message === null)
    throw new GatewayError({ code: 'not_found', message: 'There is no message of this id' });
  const known = message.chatId === null ? null : await options.actions.idOf(message.waId, message.chatId);
  if (known !== null) return known;
  throw new GatewayError({
    code: 'wrong_state',
    message: `The message is ${message.status}, and WhatsApp Web does not have it`,
  });
}

function idIn(request: Request): string {
  return String(request.params['id']).slice(0, 256);
}

/** Folders, line breaks, and marks that turn the writing direction so that `exe.jpg` is read where `gpj.exe` stands. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const NOT_IN_A_NAME = /[/\\\u0000-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** RFC 6266, with the name of RFC 8187 for what is not plain ASCII. */
export function dispositionOf(filename: string | null): string {
  if (filename === null) return 'attachment';
  const name = filename.replace(NOT_IN_A_NAME, '_').slice(0, 200);
  const plain = name.replace(/[^\x20-\x7e]|["%]/g, '_');
  // Half of a character, at the cut or as it came, cannot be written into an address.
  const full = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${full}`;
}
