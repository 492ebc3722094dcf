import type { Journal } from './journal.ts';
import type { PageLink } from './page-hub.ts';
import { SimulatorError } from './wire.ts';
import type { World } from './world.ts';

/** Profiles: pictures, about texts, names, blocked people. */
export class People {
  readonly #world: World;
  readonly #journal: Journal;

  constructor(world: World, journal: Journal) {
    this.#world = world;
    this.#journal = journal;
  }

  readonly handlers = {
    picture: (_page: PageLink, { id }: { id: string }) => this.#world.pictures.get(id) ?? null,
    setPicture: async (_page: PageLink, { id, directPath }: { id: string; directPath: string | null }) => {
      if (id !== this.#world.directory.me.id && !this.#world.groups.find(id)) {
        throw new SimulatorError('401', 'this picture belongs to somebody else');
      }
      if (directPath === null) this.#world.pictures.delete(id);
      else this.#world.pictures.set(id, directPath);
      await this.#journal.announce('picture', { id });
    },
    about: (_page: PageLink, { id }: { id: string }) => this.#world.directory.find(id)?.about ?? null,
    setAbout: (_page: PageLink, { text }: { text: string }) => {
      this.#world.directory.me.about = text;
    },
    setPushname: (_page: PageLink, { name }: { name: string }) => {
      this.#world.directory.me.pushname = name;
    },
    block: (_page: PageLink, { id, blocked }: { id: string; blocked: boolean }) => {
      const person = this.#world.directory.find(id);
      if (!person) throw new SimulatorError('404', `no person ${id}`);
      person.blocked = blocked;
      this.#world.directory.people.set(person.id, person);
    },
  };
}
