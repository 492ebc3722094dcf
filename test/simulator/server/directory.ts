import type { ContactSeed, SimulatorOptions } from '../options.ts';

/** A person that the account knows, as the page gets it. */
export interface Person {
  /** `<digits>@c.us` */
  id: string;
  /** `<digits>@lid`, or null when none is known. */
  lid: string | null;
  name: string | null;
  pushname: string | null;
  isBusiness: boolean;
  isMyContact: boolean;
  blocked: boolean;
  about: string;
  /** Can be added to groups by an invitation only. */
  groupInviteOnly: boolean;
}

function person(seed: ContactSeed): Person {
  return {
    id: `${seed.pn}@c.us`,
    lid: seed.lid === undefined ? null : `${seed.lid}@lid`,
    name: seed.name ?? null,
    pushname: seed.pushname ?? null,
    isBusiness: seed.isBusiness ?? false,
    isMyContact: seed.name !== undefined,
    blocked: false,
    about: 'Hey there!',
    groupInviteOnly: seed.groupInviteOnly ?? false,
  };
}

/** Who has an account, and under which ids. */
export class Directory {
  readonly people = new Map<string, Person>();
  readonly me: Person;
  readonly #options: SimulatorOptions;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    this.me = { ...person(options.account), name: options.account.pushname };
    for (const seed of options.contacts) this.add(seed);
  }

  add(seed: ContactSeed): Person {
    const added = person(seed);
    this.people.set(added.id, added);
    return added;
  }

  /** The id of the first contact, for whoever does not care who writes. */
  get first(): string {
    return [...this.people.keys()][0] ?? this.me.id;
  }

  /** The person behind a phone id or a privacy id; made up when registered but unknown. */
  find(id: string): Person | null {
    if (id === this.me.id || id === this.me.lid) return this.me;
    const known = this.people.get(id) ?? [...this.people.values()].find(({ lid }) => lid === id);
    if (known) return known;
    if (!id.endsWith('@c.us') || this.exists(id) === null) return null;
    return person({ pn: id.replace('@c.us', '') });
  }

  /** The id under which a number is registered, `<digits>@c.us` or `<digits>@lid`; null when it is not. */
  exists(id: string): string | null {
    const [user = '', server] = id.split('@');
    if (server === 'lid') return this.#known(id) ? id : null;
    const digits = this.#options.aliases[user] ?? user;
    const registered = this.#known(`${digits}@c.us`) || this.#options.isRegistered(digits);
    return registered ? `${digits}@c.us` : null;
  }

  #known(id: string): boolean {
    if (id === this.me.id || id === this.me.lid || this.people.has(id)) return true;
    return [...this.people.values()].some(({ lid }) => lid === id);
  }
}
