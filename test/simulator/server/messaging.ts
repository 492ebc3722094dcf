import type { Faults } from '../faults.ts';
import type { ChatState } from './chats.ts';
import type { Holds, SendStep } from './holds.ts';
import type { Journal } from './journal.ts';
import type { PageLink } from './page-hub.ts';
import type { World } from './world.ts';
import { keyText, SimulatorError, type WireMessage } from './wire.ts';

/** Messages between the pages and the simulated server. */
export class Messaging {
  readonly #world: World;
  readonly #faults: Faults;
  readonly #journal: Journal;
  readonly #holds: Holds;

  constructor(world: World, faults: Faults, journal: Journal, holds: Holds) {
    this.#world = world;
    this.#faults = faults;
    this.#journal = journal;
    this.#holds = holds;
  }

  readonly handlers = {
    step: (_page: PageLink, { step, key }: { step: SendStep; key: string }) => this.#holds.pass(step, key),
    send: async (page: PageLink, { message }: { message: WireMessage }) => {
      if (page.deviceId === null) throw new SimulatorError('not-authorized', 'this device is not linked');
      if (this.#faults.sendRefused) return { ack: -1 };
      const ack = this.#faults.neverAcked || this.#world.options.autoAck === 0 ? 0 : 1;
      const { entry } = this.#world.messages.accept({ ...message, ack }, page.deviceId);
      this.#world.chats.ensure(entry.chatId).t = message.t;
      this.#world.onChange();
      await this.#holds.pass('recorded', entry.key);
      if (ack === 1) void this.#followUp(entry.key);
      return { ack };
    },
    history: (_page: PageLink, args: { chatId: string; before: string | null; count: number }) =>
      this.#world.messages.earlier(args.chatId, args.before, args.count),
    byIds: (_page: PageLink, { keys }: { keys: string[] }) =>
      keys.map((key) => this.#world.messages.find(key)).filter((message) => message !== null),
    find: (_page: PageLink, { id }: { id: string }) => this.#world.directory.find(id),
    exists: (_page: PageLink, { id }: { id: string }) => {
      if (this.#faults.existsFails) throw new SimulatorError('server', 'query failed');
      return this.#world.directory.exists(id);
    },
    search: (_page: PageLink, { query, chatId }: { query: string; chatId?: string }) =>
      [...this.#world.messages.all].filter(
        ({ id, body }) => (chatId === undefined || id.remote === chatId) && body?.includes(query),
      ),
    seen: (_page: PageLink, { id }: { id: string }) => {
      this.#world.chats.ensure(id).unreadCount = 0;
      this.#world.seen.push(id);
      this.#world.onChange();
    },
    chatState: (_page: PageLink, entry: { id: string; state: string }) => {
      this.#world.chatStates.push(entry);
    },
    clearChat: (_page: PageLink, { id }: { id: string }) => this.#world.messages.clear(id),
    deleteChat: (_page: PageLink, { id }: { id: string }) => {
      this.#world.messages.clear(id);
      this.#world.chats.remove(id);
    },
    chat: (_page: PageLink, { id, change }: { id: string; change: Partial<ChatState> }) => {
      Object.assign(this.#world.chats.ensure(id), change);
      this.#world.onChange();
    },
  };

  /** A message of somebody else reaches the account. */
  async deliver(message: WireMessage): Promise<void> {
    this.#world.add(message);
    await this.#journal.announce('message', { message });
  }

  /** A receipt for a message: 1 server, 2 device, 3 read, 4 played, -1 error. */
  async ack(keyOrId: string, ack: number): Promise<void> {
    const message = this.#world.messages.find(keyOrId);
    if (!message) throw new SimulatorError('no_message', `no message ${keyOrId}`);
    message.ack = ack;
    this.#world.onChange();
    await this.#journal.announce('ack', { key: keyText(message.id), ack });
  }

  async #followUp(key: string): Promise<void> {
    const { autoAck, autoAckDelayMs } = this.#world.options;
    for (let ack = 2; ack <= autoAck; ack += 1) {
      await new Promise((resolve) => setTimeout(resolve, autoAckDelayMs));
      if (this.#faults.neverAcked) return;
      await this.ack(key, ack).catch(() => undefined);
    }
  }
}
