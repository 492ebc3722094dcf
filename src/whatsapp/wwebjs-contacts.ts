import type wwebjs from 'whatsapp-web.js';

import type { Contact, Contacts, NameQuery } from '../messages/contacts.ts';
import { askClient, pageOf, refused } from './ask-client.ts';
import { aboutInPage, contactsInPage, type PageContact } from './contact-page.ts';

const WITHIN_MS = 20_000;

/** The people that the account knows, through the library and the page. */
export class WwebjsContacts implements Contacts {
  readonly #client: () => wwebjs.Client | null;

  /** @param client the present client, or null when it is not linked and synced */
  constructor(client: () => wwebjs.Client | null) {
    this.#client = client;
  }

  async list(query: NameQuery & { savedOnly: boolean }) {
    const { search, savedOnly, after, limit } = query;
    const asked = { id: null, search, savedOnly, after, limit: limit + 1 };
    const found = await this.#ask((client) => pageOf(client).evaluate(contactsInPage, asked));
    const contacts = found.slice(0, limit);
    const last = contacts.at(-1);
    const next = found.length > limit && last !== undefined ? { key: last.key, id: last.id } : null;
    return { contacts: contacts.map(contactOf), next };
  }

  async get(contactId: string): Promise<Contact & { about: string | null }> {
    const one = { id: contactId, search: '', savedOnly: false, after: null, limit: 1 };
    const [[contact], about] = await this.#ask((client) => {
      const page = pageOf(client);
      return Promise.all([page.evaluate(contactsInPage, one), page.evaluate(aboutInPage, contactId)]);
    });
    if (contact === undefined) throw refused('This is not a person');
    return { ...contactOf(contact), about };
  }

  async block(contactId: string, blocked: boolean): Promise<void> {
    await this.#ask(async (client) => {
      const contact = await client.getContactById(contactId);
      return blocked ? contact.block() : contact.unblock();
    });
  }

  pictureUrl(contactId: string): Promise<string | null> {
    return this.#ask((client) => pictureUrlOf(client, contactId));
  }

  #ask<T>(question: (client: wwebjs.Client) => Promise<T>): Promise<T> {
    return askClient(this.#client(), WITHIN_MS, question);
  }
}

/** The address of the picture of a person or a group at WhatsApp; null when there is none that is shown. */
export async function pictureUrlOf(client: wwebjs.Client, chatId: string): Promise<string | null> {
  // The type promises text; for who has no picture, or does not show it, nothing comes.
  const url: unknown = await client.getProfilePicUrl(chatId);
  return typeof url === 'string' ? url : null;
}

function contactOf({ key: _key, ...contact }: PageContact): Contact {
  return contact;
}
