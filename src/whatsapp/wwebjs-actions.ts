import type wwebjs from 'whatsapp-web.js';

import { GatewayError } from '../errors.ts';
import type { DownloadedMedia, MessageActions } from '../messages/actions.ts';
import { askClient, pageOf, refused } from './ask-client.ts';
import { mediaSizeOf } from './incoming-events.ts';
import { findInPage } from './message-page.ts';

const WITHIN_MS = 20_000;
/** A video comes from WhatsApp's servers and then through the page. */
const DOWNLOAD_WITHIN_MS = 180_000;

/** Messages that WhatsApp has, through the library. */
export class WwebjsActions implements MessageActions {
  readonly #client: () => wwebjs.Client | null;

  /** @param client the present client, or null when it is not linked and synced */
  constructor(client: () => wwebjs.Client | null) {
    this.#client = client;
  }

  react(messageId: string, reaction: string): Promise<void> {
    return this.#with(messageId, (message) => message.react(reaction));
  }

  edit(messageId: string, text: string): Promise<void> {
    return this.#with(messageId, async (message) => {
      // The library answers null for what WhatsApp does not let one edit, and rejects nothing.
      const edited: unknown = message.fromMe ? await message.edit(text) : null;
      if (edited === null || edited === undefined) {
        throw refused('Only own text messages of the last 15 minutes can be edited');
      }
    });
  }

  remove(messageId: string, everyone: boolean): Promise<void> {
    return this.#with(messageId, (message) => message.delete(everyone));
  }

  forward(messageId: string, chatId: string): Promise<void> {
    return this.#with(messageId, (message) => message.forward(chatId));
  }

  star(messageId: string, starred: boolean): Promise<void> {
    return this.#with(messageId, (message) => (starred ? message.star() : message.unstar()));
  }

  async idOf(waId: string, chatId: string): Promise<string | null> {
    return this.#ask(WITHIN_MS, async (client) => {
      const [found] = await pageOf(client).evaluate(findInPage, [{ waId, chatId }]);
      if (found?.outcome === 'failed') throw new Error(found.error);
      return found?.outcome === 'found' ? found.id : null;
    });
  }

  async download(messageId: string, maxBytes: number): Promise<DownloadedMedia | null> {
    const media = await this.#ask(DOWNLOAD_WITHIN_MS, async (client) => {
      const message = await messageIn(client, messageId);
      if (!message.hasMedia) return undefined;
      // Before it is fetched: it comes out of the page in one piece.
      refuseLarger(mediaSizeOf(message) ?? 0, maxBytes);
      return message.downloadMedia();
    });
    if (media === undefined) return null;
    const bytes = Buffer.from(media.data, 'base64');
    // What the sender says need not be true.
    refuseLarger(bytes.length, maxBytes);
    return {
      bytes,
      mimetype: media.mimetype,
      filename: media.filename ?? null,
    };
  }

  #with(messageId: string, action: (message: wwebjs.Message) => Promise<unknown>): Promise<void> {
    return this.#ask(WITHIN_MS, async (client) => {
      await action(await messageIn(client, messageId));
    });
  }

  #ask<T>(ms: number, question: (client: wwebjs.Client) => Promise<T>): Promise<T> {
    return askClient(this.#client(), ms, question);
  }
}

function refuseLarger(size: number, maxBytes: number): void {
  if (size <= maxBytes) return;
  throw new GatewayError({
    code: 'payload_too_large',
    message: `The file has ${size} bytes; MEDIA_MAX_BYTES allows ${maxBytes}`,
    action: 'Raise MEDIA_MAX_BYTES, or open the message on the phone',
  });
}

async function messageIn(client: wwebjs.Client, messageId: string): Promise<wwebjs.Message> {
  // The type promises a message; for one that is not there null or nothing comes.
  const found: unknown = await client.getMessageById(messageId).catch((error: unknown) => {
    // The page throws an error without words for what is no id of a message.
    throw unknownMessage(error);
  });
  if (found === null || found === undefined) throw unknownMessage();
  return found as wwebjs.Message;
}

function unknownMessage(cause?: unknown): GatewayError {
  return new GatewayError({
    code: 'not_found',
    message: 'WhatsApp Web has no message of this id',
    action: 'Use the id of a message event, or the id that POST /api/messages answered with',
    cause,
  });
}
