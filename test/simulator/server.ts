import type { AddressInfo } from 'node:net';
import { quote } from 'shell-quote';
import { type Faults, NO_FAULTS } from './faults.ts';
import { resolveOptions, type SimulatorOptions } from './options.ts';
import { ControlServer } from './server/control.ts';
import type { Device } from './server/devices.ts';
import { GroupActions, type MemberAction } from './server/group-actions.ts';
import type { Group } from './server/groups.ts';
import { Holds, type SendStep } from './server/holds.ts';
import { chatIdOf, incoming, type IncomingMessage } from './server/incoming.ts';
import { Journal } from './server/journal.ts';
import { Linking } from './server/linking.ts';
import { MessageActions } from './server/message-actions.ts';
import { Messaging } from './server/messaging.ts';
import type { SentMessage } from './server/messages.ts';
import { People } from './server/people.ts';
import { type PageHandlers, PageHub } from './server/page-hub.ts';
import { type IssuedQr, QrIssuer } from './server/qr-issuer.ts';
import { WebServer } from './server/web.ts';
import { newMessageId, World } from './server/world.ts';

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
export class Simulator {
  readonly options: SimulatorOptions;
  readonly faults: Faults = { ...NO_FAULTS };
  readonly world: World;
  readonly #hub = new PageHub();
  readonly #holds = new Holds();
  readonly #qrs: QrIssuer;
  readonly #linking: Linking;
  readonly #messaging: Messaging;
  readonly #journal: Journal;
  readonly #actions: MessageActions;
  readonly #groups: GroupActions;
  readonly #web: WebServer;
  readonly #control: ControlServer;

