import { GatewayError, type ErrorCode } from '../../src/errors.ts';
import type { DriverEvent } from '../../src/session/driver.ts';
import { type DriverWorld, RecordedClient, RecordedClients } from './driver-world.ts';
import { type FakeCall, type FakeClient, FakeDriver } from './fake-driver.ts';

/**
 * The scriptable driver with a WhatsApp that plays along: what it says after each call is what the real driver
 * says, and the contract suite holds it to that.
 */
export class FakeDriverWorld implements DriverWorld {
  readonly #driver = new FakeDriver((client, call) => this.#answer(client, call));
  readonly #clients = new RecordedClients();
  #linked = false;
  #qrs = 0;
  #pairing = false;
  #holds = false;

  create(react?: (event: DriverEvent) => void): RecordedClient {
    return this.#clients.add(new RecordedClient((emit) => this.#driver.create(emit), react));
  }

  shownQr(): string | null {
    return this.#linked ? null : `qr ${this.#qrs}`;
  }

  async scan(): Promise<void> {
    await this.#link();
  }

  async rotateQr(): Promise<void> {
    this.#qrs += 1;
    if (!this.#pairing) this.#now.emit({ type: 'qr', payload: `qr ${this.#qrs}` });
    return Promise.resolve();
  }

  async enterPairingCode(): Promise<void> {
    await this.#link();
  }

  async refusePairing(refused: boolean): Promise<void> {
    this.#now.pairingCode = refused ? failure('pairing_failed') : 'ABCDEFGH';
    return Promise.resolve();
  }

  async refuseLogout(refused: boolean): Promise<void> {
    this.#now.unlinkConfirmed = !refused;
    return Promise.resolve();
  }

  async phoneLogout(): Promise<void> {
    this.#linked = false;
    this.#now.emit({ type: 'logged_out' });
    return Promise.resolve();
  }

  async interrupt(): Promise<void> {
    this.#connection(false, 'TIMEOUT');
    return Promise.resolve();
  }

  async restore(): Promise<void> {
    this.#connection(true, 'CONNECTED');
    return Promise.resolve();
  }

  async crashBrowser(): Promise<void> {
    this.#crash('browser_crashed');
    return Promise.resolve();
  }

  async crashPage(): Promise<void> {
    this.#crash('page_crashed');
    return Promise.resolve();
  }

  async freeze(): Promise<void> {
    this.#now.probeResult = failure('browser_unresponsive');
    this.#now.unlinkConfirmed = false;
    return Promise.resolve();
  }

  async holdStart(): Promise<void> {
    this.#holds = true;
    return Promise.resolve();
  }

  async held(): Promise<void> {
    return Promise.resolve();
  }

  async processes(): Promise<number> {
    return Promise.resolve(this.#driver.alive.filter(({ calls }) => calls.includes('start')).length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#clients.stopAll();
  }

  get #now(): FakeClient {
    return this.#driver.last;
  }

  #answer(client: FakeClient, call: FakeCall): void {
    switch (call) {
      case 'start':
        if (!this.#holds) void this.#begin(client);
        return;
      case 'refreshQr':
        this.#pairing = false;
        if (!this.#linked) this.#showQr(client);
        return;
      case 'requestPairingCode':
        if (this.#linked) client.pairingCode = failure('pairing_failed');
        if (typeof client.pairingCode === 'string') this.#pairing = true;
        else if (!this.#linked) this.#showQr(client);
        return;
      case 'logout':
        if (client.hasPage && client.unlinkConfirmed && this.#linked) {
          this.#linked = false;
          queueMicrotask(() => client.emit({ type: 'logged_out' }));
        }
        return;
      case 'stop':
      case 'probe':
    }
  }

  async #begin(client: FakeClient): Promise<void> {
    await Promise.resolve();
    if (this.#linked) {
      this.#becomeReady(client);
    } else {
      client.probeResult = { connected: false, socketState: 'UNPAIRED' };
      this.#showQr(client);
    }
    client.starting.open();
  }

  #showQr(client: FakeClient): void {
    this.#qrs += 1;
    client.emit({ type: 'qr', payload: `qr ${this.#qrs}` });
  }

  async #link(): Promise<void> {
    this.#linked = true;
    this.#pairing = false;
    this.#becomeReady(this.#now);
    return Promise.resolve();
  }

  #becomeReady(client: FakeClient): void {
    client.probeResult = { connected: true, socketState: 'CONNECTED' };
    client.emit({ type: 'authenticated' });
    client.emit({ type: 'connection', connected: true, socketState: 'CONNECTED' });
    client.emit({ type: 'progress', percent: 50 });
    client.emit({ type: 'progress', percent: 100 });
    client.emit({
      type: 'ready',
      account: { id: '15550001111@c.us', phone: '15550001111', name: 'Gateway', platform: 'android' },
    });
  }

  #connection(connected: boolean, socketState: string): void {
    this.#now.probeResult = { connected, socketState };
    this.#now.emit({ type: 'connection', connected, socketState });
  }

  #crash(code: ErrorCode): void {
    this.#now.probeResult = failure('browser_unresponsive');
    this.#now.emit({ type: 'failed', error: failure(code) });
  }
}

function failure(code: ErrorCode): GatewayError {
  return new GatewayError({ code, message: `as the test wants it: ${code}`, retryable: true });
}
