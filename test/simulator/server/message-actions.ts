import type { Journal } from './journal.ts';
import type { PageLink } from './page-hub.ts';
import { keyText, SimulatorError, type WireMessage } from './wire.ts';
import { newMessageId, type World } from './world.ts';

/** One person's reaction to a message; an empty text takes it back. */
export interface Reaction {
  parent: string;
  /** The id of the reaction itself, as a key's text. */
  key: string;
  sender: string;
  text: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** One person's choice in a poll, by the options' local ids. */
export interface Vote {
  parent: string;
  key: string;
  sender: string;
  options: number[];
  at: number;
}

/** What is done to messages that exist: edits, deletions, stars, reactions, votes, pins. From either side. */
export class MessageActions {
  /** By the text of the parent's key, one a sender. */
  readonly reactions = new Map<string, Reaction[]>();
  readonly votes = new Map<string, Vote[]>();
  readonly pinned = new Set<string>();
  readonly #world: World;
  readonly #journal: Journal;

  constructor(world: World, journal: Journal) {
    this.#world = world;
    this.#journal = journal;
  }

  readonly handlers = {
    edit: (_page: PageLink, { key, body }: { key: string; body: string }) => this.edit(key, body),
    revoke: (_page: PageLink, { key }: { key: string }) => this.revoke(key),
    deleteMessage: (_page: PageLink, { key }: { key: string }) => this.remove(key),
    star: (_page: PageLink, { key, star }: { key: string; star: boolean }) => this.change(key, { star }),
    pin: async (_page: PageLink, { key, pinned }: { key: string; pinned: boolean }) => {
      if (pinned) this.pinned.add(key);
      else this.pinned.delete(key);
      await this.change(key, { pinned });
    },
    pinned: (_page: PageLink, { chatId }: { chatId: string }) =>
      [...this.pinned].filter((key) => this.#world.messages.find(key)?.id.remote === chatId),
    react: (_page: PageLink, { key, text }: { key: string; text: string }) =>
      this.react(key, this.#world.directory.me.id, text),
    reactions: (_page: PageLink, { key }: { key: string }) => this.reactions.get(key) ?? [],
    vote: (_page: PageLink, { key, options }: { key: string; options: number[] }) =>
      this.vote(key, this.#world.directory.me.id, options),
    votes: (_page: PageLink, { key }: { key: string }) => this.votes.get(key) ?? [],
  };

  /** Changes fields of a message; every page hears `change:<field>`. */
  async change(keyOrId: string, changes: Record<string, unknown>): Promise<void> {
    const message = this.#find(keyOrId);
    Object.assign(message, changes);
    this.#world.onChange();
    await this.#journal.announce('change', { key: keyText(message.id), changes });
  }

  async edit(keyOrId: string, body: string): Promise<void> {
    const field = this.#find(keyOrId)['directPath'] === undefined ? 'body' : 'caption';
    await this.change(keyOrId, { [field]: body, latestEditSenderTimestampMs: Date.now() });
  }

  /** Deletes for everyone: the message stays as one of type `revoked`. */
  async revoke(keyOrId: string): Promise<void> {
    await this.change(keyOrId, { type: 'revoked', body: '' });
  }

  /** Deletes for this account only. */
  async remove(keyOrId: string): Promise<void> {
    const key = keyText(this.#find(keyOrId).id);
    this.#world.messages.remove(key);
    this.#world.onChange();
    await this.#journal.announce('remove', { key });
  }

  async react(keyOrId: string, sender: string, text: string): Promise<void> {
    const message = this.#find(keyOrId);
    const parent = keyText(message.id);
    const reaction = { parent, key: this.#addonKey(message, sender), sender, text, at: Date.now() };
    const others = (this.reactions.get(parent) ?? []).filter((known) => known.sender !== sender);
    this.reactions.set(parent, text === '' ? others : [...others, reaction]);
    message['hasReaction'] = this.reactions.get(parent)!.length > 0;
    await this.#journal.announce('reaction', reaction);
  }

  async vote(keyOrId: string, sender: string, options: number[]): Promise<void> {
    const message = this.#find(keyOrId);
    const parent = keyText(message.id);
    const vote = { parent, key: this.#addonKey(message, sender), sender, options, at: Date.now() };
    const others = (this.votes.get(parent) ?? []).filter((known) => known.sender !== sender);
    this.votes.set(parent, [...others, vote]);
    await this.#journal.announce('vote', vote);
  }

  /** The local ids of a poll's options, by their names. */
  pollOptions(keyOrId: string, names: readonly string[]): number[] {
    const options = this.#find(keyOrId)['pollOptions'] as { name: string; localId: number }[] | undefined;
    if (!options) throw new SimulatorError('no_poll', `${keyOrId} is no poll`);
    return names.map((name) => {
      const option = options.find((known) => known.name === name);
      if (!option) throw new SimulatorError('no_option', `the poll has no option "${name}"`);
      return option.localId;
    });
  }

  #addonKey(message: WireMessage, sender: string): string {
    const { remote } = message.id;
    const fromMe = sender === this.#world.directory.me.id;
    const participant = remote.endsWith('@g.us') ? { participant: sender } : {};
    return keyText({ fromMe, remote, id: newMessageId(), ...participant });
  }

  #find(keyOrId: string): WireMessage {
    const message = this.#world.messages.find(keyOrId);
    if (!message) throw new SimulatorError('no_message', `no message ${keyOrId}`);
    return message;
  }
}