  constructor(options: SimulatorOptions) {
    this.options = options;
    this.world = new World(options);
    this.#qrs = new QrIssuer(options, () => this.world.onChange());
    const journal = new Journal(this.#hub, options);
    this.#journal = journal;
    this.#linking = new Linking(this.world, this.faults, this.#hub, this.#qrs, journal);
    this.#messaging = new Messaging(this.world, this.faults, journal, this.#holds);
    this.#actions = new MessageActions(this.world, journal);
    this.#groups = new GroupActions(this.world, journal);
    const parts = [
      this.#linking,
      this.#messaging,
      this.#actions,
      this.#groups,
      new People(this.world, journal),
    ];
    const handlers = Object.assign({}, ...parts.map((part) => part.handlers)) as PageHandlers;
    this.#web = new WebServer(options, this.faults, (socket) => {
      this.#hub.add(socket, handlers, (page) => this.#linking.forget(page));
    });
    this.#control = new ControlServer(this);
  }

  async start(): Promise<void> {
    await this.#web.open();
    await this.#control.open(this.options.controlHost, this.options.controlPort);
  }

  /** Ends both servers and every connection. */
  async stop(): Promise<void> {
    this.#holds.releaseAll();
    this.#qrs.stopAll();
    await Promise.all([this.#web.close(), this.#control.close()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Port of the simulated https://web.whatsapp.com. */
  get port(): number {
    return this.#web.port;
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
      pageLoads: this.#web.pageLoads,
      qr: this.currentQr(),
      pairingCode: this.#linking.currentCode,
      devices: this.devices(),
      counters: this.counters(),
    };
  }

  /** Pages that are connected, with the state of their socket. */
  pages(): { id: string; state: string; deviceId: string | null }[] {
    return this.#hub.all.map(({ id, state, deviceId }) => ({ id, state, deviceId }));
  }

  get pageLoads(): number {
    return this.#web.pageLoads;
  }

  /** The code that a phone would see now; null when no page shows a valid one. */
  currentQr(): IssuedQr | null {
    return this.#qrs.current();
  }

  /** Every code that was ever given to a page, oldest first. */
  issuedQrs(): IssuedQr[] {
    return [...this.#qrs.issued];
  }

  /**
   * The phone scans. With `qr` the text must be a code that is still valid, as for a real phone.
   * Resolves with the new device's id, or null when linking stops at the passkey.
   * @throws SimulatorError `no_qr`, `qr_stale`
   */
  async scan(options: { qr?: string } = {}): Promise<string | null> {
    return this.#linking.scan(options.qr);
  }

  /** The pairing code that a page shows, as the phone's user would read it; null when there is none. */
  pairingCode(): { code: string; phone: string } | null {
    return this.#linking.currentCode;
  }

  /** The pairing code is typed into the phone. @throws SimulatorError `wrong_code` */
  async enterPairingCode(code: string): Promise<string | null> {
    return this.#linking.enterCode(code);
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
    for (const id of ids) await this.#linking.revoke(id, reason);
  }

  /** Sets or clears one fault; resolves when every connected page knows it. */
  async setFault<Name extends keyof Faults>(name: Name, value: Faults[Name]): Promise<void> {
    if (!(name in NO_FAULTS)) throw new Error(`no fault is called "${name}"`);
    this.faults[name] = value;
    if (name === 'refuse') await (value ? this.#web.close() : this.#web.open());
    if (name === 'offline' && value) this.#web.cutSockets();
    await this.#hub.broadcast('faults', this.faults);
  }

  /** Clears every fault. */
  async clearFaults(): Promise<void> {
    for (const name of Object.keys(NO_FAULTS) as (keyof Faults)[]) {
      if (this.faults[name] !== NO_FAULTS[name]) await this.setFault(name, NO_FAULTS[name]);
    }
  }

  /** Sets the state of the pages' sockets: CONFLICT, UNPAIRED, TIMEOUT, CONNECTED, … */
  async setState(state: string): Promise<void> {
    await this.#hub.broadcast('setState', { state });
  }

  /** Does something to the loaded pages that WhatsApp Web or the user might do. */
  async page(
    action: 'reload' | 'iframe' | 'pushState' | 'navigateAway' | 'close',
    url?: string,
  ): Promise<void> {
    await this.#hub.broadcast('page', { action, url });
  }

  /** Somebody writes to the account. Resolves with the message's key once the pages have it. */
  async receive(message: IncomingMessage): Promise<string> {
    const { wire, key } = incoming(this.world, message, (data, type) => this.#web.store(data, type));
    await this.#messaging.deliver(wire);
    return key;
  }

  /** A receipt for a message, by key or id: 1 server, 2 device, 3 read, 4 played, -1 error. */
  async ack(keyOrId: string, ack: number): Promise<void> {
    await this.#messaging.ack(keyOrId, ack);
  }

  /** Somebody reacts to a message; an empty text takes it back. */
  async react(keyOrId: string, text: string, from?: string): Promise<void> {
    await this.#actions.react(keyOrId, this.#someone(from), text);
  }

  /** Somebody votes in a poll, by the names of the options. */
  async vote(keyOrId: string, options: readonly string[], from?: string): Promise<void> {
    await this.#actions.vote(keyOrId, this.#someone(from), this.#actions.pollOptions(keyOrId, options));
  }

  /** The sender edits a message. */
  async edit(keyOrId: string, body: string): Promise<void> {
    await this.#actions.edit(keyOrId, body);
  }

  /** The sender deletes a message for everyone. */
  async revoke(keyOrId: string): Promise<void> {
    await this.#actions.revoke(keyOrId);
  }

  /** The account deletes a message for itself, on the phone. */
  async remove(keyOrId: string): Promise<void> {
    await this.#actions.remove(keyOrId);
  }

  /** Changes any fields of a message, as the page would: `{type: 'chat', body: …}` decrypts a `ciphertext`. */
  async change(keyOrId: string, changes: Record<string, unknown>): Promise<void> {
    await this.#actions.change(keyOrId, changes);
  }

  /** Somebody calls. Resolves with the call's id. */
  async call(options: { from?: string; isVideo?: boolean; isGroup?: boolean } = {}): Promise<string> {
    const id = newMessageId();
    await this.#journal.announce('call', { ...options, id, from: this.#someone(options.from) });
    return id;
  }

  /** A member changes who is in a group. */
  async groupMembers(
    id: string,
    action: MemberAction,
    members: readonly string[],
    by?: string,
  ): Promise<void> {
    await this.#groups.members(id, action, members.map(chatIdOf), this.#someone(by));
  }

  /** A member changes subject, description or settings of a group; `subtype` as in the notification. */
  async groupChange(id: string, changes: Partial<Group>, subtype: string, by?: string): Promise<void> {
    await this.#groups.change(id, changes, subtype, this.#someone(by));
  }

  /** Every message that a device handed over, once per id, oldest first. */
  sent(): SentMessage[] {
    return [...this.world.messages.sent];
  }

  /** `sent`: different ids; `duplicates`: ids handed over again and dropped; `messages`: all that the account has. */
  counters(): { sent: number; duplicates: number; messages: number; pageLoads: number } {
    const { sent, count } = this.world.messages;
    const duplicates = sent.reduce((sum, entry) => sum + entry.duplicates, 0);
    return { sent: sent.length, duplicates, messages: count, pageLoads: this.#web.pageLoads };
  }

  /** Media that a page uploaded or that was received, by the message's `directPath`. */
  media(directPath: string): { data: Buffer; mimetype: string } | undefined {
    return this.#web.media.get(directPath);
  }

  /** Stops every following send at a step until it is released. */
  hold(step: SendStep): HeldSends {
    const id = this.#holds.add(step);
    return {
      id,
      reached: (count) => this.#holds.reached(id, count),
      release: () => this.#holds.release(id),
    };
  }

  /** The same by id, for callers in another process. */
  async reached(holdId: string, count = 1): Promise<string[]> {
    return this.#holds.reached(holdId, count);
  }

  release(holdId: string): void {
    this.#holds.release(holdId);
  }

  /** An id of somebody: as given, or the first contact's. */
  #someone(id?: string): string {
    return chatIdOf(id ?? this.world.directory.first);
  }
}
