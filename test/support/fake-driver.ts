import { GatewayError } from '../../src/errors.ts';
import type { DriverClient, DriverEvent, ProbeResult, WhatsAppDriver } from '../../src/session/driver.ts';

/** A step that a test lets succeed or fail when it wants to. */
class Gate {
  #settle: { resolve: () => void; reject: (error: unknown) => void } | null = null;
  readonly opened: Promise<void>;
  constructor() {
    this.opened = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.opened.catch(() => undefined);
  }
  open(): void {
    this.#settle?.resolve();
  }
  fail(error: unknown): void {
    this.#settle?.reject(error);
  }
}

export type FakeCall = 'start' | 'stop' | 'logout' | 'requestPairingCode' | 'refreshQr' | 'probe';

/** Told of every call before it is answered; what plays WhatsApp emits from here. */
export type FakeWhatsApp = (client: FakeClient, call: FakeCall) => void;

/** One client of the scriptable driver. */
export class FakeClient implements DriverClient {
  readonly calls: FakeCall[] = [];
  readonly starting = new Gate();
  readonly stopping = new Gate();
  probeResult: ProbeResult | GatewayError = { connected: true, socketState: 'CONNECTED' };
  unlinkConfirmed = true;
  /** Whether a logout is ever answered. */
  unlinkAnswers = true;
  pairingCode: string | GatewayError = 'ABCDEFGH';
  refreshError: unknown = null;
  stopped = false;
  /** Nothing is said any more: it was told to stop, or has said its last. */
  #silent = false;
  #stopAsked = false;
  readonly #emit: (event: DriverEvent) => void;
  readonly #manualStop: boolean;
  readonly #whatsApp: FakeWhatsApp;

  constructor(emit: (event: DriverEvent) => void, manualStop: boolean, whatsApp: FakeWhatsApp) {
    this.#emit = emit;
    this.#manualStop = manualStop;
    this.#whatsApp = whatsApp;
  }

  emit(event: DriverEvent): void {
    if (this.#silent) return;
    this.#silent = event.type === 'logged_out' || event.type === 'failed';
    this.#emit(event);
  }

  async start(): Promise<void> {
    this.#called('start');
    await this.starting.opened;
  }

  async stop(): Promise<void> {
    this.#called('stop');
    this.#stopAsked = true;
    this.#silent = true;
    this.starting.fail(new GatewayError({ code: 'stopped', message: 'stopped while starting' }));
    if (this.#manualStop) await this.stopping.opened;
    this.stopped = true;
    await Promise.resolve();
  }

  async logout(): Promise<{ confirmed: boolean }> {
    this.#called('logout');
    if (!this.unlinkAnswers) await new Promise(() => undefined);
    return Promise.resolve({ confirmed: this.hasPage && this.unlinkConfirmed });
  }

  async requestPairingCode(): Promise<string> {
    this.#called('requestPairingCode');
    if (!this.hasPage) throw new GatewayError({ code: 'pairing_failed', message: 'there is no page' });
    return settled(this.pairingCode);
  }

  async refreshQr(): Promise<void> {
    this.#called('refreshQr');
    if (!this.hasPage) throw noPage();
    return settled(this.refreshError instanceof Error ? this.refreshError : undefined);
  }

  async probe(): Promise<ProbeResult> {
    this.#called('probe');
    if (!this.hasPage) throw noPage();
    return settled(this.probeResult);
  }

  /** Whether there is a page that could be asked. */
  get hasPage(): boolean {
    return this.calls.includes('start') && !this.#stopAsked;
  }

  #called(call: FakeCall): void {
    this.calls.push(call);
    this.#whatsApp(this, call);
  }
}

/** A driver whose clients do what the test says. It fails the test when two of its clients are alive at once. */
export class FakeDriver implements WhatsAppDriver {
  readonly clients: FakeClient[] = [];
  /** Whether `stop()` waits for the test. */
  manualStop = false;
  readonly #whatsApp: FakeWhatsApp;

  /** @param whatsApp plays the rest of the world; without it the test says everything by hand */
  constructor(whatsApp: FakeWhatsApp = () => undefined) {
    this.#whatsApp = whatsApp;
  }

  create(emit: (event: DriverEvent) => void): FakeClient {
    if (this.alive.length > 0) throw new Error('a second client while one is alive');
    const client = new FakeClient(emit, this.manualStop, this.#whatsApp);
    this.clients.push(client);
    return client;
  }

  get alive(): FakeClient[] {
    return this.clients.filter((client) => !client.stopped);
  }

  get last(): FakeClient {
    const client = this.clients.at(-1);
    if (client === undefined) throw new Error('no client was made yet');
    return client;
  }
}

function noPage(): GatewayError {
  return new GatewayError({ code: 'browser_unresponsive', message: 'there is no page to ask' });
}

async function settled<T>(value: T | Error): Promise<Exclude<T, Error>> {
  return value instanceof Error ? Promise.reject(value) : Promise.resolve(value as Exclude<T, Error>);
}
