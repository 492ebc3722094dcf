import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, type Dirent, type ReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { ensureFolder } from '../ensure-folder.ts';
import { codeOf, GatewayError } from '../errors.ts';
import { storageError } from './errors.ts';

export interface StoredFile {
  readonly sha256: string;
  readonly size: number;
}

const HASH = /^[0-9a-f]{64}$/;

/** The folder of files that are not complete yet, and the names of such files and of all other folders. */
const INCOMING = 'incoming';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SHELF = /^[0-9a-f]{2}$/;

/**
 * Files named by the SHA-256 of their content. A file is complete and on the disk, name and all, before anybody
 * learns its name; equal content is stored once.
 */
export class MediaFolder {
  readonly #path: string;
  /** A file is renamed to its place, or looked at and removed, one after the other. */
  #alone: Promise<unknown> = Promise.resolve();
  /** How many have stored a file and have not said yet that they are done with it, by its hash. */
  readonly #claims = new Map<string, number>();

  /** @throws GatewayError `storage_unavailable` when the folder cannot be made */
  constructor(path: string) {
    this.#path = path;
    try {
      ensureFolder(join(path, INCOMING));
    } catch (error) {
      throw storageError(error, path);
    }
  }

  /**
   * Stores a stream of bytes. The file stays at least until the caller releases it.
   * @throws GatewayError `payload_too_large` above `maxBytes`; `storage_full`, `storage_unavailable`
   * @throws whatever the stream throws
   */
  async put(content: AsyncIterable<Uint8Array>, maxBytes: number): Promise<StoredFile> {
    const temporary = join(this.#path, INCOMING, randomUUID());
    const claimed: string[] = [];
    try {
      const { sha256, size } = await this.#write(temporary, content, maxBytes);
      const target = this.#fileOf(sha256);
      const isNew = await this.#storage(() => makeShelf(dirname(target)));
      await this.#afterOthers(async () => {
        await this.#storage(() => rename(temporary, target));
        this.#claims.set(sha256, (this.#claims.get(sha256) ?? 0) + 1);
        claimed.push(sha256);
      });
      await this.#storage(() => syncFolder(dirname(target)));
      if (isNew) await this.#storage(() => syncFolder(this.#path));
      return { sha256, size };
    } catch (error) {
      await rm(temporary, { force: true });
      for (const sha256 of claimed) this.#unclaim(sha256);
      throw error;
    }
  }

  /**
   * What stored a file is done with it: either a message needs it now, or it goes when nobody else has stored the
   * same. What cannot be removed is left for the next sweep.
   */
  async release(sha256: string, isNeeded: (sha256: string) => boolean): Promise<void> {
    await this.#afterOthers(async () => {
      if (this.#unclaim(sha256) === 0 && !isNeeded(sha256)) await rm(this.pathOf(sha256), { force: true });
    }).catch(() => undefined);
  }

  /** The path of a stored file, for reading. @throws GatewayError `not_found` for what is no hash */
  pathOf(sha256: string): string {
    if (!HASH.test(sha256)) throw new GatewayError({ code: 'not_found', message: 'There is no such file' });
    return this.#fileOf(sha256);
  }

  /** The size of a stored file, or null when it is not there. */
  async sizeOf(sha256: string): Promise<number | null> {
    const found = await stat(this.pathOf(sha256)).catch(() => null);
    return found === null ? null : found.size;
  }

  /**
   * The whole of a stored file, or null when it is not stored any more.
   * @throws GatewayError `storage_unavailable` when it cannot be read, or the whole folder is away
   */
  async load(sha256: string): Promise<Buffer | null> {
    try {
      return await readFile(this.pathOf(sha256));
    } catch (error) {
      if (!isMissing(error) || !(await this.#isThere())) throw storageError(error, this.#path);
      return null;
    }
  }

  async #isThere(): Promise<boolean> {
    return stat(join(this.#path, INCOMING)).then(
      () => true,
      () => false,
    );
  }

  /** Reads a stored file; `start` and `end` are byte positions, both inclusive. */
  read(sha256: string, range?: { start: number; end: number }): ReadStream {
    return createReadStream(this.pathOf(sha256), range);
  }

  /**
   * Removes files that nobody needs or claims and that are older than `olderThan` (a newer one may just be written),
   * and what interrupted requests have left.
   * What somebody else has put there (a NAS makes `@eaDir` in every folder) is left alone.
   * @param olderThan milliseconds since the Unix epoch
   * @returns how many files were removed
   * @throws the first error, when everything else has been looked at
   */
  async sweep(olderThan: number, isNeeded: (sha256: string) => boolean): Promise<number> {
    let removed = 0;
    const errors: unknown[] = [];
    const noted = (error: unknown) => void errors.push(error);
    for (const folder of await entries(this.#path, (entry) => entry.isDirectory())) {
      const isIncoming = folder === INCOMING;
      if (!isIncoming && !SHELF.test(folder)) continue;
      const names = await entries(join(this.#path, folder), (entry) => entry.isFile()).catch(noted);
      for (const name of names ?? []) {
        if (!(isIncoming ? UUID : HASH).test(name)) continue;
        const file = join(this.#path, folder, name);
        // Between the look and the removal nobody may store the same content anew.
        const sweeping = this.#afterOthers(async () => {
          const found = await stat(file).catch(() => null);
          if (found === null || found.mtimeMs >= olderThan) return;
          if (!isIncoming && (this.#claims.has(name) || isNeeded(name))) return;
          await rm(file, { force: true });
          removed += 1;
        });
        await sweeping.catch(noted);
      }
    }
    if (errors.length > 0) throw storageError(errors[0], this.#path);
    return removed;
  }

  async #write(path: string, content: AsyncIterable<Uint8Array>, maxBytes: number): Promise<StoredFile> {
    const hash = createHash('sha256');
    let size = 0;
    const file = await this.#storage(() => open(path, 'wx', 0o600));
    try {
      for await (const chunk of content) {
        size += chunk.byteLength;
        if (size > maxBytes) {
          throw new GatewayError({
            code: 'payload_too_large',
            message: `The file is larger than ${maxBytes} bytes`,
            action: 'Send a smaller file, or raise MEDIA_MAX_BYTES',
          });
        }
        hash.update(chunk);
        await this.#storage(() => file.writeFile(chunk));
      }
      await this.#storage(() => file.sync());
    } finally {
      await file.close();
    }
    return { sha256: hash.digest('hex'), size };
  }

  /** @returns how many others claim the file */
  #unclaim(sha256: string): number {
    const others = (this.#claims.get(sha256) ?? 1) - 1;
    if (others > 0) this.#claims.set(sha256, others);
    else this.#claims.delete(sha256);
    return others;
  }

  #afterOthers<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#alone.then(work);
    this.#alone = result.catch(() => undefined);
    return result;
  }

  async #storage<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storageError(error, this.#path);
    }
  }

  #fileOf(sha256: string): string {
    return join(this.#path, sha256.slice(0, 2), sha256);
  }
}

/** The names of those entries of a folder. */
async function entries(folder: string, which: (entry: Dirent) => boolean): Promise<string[]> {
  return (await readdir(folder, { withFileTypes: true })).filter(which).map(({ name }) => name);
}

/** Not with those above it, which are there: see `ensureFolder`. @returns whether it was not there before */
async function makeShelf(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  }
}

/** Puts the names in a folder on the disk: fsync of a file does not cover its name. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}
