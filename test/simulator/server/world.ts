import { randomBytes } from 'node:crypto';
import type { SimulatorOptions } from '../options.ts';
import { Chats } from './chats.ts';
import { Devices } from './devices.ts';
import { Directory } from './directory.ts';
import { Groups } from './groups.ts';
import { Messages } from './messages.ts';
import type { WireMessage } from './wire.ts';

/** What WhatsApp's servers and the phone know; outlives every page and browser. */
export class World {
  readonly options: SimulatorOptions;
  readonly devices = new Devices();
  readonly directory: Directory;
  readonly messages = new Messages();
  readonly chats = new Chats();
  readonly groups = new Groups();
  /** Direct path of the picture by the id of a person or group. */
  readonly pictures = new Map<string, string>();
  /** Chats that the device marked as seen, and the typing states that it sent, in order. */
  readonly seen: string[] = [];
  readonly chatStates: { id: string; state: string }[] = [];
  /** Called after every change, for whoever shows the world. */
  onChange: () => void = () => undefined;

  constructor(options: SimulatorOptions) {
    this.options = options;
    this.directory = new Directory(options);
    for (const id of this.directory.people.keys()) this.chats.ensure(this.chatId(id));
    for (const seed of options.groups) {
      const group = this.groups.seed(seed, this.directory.me.id);
      if (seed.member ?? true) this.chats.ensure(group.id);
    }
  }

  /** The id under which a person's chat runs: the privacy id, when chats are addressed so and there is one. */
  chatId(id: string): string {
    return (this.options.lidChats ? this.directory.find(id)?.lid : null) ?? id;
  }

  /** Puts a message into its chat; unread when it comes from somebody else. */
  add(message: WireMessage): void {
    this.messages.add(message);
    const chat = this.chats.ensure(message.id.remote);
    chat.t = Math.max(chat.t, message.t);
    if (!message.id.fromMe && message.type !== 'gp2') chat.unreadCount += 1;
    this.onChange();
  }
}

/** An id as WhatsApp's clients make them. */
export function newMessageId(): string {
  return `3EB0${randomBytes(9).toString('hex').toUpperCase()}`;
}
