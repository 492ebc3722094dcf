import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { ensureFolder } from '../ensure-folder.ts';
import { GatewayError } from '../errors.ts';
import type { DownloadedMedia } from '../messages/actions.ts';
import { Room, Seat } from '../room.ts';

export interface InboundFile {
  /** Absolute. */
  readonly path: string;
  /** As the sender calls it; not to be trusted. */
  readonly mimetype: string;
  readonly filename: string | null;
  /** The same for the same file, and for no other. */
  readonly tag: string;
}

/** Files that are fetched at the same time: one that hangs does not keep all others waiting. */
const AT_ONCE = 2;

/** @throws GatewayError `payload_too_large` above `maxBytes`, and others */
type FetchMedia = (messageId: string, maxBytes: number) => Promise<DownloadedMedia | null>;

/** A file, its description, and one that is being written. */
const OWN_FILE = /^[0-9a-f]{64}(\.json|\.[0-9a-f-]{36})?$/;

const description = z.object({ mimetype: z.string(), filename: z.string().nullable(), size: z.int() });

/**
 * Files of messages that came in: fetched from WhatsApp when somebody asks, and kept for the next who does, within
 * a budget of size and age. It is a cache: nothing is lost with it but time.
 */
export class InboundMedia {
  readonly #folder: string;
  readonly #fetch: FetchMedia;
  readonly #failure: (error: unknown, path: string) => GatewayError;
  readonly #fetching = new Map<string, Promise<void>>();
  readonly #maxBytes: number;
  readonly #room = new Room(AT_ONCE);

  /**
   * @param fetch asks WhatsApp; what it throws is passed on
   * @param failure gives what the file system throws its code and remedy
   * @param maxBytes the largest file that is fetched
   */
  constructor(
    folder: string,
    fetch: FetchMedia,
    failure: (error: unknown, path: string) => GatewayError,
    maxBytes: number,
  ) {
    this.#maxBytes = maxBytes;
    this.#folder = folder;
    this.#failure = failure;
    this.#fetch = fetch;
    ensureFolder(folder);
  }

  /**
   * @throws GatewayError `not_found` when WhatsApp does not have the file (any more), `payload_too_large`,
   *   `storage_full`, `storage_unavailable`, and what the fetch throws
   */
  async get(messageId: string): Promise<InboundFile> {
    // The id comes from outside and never becomes part of a path.
    const name = createHash('sha256').update(messageId).digest('hex');
    const known = await this.#find(name);
    if (known !== null) return known;
    let fetching = this.#fetching.get(name);
    if (fetching === undefined) {
      fetching = this.#inTurn(() => this.#store(name, messageId)).finally(() => this.#fetching.delete(name));
      this.#fetching.set(name, fetching);
    }
    await fetching;
    const stored = await this.#find(name);
    if (stored === null) throw gone();
    return stored;
  }

  /**
   * Removes what is older than `olderThan`, then the longest unused until all is within `maxBytes`. What somebody else
   * has put there is left alone.
   * @throws the first error, when everything else has been looked at
   */
  async sweep(olderThan: number, maxBytes: number): Promise<void> {
    const files = [];
    for (const entry of await readdir(this.#folder, { withFileTypes: true })) {
      if (!entry.isFile() || !OWN_FILE.test(entry.name)) continue;
      const path = join(this.#folder, entry.name);
      const found = await stat(path).catch(() => null);
      if (found !== null) files.push({ path, size: found.size, usedAt: found.mtimeMs });
    }
    files.sort((a, b) => b.usedAt - a.usedAt);
    let total = 0;
    const errors: unknown[] = [];
    for (const { path, size, usedAt } of files) {
      total += size;
      if (usedAt >= olderThan && total <= maxBytes) continue;
      await rm(path, { force: true }).catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw this.#failure(errors[0], this.#folder);
  }

  async #find(name: string): Promise<InboundFile | null> {
    const path = join(this.#folder, name);
    try {
      const { mimetype, filename, size } = description.parse(
        JSON.parse(await readFile(`${path}.json`, 'utf8')),
      );
      // Nothing here waits for the disk, so a power cut can leave a file without its bytes.
      if ((await stat(path)).size !== size) return null;
      const now = new Date();
      await utimes(path, now, now);
      return { path, mimetype, filename, tag: name };
    } catch {
      return null;
    }
  }

  /** A file is held in memory several times over while it comes out of the page. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const seat = new Seat(this.#room);
    await seat.take(1);
    try {
      await work();
    } finally {
      seat.leave();
    }
  }

  async #store(name: string, messageId: string): Promise<void> {
    const media = await this.#fetch(messageId, this.#maxBytes);
    if (media === null) throw gone();
    const path = join(this.#folder, name);
    const temporary = `${path}.${randomUUID()}`;
    try {
      await writeFile(temporary, media.bytes, { mode: 0o600 });
      const { mimetype, filename, bytes } = media;
      const described = JSON.stringify({ mimetype, filename, size: bytes.length });
      await writeFile(`${path}.json`, described, { mode: 0o600 });
      await rename(temporary, path);
    } catch (error) {
      // Half a description would be in the way of the room that is wanted.
      for (const each of [temporary, `${path}.json`]) await rm(each, { force: true });
      throw this.#failure(error, this.#folder);
    }
  }
}

function gone(): GatewayError {
  return new GatewayError({
    code: 'not_found',
    message: 'WhatsApp does not have the file of this message, or has it no more',
    action: 'The phone may still have it: open the message there',
  });
}
