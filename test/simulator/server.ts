import type { AddressInfo } from 'node:net';
import { quote } from 'shell-quote';
import { type Faults, NO_FAULTS } from './faults.ts';
import { resolveOptions, type SimulatorOptions } from './options.ts';
import { browserPids, rendererPids } from './server/browser-processes.ts';
import { ControlServer } from './server/control.ts';
import type { Device } from './server/devices.ts';
import type { SendStep } from './server/holds.ts';
import type { IncomingMessage } from './server/incoming.ts';
import type { SentMessage } from './server/messages.ts';
import { Outside } from './server/outside.ts';
import { buildParts, type Parts } from './server/parts.ts';
import type { IssuedQr } from './server/qr-issuer.ts';
import type { World } from './server/world.ts';

export type { Device, Faults, IncomingMessage, IssuedQr, SendStep, SentMessage, SimulatorOptions };
export { SimulatorError } from './server/wire.ts';

/** Starts a simulated WhatsApp Web on 127.0.0.1. See README.md in this folder. */
export async function startSimulator(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const simulator = new Simulator(resolveOptions(options));
  await simulator.start();
  return simulator;
}

/** Sends that are stopped at a step. */
export interface HeldSends {
  readonly id: string;
  /** Resolves with the message keys that are stopped here, once there are `count` (default 1). */
  reached(count?: number): Promise<string[]>;
  release(): void;
}

/** WhatsApp's servers, the page and the phone, in one process. */
export class Simulator extends Outside {
  readonly options: SimulatorOptions;
  readonly faults: Faults;
  readonly world: World;
  readonly #parts: Parts;
  readonly #control: ControlServer;

  constructor(options: SimulatorOptions) {
    const parts = buildParts(options);
    super(parts);
    this.#parts = parts;
    this.options = options;
    this.faults = parts.faults;
    this.world = parts.world;
    this.#control = new ControlServer(this);
  }

  async start(): Promise<void> {
    await this.#parts.web.open();
    await this.#control.open(this.options.controlHost, this.options.controlPort);
  }

