import type { MemberAction } from './group-actions.ts';
import type { Group } from './groups.ts';
import { chatIdOf, incoming, type IncomingMessage } from './incoming.ts';
import type { Parts } from './parts.ts';
import { newMessageId } from './world.ts';

/** What other people do, and what the account does on its phone. */
export class Outside {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Somebody writes to the account. Resolves with the message's key once the pages have it. */
  async receive(message: IncomingMessage): Promise<string> {
    const { world, web, messaging } = this.#parts;
    const { wire, key } = incoming(world, message, (data, type) => web.store(data, type));
    await messaging.deliver(wire);
    return key;
  }

  /** A receipt for a message, by key or id: 1 server, 2 device, 3 read, 4 played, -1 error. */
  async ack(keyOrId: string, ack: number): Promise<void> {
    await this.#parts.messaging.ack(keyOrId, ack);
  }

  /** Somebody reacts to a message; an empty text takes it back. */
  async react(keyOrId: string, text: string, from?: string): Promise<void> {
    await this.#parts.actions.react(keyOrId, this.#someone(from), text);
  }

  /** Somebody votes in a poll, by the names of the options. */
  async vote(keyOrId: string, options: readonly string[], from?: string): Promise<void> {
    const { actions } = this.#parts;
    await actions.vote(keyOrId, this.#someone(from), actions.pollOptions(keyOrId, options));
  }

  /** The sender edits a message. */
  async edit(keyOrId: string, body: string): Promise<void> {
    await this.#parts.actions.edit(keyOrId, body);
  }

  /** The sender deletes a message for everyone. */
  async revoke(keyOrId: string): Promise<void> {
    await this.#parts.actions.revoke(keyOrId);
  }

  /** The account deletes a message for itself, on the phone. */
  async remove(keyOrId: string): Promise<void> {
    await this.#parts.actions.remove(keyOrId);
  }

  /** Changes any fields of a message, as the page would: `{type: 'chat', body: …}` decrypts a `ciphertext`. */
  async change(keyOrId: string, changes: Record<string, unknown>): Promise<void> {
    await this.#parts.actions.change(keyOrId, changes);
  }

  /** Somebody calls. Resolves with the call's id. */
  async call(options: { from?: string; isVideo?: boolean; isGroup?: boolean } = {}): Promise<string> {
    const id = newMessageId();
    await this.#parts.journal.announce('call', { ...options, id, from: this.#someone(options.from) });
    return id;
  }

  /** A member changes who is in a group. */
  async groupMembers(
    id: string,
    action: MemberAction,
    members: readonly string[],
    by?: string,
  ): Promise<void> {
    await this.#parts.groups.members(id, action, members.map(chatIdOf), this.#someone(by));
  }

  /** A member changes subject, description or settings of a group; `subtype` as in the notification. */
  async groupChange(id: string, changes: Partial<Group>, subtype: string, by?: string): Promise<void> {
    await this.#parts.groups.change(id, changes, subtype, this.#someone(by));
  }

  /** An id of somebody: as given, or the first contact's. */
  #someone(id?: string): string {
    return chatIdOf(id ?? this.#parts.world.directory.first);
  }
}
