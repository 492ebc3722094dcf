import type { PageClient } from './page-client.ts';

/** The library's client of this moment, and whether WhatsApp can be asked through it. */
export class CurrentClient {
  #library: PageClient | null = null;
  #ready = false;

  /** A new client takes the place of the one before. */
  replace(library: PageClient): void {
    this.#library = library;
  }

  /** Follows the session: only while that is ready the client is of use. */
  setReady(ready: boolean): void {
    this.#ready = ready;
  }

  /** The client, whether of use or not; null before the first. */
  get library(): PageClient | null {
    return this.#library;
  }

  /** The client while WhatsApp can be asked, else null. */
  get usable(): PageClient | null {
    return this.page() === null ? null : this.#library;
  }

  /** The page while WhatsApp can be asked, else null. */
  page() {
    const page = this.#ready ? (this.#library?.pupPage ?? null) : null;
    return page === null || page.isClosed() ? null : page;
  }
}