  /** Ends both servers and every connection. */
  async stop(): Promise<void> {
    this.#parts.holds.releaseAll();
    this.#parts.qrs.stopAll();
    await Promise.all([this.#parts.web.close(), this.#control.close()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Port of the simulated https://web.whatsapp.com. */
  get port(): number {
    return this.#parts.web.port;
  }

  /** What Chromium needs to take this simulator for WhatsApp, and to reach nothing else. */
  get chromiumArgs(): string[] {
    const here = `127.0.0.1:${this.port}`;
    const rules = [
      `MAP web.whatsapp.com ${here}`,
      `MAP *.whatsapp.net ${here}`,
      'MAP * ~NOTFOUND',
      'EXCLUDE 127.0.0.1',
    ];
    return [`--host-resolver-rules=${rules.join(',')}`, '--ignore-certificate-errors'];
  }

  /** The same, quoted as the environment variable CHROMIUM_ARGS wants it. */
  get chromiumArgsLine(): string {
    return quote(this.chromiumArgs);
  }

  /** Base URL of the control server; `/phone` is the page of the phone. */
  get controlUrl(): string {
    const { address, port } = this.#control.address as AddressInfo;
    return `http://${address === '0.0.0.0' ? '127.0.0.1' : address}:${port}`;
  }

  /** What is connected and linked now. */
  status(): Record<string, unknown> {
    return {
      account: this.options.account,
      vintage: this.options.vintage,
      faults: this.faults,
      pages: this.pages(),
      pageLoads: this.#parts.web.pageLoads,
      qr: this.currentQr(),
      pairingCode: this.#parts.linking.currentCode,
      devices: this.devices(),
      counters: this.counters(),
    };
  }

  /** Pages that are connected, with the state of their socket. */
  pages(): { id: string; state: string; deviceId: string | null }[] {
    return this.#parts.hub.all.map(({ id, state, deviceId }) => ({ id, state, deviceId }));
  }

  get pageLoads(): number {
    return this.#parts.web.pageLoads;
  }

  /** The code that a phone would see now; null when no page shows a valid one. */
  currentQr(): IssuedQr | null {
    return this.#parts.qrs.current();
  }

  /** Every code that was ever given to a page, oldest first. */
  issuedQrs(): IssuedQr[] {
    return [...this.#parts.qrs.issued];
  }

  /**
   * The phone scans. With `qr` the text must be a code that is still valid, as for a real phone.
   * Resolves with the new device's id, or null when linking stops at the passkey.
   * @throws SimulatorError `no_qr`, `qr_stale`
   */
  async scan(options: { qr?: string } = {}): Promise<string | null> {
    return this.#parts.linking.scan(options.qr);
  }

  /** The pairing code that a page shows, as the phone's user would read it; null when there is none. */
  pairingCode(): { code: string; phone: string } | null {
    return this.#parts.linking.currentCode;
  }

  /** The pairing code is typed into the phone. @throws SimulatorError `wrong_code` */
  async enterPairingCode(code: string): Promise<string | null> {
    return this.#parts.linking.enterCode(code);
  }

  /** Every device that was ever linked; `revokedAt` is null for those that still are. */
  devices(): Device[] {
    return this.world.devices.all;
  }

  /**
   * The phone logs out one device, or all. A page that is connected is told so; a device that is offline
   * learns it at its next start.
   */
  async phoneLogout(options: { deviceId?: string; reason?: number } = {}): Promise<void> {
    const { deviceId, reason = 0 } = options;
    const ids = deviceId === undefined ? this.world.devices.linked.map(({ id }) => id) : [deviceId];
    for (const id of ids) await this.#parts.linking.revoke(id, reason);
  }

  /** Sets or clears one fault; resolves when every connected page knows it. */
  async setFault<Name extends keyof Faults>(name: Name, value: Faults[Name]): Promise<void> {
    if (!(name in NO_FAULTS)) throw new Error(`no fault is called "${name}"`);
    this.faults[name] = value;
    if (name === 'refuse') await (value ? this.#parts.web.close() : this.#parts.web.open());
    if (name === 'offline' && value) this.#parts.web.cutSockets();
    await this.#parts.hub.broadcast('faults', this.faults);
  }

  /** Clears every fault. */
  async clearFaults(): Promise<void> {
    for (const name of Object.keys(NO_FAULTS) as (keyof Faults)[]) {
      if (this.faults[name] !== NO_FAULTS[name]) await this.setFault(name, NO_FAULTS[name]);
    }
  }

  /** Sets the state of the pages' sockets: CONFLICT, UNPAIRED, TIMEOUT, CONNECTED, … */
  async setState(state: string): Promise<void> {
    await this.#parts.hub.broadcast('setState', { state });
  }

  /** Does something to the loaded pages that WhatsApp Web or the user might do. */
  async page(
    action: 'reload' | 'iframe' | 'pushState' | 'navigateAway' | 'close',
    url?: string,
  ): Promise<void> {
    await this.#parts.hub.broadcast('page', { action, url });
  }

  /** Receipts that follow a sent message by themselves from now on: up to 1 server, 2 device, 3 read. */
  setAutoAck(level: 0 | 1 | 2 | 3, delayMs = 0): void {
    Object.assign(this.options, { autoAck: level, autoAckDelayMs: delayMs });
  }

  /** Main processes of the browsers that were started with `chromiumArgs`. Linux only. */
  browserPids(): number[] {
    return browserPids(this.port);
  }

  /** Sends a signal to those browsers (SIGKILL; SIGSTOP freezes). Returns their pids. */
  killBrowser(signal: NodeJS.Signals = 'SIGKILL'): number[] {
    const pids = this.browserPids();
    for (const pid of pids) process.kill(pid, signal);
    return pids;
  }

  /** Lets the page's renderer die while the browser lives on; with SIGSTOP it freezes. Returns the pids. */
  crashPage(signal: NodeJS.Signals = 'SIGKILL'): number[] {
    const pids = rendererPids(this.port);
    for (const pid of pids) process.kill(pid, signal);
    return pids;
  }

  /** Every message that a device handed over, once per id, oldest first. */
  sent(): SentMessage[] {
    return [...this.world.messages.sent];
  }

  /** `sent`: different ids; `duplicates`: ids handed over again and dropped; `messages`: all that the account has. */
  counters(): { sent: number; duplicates: number; messages: number; pageLoads: number } {
    const { sent, count } = this.world.messages;
    const duplicates = sent.reduce((sum, entry) => sum + entry.duplicates, 0);
    return { sent: sent.length, duplicates, messages: count, pageLoads: this.#parts.web.pageLoads };
  }

  /** Media that a page uploaded or that was received, by the message's `directPath`. */
  media(directPath: string): { data: Buffer; mimetype: string } | undefined {
    return this.#parts.web.media.get(directPath);
  }

  /** Stops every following send at a step until it is released. */
  hold(step: SendStep): HeldSends {
    const id = this.#parts.holds.add(step);
    return {
      id,
      reached: (count) => this.#parts.holds.reached(id, count),
      release: () => this.#parts.holds.release(id),
    };
  }

  /** The same by id, for callers in another process. */
  async reached(holdId: string, count = 1): Promise<string[]> {
    return this.#parts.holds.reached(holdId, count);
  }

  release(holdId: string): void {
    this.#parts.holds.release(holdId);
  }
}
