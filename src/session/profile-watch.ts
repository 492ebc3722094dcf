import { access, constants, open, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { GatewayError } from '../errors.ts';
import { attempt, errnoOf } from './folder-access.ts';

/** Where the browser keeps what the login consists of; it never removes this folder itself. */
const LOGIN_DATA = join('Default', 'IndexedDB');

/** Whether the profile of a running browser is still the one that its next start will find. */
export class ProfileWatch {
  readonly #profile: string;
  /** Whether there was a profile to look after. */
  #isRemembered = false;
  /** The folder that the profile was when it was remembered. Held open, so that its inode number is not given out again. */
  #remembered: FileHandle | null = null;
  #hadLogin = false;
  /** One step at a time: on a share that does not answer, each more would be one more thread that never comes back. */
  #last: Promise<unknown> = Promise.resolve();
  #look: Promise<GatewayError | null> | null = null;

  constructor(profile: string) {
    this.#profile = profile;
  }

  /**
   * Takes the profile as it is now for the right one. It has to be there; where it cannot be seen, nobody can tell
   * another in its place from it.
   */
  remember(): Promise<void> {
    return this.#next(async () => {
      await this.#close();
      this.#remembered = await open(this.#profile, constants.O_RDONLY | constants.O_DIRECTORY).catch(
        () => null,
      );
      this.#isRemembered = true;
    });
  }

  /** Lets the folder go: there is nothing to be said about it any more. */
  forget(): Promise<void> {
    return this.#next(() => this.#close());
  }

  /**
   * A look that has not ended is not begun anew.
   * @returns `session_path_deleted` when the profile, or the login in it, was deleted, moved or replaced; null when it
   *   was not, or when nobody can tell
   * @throws Refusal when it cannot be reached or written any more
   */
  problem(): Promise<GatewayError | null> {
    this.#look ??= this.#next(() => this.#problem()).finally(() => {
      this.#look = null;
    });
    return this.#look;
  }

  async #problem(): Promise<GatewayError | null> {
    if (!this.#isRemembered) return null;
    const remembered = (await this.#remembered?.stat().catch(() => null)) ?? null;
    const now = await seen(this.#profile);
    // Whatever it was (a handle of NFS goes stale when another client deletes the folder): it is not there any more.
    if (now === null) return this.#gone();
    if (remembered === null || now === 'unknown') return null;
    if (now.dev !== remembered.dev || now.ino !== remembered.ino) return this.#gone();
    const login = await seen(join(this.#profile, LOGIN_DATA));
    if (login === 'unknown') return null;
    if (this.#hadLogin && login === null) return this.#gone();
    this.#hadLogin = login !== null;
    await attempt('write', this.#profile, () => access(this.#profile, constants.W_OK | constants.X_OK));
    return null;
  }

  async #close(): Promise<void> {
    this.#isRemembered = false;
    this.#hadLogin = false;
    const handle = this.#remembered;
    this.#remembered = null;
    await handle?.close().catch(() => undefined);
  }

  #next<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#last.then(step);
    this.#last = result.catch(() => undefined);
    return result;
  }

  #gone(): GatewayError {
    return new GatewayError({
      code: 'session_path_deleted',
      message: `The login in ${this.#profile} was deleted, moved or replaced while it was in use: WhatsApp stays connected until the browser is restarted, and then asks for a new QR code`,
      action: 'Put the folder back if it was moved; otherwise restart when the phone is at hand, and scan',
    });
  }
}

/**
 * What a path leads to; null when there is nothing, `unknown` when a disk or share does not say.
 * The inode's number names it, not its time of birth: without `statx` (Linux before 4.11) Node gives the time of the
 * last change for that, which comes with every file that the browser makes.
 * @throws Refusal where looking is forbidden
 */
async function seen(
  path: string,
): Promise<{ readonly dev: number; readonly ino: number } | null | 'unknown'> {
  try {
    return await stat(path);
  } catch (error) {
    switch (errnoOf(error)) {
      case 'ENOENT':
      case 'ENOTDIR':
        return null;
      case 'EACCES':
      case 'EPERM':
        return attempt('reach', path, () => Promise.reject(error as Error));
      default:
        return 'unknown';
    }
  }
}
