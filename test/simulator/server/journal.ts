import type { SimulatorOptions } from '../options.ts';
import type { PageHub } from './page-hub.ts';

/** Something that happened to the account, as a linked page hears of it. */
export interface Update {
  readonly seq: number;
  readonly name: string;
  readonly args: object;
}

/** What happened, in order: pushed to the linked pages, and kept for those that are away. */
export class Journal {
  readonly #hub: PageHub;
  readonly #options: SimulatorOptions;
  readonly #updates: Update[] = [];
  /** The last update that each device was told. */
  readonly #told = new Map<string, number>();
  /** The update that announced a message. */
  readonly #seqs = new WeakMap<object, number>();

  constructor(hub: PageHub, options: SimulatorOptions) {
    this.#hub = hub;
    this.#options = options;
  }

  /** Tells every linked page; resolves when each has answered or was given up on. */
  async announce(name: string, args: object): Promise<void> {
    const update = { seq: this.#updates.length + 1, name, args };
    this.#updates.push(update);
    if ('message' in args && name === 'message') this.#seqs.set(args.message as object, update.seq);
    await Promise.all(
      this.#hub.linked.map(async (page) => {
        // A page that is on its way out hears it no more.
        const { deviceId } = page;
        if (!(await page.tell('update', update)) || deviceId === null) return;
        this.#told.set(deviceId, Math.max(this.#told.get(deviceId) ?? 0, update.seq));
      }),
    );
  }

  /**
   * What a device has to be told.
   * @param seen the last update that its page knows, when the page was only cut off
   * @returns `from`: messages announced later than this are not part of a snapshot
   */
  since(deviceId: string, seen: number | null): { from: number; missed: Update[] } {
    const last = this.#updates.length;
    const fresh = this.#options.offlineDelivery === 'silent' ? last : (this.#told.get(deviceId) ?? last);
    const from = seen ?? fresh;
    this.#told.set(deviceId, last);
    return { from, missed: this.#updates.slice(from) };
  }

  /** Whether a message was announced after `seq`. */
  announcedAfter(message: object, seq: number): boolean {
    return (this.#seqs.get(message) ?? 0) > seq;
  }
}
