import { randomUUID } from 'node:crypto';

/**
 * The places where a send can be stopped and looked at:
 * - `before-add`: the library has called, nothing has happened yet
 * - `before-hand-over`: the message is in the page's collections and in its outbox
 * - `recorded`: the server has the message and has not answered yet
 * - `before-resolve`: `sendMessage` would settle now (the hand-over goes on independently)
 */
export type SendStep = 'before-add' | 'before-hand-over' | 'recorded' | 'before-resolve';

interface Hold {
  readonly step: SendStep;
  readonly waiting: (() => void)[];
  readonly arrived: string[];
  onArrival: (() => void)[];
}

/** Pauses sends at a step until they are released. */
export class Holds {
  readonly #holds = new Map<string, Hold>();

  add(step: SendStep): string {
    const id = randomUUID();
    this.#holds.set(id, { step, waiting: [], arrived: [], onArrival: [] });
    return id;
  }

  /** Resolves at once when nothing is held at this step, else when it is released. */
  async pass(step: SendStep, messageKey: string): Promise<void> {
    for (const hold of this.#holds.values()) {
      if (hold.step !== step) continue;
      hold.arrived.push(messageKey);
      for (const tell of hold.onArrival.splice(0)) tell();
      await new Promise<void>((resolve) => hold.waiting.push(resolve));
    }
  }

  /** Resolves with the keys that are stopped here, once there are `count`. */
  async reached(id: string, count = 1): Promise<string[]> {
    const hold = this.#holds.get(id);
    if (!hold) throw new Error(`no hold ${id}`);
    while (hold.arrived.length < count) {
      await new Promise<void>((resolve) => hold.onArrival.push(resolve));
    }
    return [...hold.arrived];
  }

  release(id: string): void {
    const hold = this.#holds.get(id);
    this.#holds.delete(id);
    for (const go of hold?.waiting.splice(0) ?? []) go();
  }

  releaseAll(): void {
    for (const id of [...this.#holds.keys()]) this.release(id);
  }
}
