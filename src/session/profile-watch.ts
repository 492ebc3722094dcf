import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { GatewayError } from '../errors.ts';
import { attempt } from './folder-access.ts';

/** Where the browser keeps what the login consists of; it never removes this folder itself. */
const LOGIN_DATA = join('Default', 'IndexedDB');

/** Whether the profile of a running browser is still the one that its next start will find. */
export class ProfileWatch {
  readonly #profile: string;
  /** Which folder the profile was when it was remembered; undefined before. */
  #remembered: string | null | undefined = undefined;
  #hadLogin = false;

  constructor(profile: string) {
    this.#profile = profile;
  }

  /** Takes the profile as it is now for the right one. */
  async remember(): Promise<void> {
    this.#hadLogin = false;
    this.#remembered = await identityOf(this.#profile);
  }

  /**
   * @returns `session_path_deleted` when the profile, or the login in it, was deleted, moved or replaced
   * @throws Refusal when it cannot be written any more
   */
  async problem(): Promise<GatewayError | null> {
    if (this.#remembered === undefined) return null;
    if ((await identityOf(this.#profile)) !== this.#remembered) return this.#gone();
    const hasLogin = (await identityOf(join(this.#profile, LOGIN_DATA))) !== null;
    if (this.#hadLogin && !hasLogin) return this.#gone();
    this.#hadLogin = hasLogin;
    await attempt('write', this.#profile, () => access(this.#profile, constants.W_OK | constants.X_OK));
    return null;
  }

  #gone(): GatewayError {
    return new GatewayError({
      code: 'session_path_deleted',
      message: `The login in ${this.#profile} was deleted, moved or replaced while it was in use: WhatsApp stays connected until the browser is restarted, and then asks for a new QR code`,
      action: 'Put the folder back if it was moved; otherwise restart when the phone is at hand, and scan',
    });
  }
}

/** Which folder a path is; null when there is none. */
async function identityOf(path: string): Promise<string | null> {
  return stat(path, { bigint: true }).then(
    // Numbers of inodes are given out again at once; the time of birth tells them apart.
    ({ dev, ino, birthtimeNs }) => `${dev}:${ino}:${birthtimeNs}`,
    () => null,
  );
}
