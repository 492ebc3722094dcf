/** Where a page of a list that is sorted by name ended. */
export interface NameCursor {
  /** The name as it is compared. */
  readonly key: string;
  readonly id: string;
}

/** A page of such a list is asked for with this. */
export interface NameQuery {
  readonly search: string;
  readonly after: NameCursor | null;
  readonly limit: number;
}

/** A person that WhatsApp Web knows: from the address book, a chat or a group. */
export interface Contact {
  readonly id: string;
  /** Digits with country code; null when WhatsApp hides the number. */
  readonly phone: string | null;
  /** As the phone's address book has it. */
  readonly name: string | null;
  /** As the person calls themselves. */
  readonly pushname: string | null;
  /** Whether the person is in the phone's address book. */
  readonly isSaved: boolean;
  readonly isBusiness: boolean;
  readonly isBlocked: boolean;
  readonly isMe: boolean;
}

/**
 * The people that the account knows, as the border needs them. Every method throws a GatewayError:
 * `not_connected`, `unprocessable`, `timeout`.
 */
export interface Contacts {
  /** Sorted by name, those without one last. @param query.savedOnly only those of the phone's address book */
  list(
    query: NameQuery & { readonly savedOnly: boolean },
  ): Promise<{ readonly contacts: readonly Contact[]; readonly next: NameCursor | null }>;
  /** `about` is null when the person does not show it. */
  get(contactId: string): Promise<Contact & { readonly about: string | null }>;
  block(contactId: string, blocked: boolean): Promise<void>;
  /** The address of the picture at WhatsApp, good for some days; null when there is none or it is not shown. */
  pictureUrl(contactId: string): Promise<string | null>;
}
