import { expect } from 'vitest';
import type wwebjs from 'whatsapp-web.js';
import type { PageClient } from '../../src/whatsapp/page-client.ts';
import type { Simulator } from '../simulator/server.ts';
import { waitFor } from './wait-for.ts';

const ALICE = '15550002222@c.us';

/** What the library says of messages, in the order in which it does. */
export class MessageRecorder {
  readonly events: {
    readonly name: string;
    readonly id: string;
    readonly body: string;
    readonly ack?: number;
  }[] = [];
  readonly #library: PageClient;

  constructor(library: PageClient) {
    this.#library = library;
    library.on('message', (message) => this.#add('message', message));
    library.on('message_create', (message) => this.#add('message_create', message));
    library.on('message_ack', (message, ack) => this.#add('message_ack', message, ack));
  }

  /**
   * One message in and one out: each is heard of once, and so is each receipt. A second message after them ends
   * the wait for repetitions of the first.
   */
  async expectEachOnce(simulator: Simulator): Promise<void> {
    await simulator.receive({ from: ALICE, body: 'in' });
    await this.#library.sendMessage(ALICE, 'out');
    await waitFor(() => this.#of('message_ack', 'out').length > 0, { what: 'the receipt' });
    await simulator.receive({ from: ALICE, body: 'end' });
    await waitFor(() => this.#of('message', 'end').length > 0, { what: 'the last message' });
    const heard = this.events.filter(({ body }) => body !== 'end').map(({ name, body }) => `${name} ${body}`);
    expect(heard.toSorted()).toEqual([
      'message in',
      'message_ack out',
      'message_create in',
      'message_create out',
    ]);
    expect(this.events.every(({ id }) => /^(?:true|false)_/.test(id))).toBe(true);
  }

  #of(name: string, body: string) {
    return this.events.filter((event) => event.name === name && event.body === body);
  }

  #add(name: string, { id, body }: wwebjs.Message, ack?: number): void {
    this.events.push({ name, id: id._serialized, body, ...(ack !== undefined && { ack }) });
  }
}
