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

/** One client of the scriptable driver. */
export class FakeClient implements DriverClient {
  readonly calls: string[] = [];
  readonly starting = new Gate();
  readonly stopping = new Gate();
  probeResult: ProbeResult | GatewayError = { connected: true, socketState: 'CONNECTED' };
  unlinkConfirmed = true;
  pairingCode: string | GatewayError = 'ABCDEFGH';
  refreshError: unknown = null;
  stopped = false;
  readonly #emit: (event: DriverEvent) => void;
  readonly #manualStop: boolean;

  constructor(emit: (event: DriverEvent) => void, manualStop: boolean) {
    this.#emit = emit;
    this.#manualStop = manualStop;
  }

  emit(event: DriverEvent): void {
    if (!this.stopped) this.#emit(event);
  }

  async start(): Promise<void> {
    this.calls.push('start');
    await this.starting.opened;
  }

  async stop(): Promise<void> {
    this.calls.push('stop');
    if (this.#manualStop) await this.stopping.opened;
    this.stopped = true;
    this.starting.fail(new GatewayError({ code: 'stopped', message: 'stopped while starting' }));
    await Promise.resolve();
  }

  async logout(): Promise<{ confirmed: boolean }> {
    this.calls.push('logout');
    return Promise.resolve({ confirmed: this.unlinkConfirmed });
  }

  async requestPairingCode(): Promise<string> {
    this.calls.push('requestPairingCode');
    return settled(this.pairingCode);
  }

  async refreshQr(): Promise<void> {
    this.calls.push('refreshQr');
    return settled(this.refreshError instanceof Error ? this.refreshError : undefined);
  }

  async probe(): Promise<ProbeResult> {
    this.calls.push('probe');
    return settled(this.probeResult);
  }
}

/** A driver whose clients do what the test says. It fails the test when two of its clients are alive at once. */
export class FakeDriver implements WhatsAppDriver {
  readonly clients: FakeClient[] = [];
  /** Whether `stop()` waits for the test. */
  manualStop = false;

  create(emit: (event: DriverEvent) => void): FakeClient {
    if (this.alive.length > 0) throw new Error('a second client while one is alive');
    const client = new FakeClient(emit, this.manualStop);
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

async function settled<T>(value: T | Error): Promise<Exclude<T, Error>> {
  return value instanceof Error ? Promise.reject(value) : Promise.resolve(value as Exclude<T, Error>);
}
