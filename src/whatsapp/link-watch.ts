import { GatewayError, messageOf } from '../errors.ts';
import type { SessionLog } from '../session/ports.ts';
import type { ClientEvents } from './client-events.ts';
import { passkeyRequired } from './failures.ts';
import type { PageClient } from './page-client.ts';
import type { Observation } from './page-shims.ts';
import { meaningOf, unpaired } from './socket-states.ts';

/** How often a linked page that has not reported `ready` is asked whether it has synced all the same. */
const SYNC_CHECK_MS = 1_000;

export interface LinkWatchOptions {
  readonly events: ClientEvents;
  readonly log: SessionLog;
  /** How long a page that is on its way out may take to show that it is a logout, in milliseconds. */
  readonly logoutGraceMs: number;
  readonly refreshQr: () => Promise<void>;
  /** Whether the page has synced: then the library is told, in case it missed that. */
  readonly announceSync: () => Promise<boolean>;
}

/** Follows a device from QR to linked, ready and unlinked, and says so in the session's words. */
export class LinkWatch {
  readonly #options: LinkWatchOptions;
  #qrShown = false;
  #linked = false;
  #ready = false;
  #syncWatched = false;
  /** Calls off what follows once the socket has stayed unpaired; null while it is not. */
  #believeAgain: (() => void) | null = null;
  /** The page is logging out: what the socket says on the way is no news. */
  #leaving = false;
  /** While a pairing code is valid: a QR would take it off the screen. */
  pairing = false;

  constructor(options: LinkWatchOptions) {
    this.#options = options;
  }

  /** Whether the library has reported `ready` for the present document: from then on it hears messages. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Listens to the library. It swallows what a listener throws, and is then never ready. */
  listen(library: PageClient): void {
    const { events } = this.#options;
    library.on('qr', (payload) => {
      // Drawn before WhatsApp has given a reference: nothing that a phone takes. The true one follows.
      if (payload.startsWith('undefined,') || this.pairing) return;
      this.#qrShown = true;
      this.#believe();
      this.#linked = false;
      this.#ready = false;
      events.emit({ type: 'qr', payload });
    });
    library.on('loading_screen', (percent) => {
      this.#authenticated();
      events.emit({ type: 'progress', percent: Number(percent) });
    });
    library.on('authenticated', () => this.#authenticated());
    library.on('ready', () => this.#becameReady(library));
  }

  /** The document was replaced: `ready` has to come again. */
  restart(): void {
    this.#ready = false;
    // The code that the old document gave is of no use in the new one, which shows a QR.
    if (!this.#linked) this.pairing = false;
    this.#believe();
    this.#options.events.emit({ type: 'connection', connected: false, socketState: 'RELOADING' });
    if (this.#linked) this.#watchSync();
  }

  observed(observation: Observation): void {
    const { events, log, logoutGraceMs } = this.#options;
    switch (observation.type) {
      case 'state':
        log.debug({ socketState: observation.state }, 'WhatsApp socket');
        this.#socketChanged(observation.state);
        return;
      case 'logout':
        // The page clears itself and navigates. A page that hangs on the way has been logged out all the same.
        this.#leaving = true;
        this.#believe();
        events.later(logoutGraceMs, () => this.loggedOut());
        return;
      case 'passkey':
        events.end({ type: 'failed', error: passkeyRequired() });
    }
  }

  loggedOut(): void {
    this.#options.events.end({ type: 'logged_out' });
  }

  #socketChanged(socketState: string): void {
    const { events, log, logoutGraceMs, refreshQr } = this.#options;
    const meaning = meaningOf(socketState);
    if (meaning.kind !== 'unpaired') this.#believe();
    switch (meaning.kind) {
      case 'connected':
        this.#authenticated();
        events.emit({ type: 'connection', connected: true, socketState });
        return;
      case 'linking':
        if (this.#qrShown || this.pairing) this.#authenticated();
        else events.emit({ type: 'connection', connected: false, socketState });
        return;
      case 'interrupted':
        events.emit({ type: 'connection', connected: false, socketState });
        return;
      case 'unpaired':
        if (!this.#linked) return;
        events.emit({ type: 'connection', connected: false, socketState });
        // On its way out a logout goes through this state too, and asks for more than a restart.
        if (this.#leaving) return;
        // It may pass.
        this.#believeAgain ??= events.later(logoutGraceMs, () => this.#fail(unpaired()));
        return;
      case 'idle_qr':
        if (this.#linked) this.#fail(unpaired());
        // A fresh QR would end the pairing code. The session asks for one when the code has expired.
        else if (!this.pairing) {
          refreshQr().catch((error: unknown) => log.warn({ error: messageOf(error) }, 'no fresh QR'));
        }
        return;
      case 'refused':
        this.#fail(meaning.error);
    }
  }

  /** The device is, or may still be, linked after all. */
  #believe(): void {
    this.#believeAgain?.();
    this.#believeAgain = null;
  }

  #authenticated(): void {
    if (this.#linked) return;
    this.#linked = true;
    this.pairing = false;
    this.#options.events.emit({ type: 'authenticated' });
    this.#watchSync();
  }

  /** Until the library reports `ready`: asks the page whether it has synced. */
  #watchSync(): void {
    if (this.#syncWatched) return;
    this.#syncWatched = true;
    const { events, log, announceSync } = this.#options;
    events.later(SYNC_CHECK_MS, () => {
      this.#syncWatched = false;
      if (this.#ready || !this.#linked) return;
      announceSync()
        .then((announced) => {
          if (announced) log.debug({}, 'WhatsApp Web has synced; made sure that the library knows');
        })
        .catch((error: unknown) => log.debug({ error: messageOf(error) }, 'sync check'))
        .finally(() => this.#watchSync());
    });
  }

  #becameReady(library: PageClient): void {
    const { events } = this.#options;
    // A page that does not say who is linked leaves this undefined, whatever the library's types say.
    const { wid, pushname, platform } = library.info as Partial<typeof library.info>;
    if (wid === undefined) {
      this.#fail(
        new GatewayError({
          code: 'page_crashed',
          message: 'WhatsApp Web does not say which account is linked',
          retryable: true,
        }),
      );
      return;
    }
    this.#linked = true;
    this.#ready = true;
    events.emit({
      type: 'ready',
      account: { id: wid._serialized, phone: wid.user, name: pushname ?? '', platform: platform ?? '' },
    });
  }

  #fail(error: GatewayError): void {
    this.#options.events.end({ type: 'failed', error });
  }
}
