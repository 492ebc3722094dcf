import type { Faults } from '../faults.ts';
import type { Journal } from './journal.ts';
import type { PageHub, PageLink } from './page-hub.ts';
import type { QrIssuer } from './qr-issuer.ts';
import { snapshot } from './snapshot.ts';
import { SimulatorError } from './wire.ts';
import type { World } from './world.ts';

/** What a page says when it connects. */
interface Hello {
  login: { deviceId: string; secret: string } | null;
  keys: NonNullable<PageLink['keys']>;
  state: string;
  /** The last update that a page knows which comes back after a lost connection. */
  seen: number | null;
}

const CODE_ALPHABET = '123456789ABCDEFGHJKLMNPQRSTVWXYZ';

/** Linking and unlinking of devices: the phone's side and the page's. */
export class Linking {
  readonly #world: World;
  readonly #faults: Faults;
  readonly #hub: PageHub;
  readonly #qrs: QrIssuer;
  readonly #journal: Journal;
  readonly #codes = new Map<PageLink, { code: string; phone: string }>();

  constructor(world: World, faults: Faults, hub: PageHub, qrs: QrIssuer, journal: Journal) {
    this.#world = world;
    this.#faults = faults;
    this.#hub = hub;
    this.#qrs = qrs;
    this.#journal = journal;
  }

  readonly handlers = {
    hello: (page: PageLink, { login, keys, state, seen }: Hello) => {
      page.keys = keys;
      page.state = state;
      if (this.#faults.outdated) return { status: 'outdated' };
      if (this.#faults.blocked) return { status: 'blocked' };
      if (!login) return { status: 'unpaired', ref: this.#qrs.start(page) };
      const device = this.#world.devices.authenticate(login.deviceId, login.secret);
      if (!device) return { status: 'revoked' };
      page.deviceId = device.id;
      this.#world.onChange();
      const { from, missed } = this.#journal.since(device.id, seen);
      return { status: 'linked', missed, ...snapshot(this.#world, this.#journal, from) };
    },
    state: (page: PageLink, { state }: { state: string }) => {
      page.state = state;
      this.#world.onChange();
    },
    refreshQr: (page: PageLink) => ({ ref: this.#qrs.start(page) }),
    pairingCode: (page: PageLink, { phone }: { phone: string }) => {
      if (this.#faults.pairingRefused) throw new SimulatorError('rate-overlimit', 'pairing refused');
      const code = Array.from(
        { length: 8 },
        () => CODE_ALPHABET[Math.floor(Math.random() * CODE_ALPHABET.length)],
      ).join('');
      this.#codes.set(page, { code, phone });
      this.#world.onChange();
      return { code };
    },
    logout: (page: PageLink) => {
      if (this.#faults.logoutFails) throw new SimulatorError('server', 'logout failed');
      if (this.#faults.logoutHangs) return new Promise(() => undefined);
      if (page.deviceId) this.#world.devices.revoke(page.deviceId);
      page.deviceId = null;
      this.#world.onChange();
      return {};
    },
  };

  /**
   * The phone scans a code.
   * @throws SimulatorError `no_qr`, `qr_stale`
   */
  async scan(text?: string): Promise<string | null> {
    return this.#link(this.#qrs.scanned(text), 'qr');
  }

  /**
   * The code is typed into the phone.
   * @throws SimulatorError `wrong_code`
   */
  async enterCode(code: string): Promise<string | null> {
    for (const [page, entry] of this.#codes) {
      if (page.open && entry.code === code.replace('-', '').toUpperCase()) return this.#link(page, 'code');
    }
    throw new SimulatorError('wrong_code', 'this code is not valid (any more)');
  }

  /** The newest pairing code of a page that is still connected. */
  get currentCode(): { code: string; phone: string } | null {
    return [...this.#codes].filter(([page]) => page.open).at(-1)?.[1] ?? null;
  }

  /** The phone removes a device; a connected page of it is told so. */
  async revoke(deviceId: string, reason: number): Promise<void> {
    if (!this.#world.devices.revoke(deviceId)) return;
    this.#world.onChange();
    const pages = this.#hub.all.filter((page) => page.deviceId === deviceId);
    for (const page of pages) page.deviceId = null;
    await this.#hub.broadcast('loggedOut', { reason }, pages);
  }

  forget(page: PageLink): void {
    this.#qrs.stop(page);
    this.#codes.delete(page);
    this.#world.onChange();
  }

  async #link(page: PageLink, by: 'qr' | 'code'): Promise<string | null> {
    this.#qrs.stop(page);
    this.#codes.delete(page);
    if (this.#faults.passkey) {
      await page.call('passkey');
      return null;
    }
    const device = this.#world.devices.link(by);
    page.deviceId = device.id;
    const { id: deviceId, secret } = device;
    const { from, missed } = this.#journal.since(deviceId, null);
    const update = { deviceId, secret, missed, ...snapshot(this.#world, this.#journal, from) };
    const answer = (await page.call('paired', update)) as { name: string } | undefined;
    if (answer) device.name = answer.name;
    this.#world.onChange();
    return deviceId;
  }
}
