import { GatewayError } from '../errors.ts';
import type { GivenMedia, StoredMedia } from '../messages/schema.ts';
import { download } from './download.ts';

/** Where files go; returns once they are on the disk. */
export interface MediaSink {
  /** @throws GatewayError `payload_too_large`, `storage_full`, `storage_unavailable` */
  put(content: AsyncIterable<Uint8Array>, maxBytes: number): Promise<{ sha256: string; size: number }>;
  /** Whoever has put a file is done with it: it goes unless it is needed, or put by others. Never throws. */
  release(sha256: string, isNeeded: (sha256: string) => boolean): Promise<void>;
  /** Null when it is not there. */
  sizeOf(sha256: string): Promise<number | null>;
}

/** A file that arrives with a request. */
export interface Upload {
  readonly content: AsyncIterable<Uint8Array>;
  readonly mimetype: string;
  readonly filename: string | null;
}

const UNKNOWN_TYPE = 'application/octet-stream';

/** Takes the media of messages in: however it is given, afterwards it is a file of the gateway's own. */
export class MediaIntake {
  readonly #sink: MediaSink;
  readonly #maxBytes: number;
  readonly #allow: readonly string[];
  readonly #isNeeded: (sha256: string) => boolean;

  /** @param options.isNeeded whether a message of the outbox may still be sent with this file */
  constructor(
    sink: MediaSink,
    options: { maxBytes: number; allow: readonly string[]; isNeeded: (sha256: string) => boolean },
  ) {
    this.#sink = sink;
    this.#maxBytes = options.maxBytes;
    this.#allow = options.allow;
    this.#isNeeded = options.isNeeded;
  }

  /** The largest file, in bytes. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  /**
   * Stores a file that is given by address or as text. To be released once its message is accepted or refused.
   * @throws GatewayError `media_refused`, `payload_too_large`, `storage_full`, `storage_unavailable`
   */
  async take(given: GivenMedia): Promise<StoredMedia> {
    return this.upload(await this.#open(given));
  }

  /**
   * A small file whole, which is kept nowhere.
   * @param maxBytes the largest that is read
   * @throws GatewayError `media_refused`, `payload_too_large`
   */
  async read(given: GivenMedia, maxBytes: number): Promise<{ bytes: Buffer; mimetype: string }> {
    const { content, mimetype } = await this.#open(given);
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of content) {
      size += piece.byteLength;
      if (size > maxBytes) {
        throw new GatewayError({
          code: 'payload_too_large',
          message: `The file is larger than ${maxBytes} bytes`,
          action: 'Send a smaller file',
        });
      }
      pieces.push(piece);
    }
    return { bytes: Buffer.concat(pieces), mimetype };
  }

  /** Whether a file that was taken earlier is still there. */
  async has(media: StoredMedia): Promise<boolean> {
    return (await this.#sink.sizeOf(media.sha256)) !== null;
  }

  /** A file that was taken or uploaded goes, unless a message has been accepted with it. */
  async release(media: StoredMedia): Promise<void> {
    await this.#sink.release(media.sha256, this.#isNeeded);
  }

  /**
   * Stores a file that arrives with a request. To be released as one that was taken.
   * @throws GatewayError `payload_too_large`, `storage_full`, `storage_unavailable`
   */
  async upload({ content, mimetype, filename }: Upload): Promise<StoredMedia> {
    const { sha256, size } = await this.#sink.put(content, this.#maxBytes);
    return { sha256, size, mimetype, filename };
  }

  async #open(given: GivenMedia): Promise<Upload> {
    if ('data' in given) {
      const bytes = Buffer.from(given.data, 'base64');
      return { content: inPieces(bytes), mimetype: given.mimetype, filename: given.filename ?? null };
    }
    const { body, mimetype, filename } = await download(given.url, this.#allow);
    return {
      content: body,
      mimetype: given.mimetype ?? mimetype ?? UNKNOWN_TYPE,
      filename: given.filename ?? filename,
    };
  }
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield bytes;
}
