import type { QueueEntry } from './ports.ts';

interface Lane {
  readonly waiting: QueueEntry[];
  /** Messages of this address that are on their way; the next one waits until none is. */
  holds: number;
}

/**
 * Which message goes next. Messages to one address form a lane and keep their order; lanes take turns, so that a
 * thousand messages to one group do not keep a single one to somebody else waiting. A scheduled message joins
 * its lane when its time has come and holds nobody up before.
 */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  /** Lanes with something to send and nothing on its way, in the order in which they take turns. */
  readonly #ready = new Set<string>();
  /** Everything that waits, by id. */
  readonly #waiting = new Map<string, QueueEntry>();
  /** Not yet due, the soonest last. */
  readonly #scheduled: QueueEntry[] = [];
  #nextExpiry = Infinity;

  /** How many messages wait, due or not. */
  get size(): number {
    return this.#waiting.size;
  }

  /** When the next scheduled message is due or a waiting one expires; Infinity when there is none. */
  get nextTime(): number {
    return Math.min(this.#scheduled.at(-1)?.notBefore ?? Infinity, this.#nextExpiry);
  }

  add(entry: QueueEntry, now: number): void {
    this.#waiting.set(entry.id, entry);
    this.#nextExpiry = Math.min(this.#nextExpiry, entry.expiresAt ?? Infinity);
    if (entry.notBefore !== null && entry.notBefore > now) this.#schedule(entry, entry.notBefore);
    else this.#join(entry);
  }

  /** Takes a waiting message out. @returns false when it does not wait (any more) */
  remove(id: string): boolean {
    // It stays in its lane as a name without a message, which `take` skips.
    return this.#waiting.delete(id);
  }

  /** The next message of the next free lane, whose lane is held from then on; null when nothing can go. */
  take(now: number): QueueEntry | null {
    this.admitDue(now);
    for (const address of this.#ready) {
      this.#ready.delete(address);
      const lane = this.#laneOf(address);
      for (let entry = lane.waiting.shift(); entry !== undefined; entry = lane.waiting.shift()) {
        if (!this.#waiting.delete(entry.id)) continue;
        lane.holds += 1;
        return entry;
      }
      this.#tidy(address, lane);
    }
    return null;
  }

  /** Keeps the lane of an address back for a message that is already on its way. */
  hold(address: string): void {
    this.#laneOf(address).holds += 1;
    this.#ready.delete(address);
  }

  /** The counterpart of `take` and `hold`. */
  release(address: string): void {
    const lane = this.#laneOf(address);
    lane.holds -= 1;
    this.#tidy(address, lane);
  }

  /** Takes out and returns what has expired while it waited. */
  takeExpired(now: number): QueueEntry[] {
    if (now < this.#nextExpiry) return [];
    const expired: QueueEntry[] = [];
    this.#nextExpiry = Infinity;
    for (const entry of this.#waiting.values()) {
      const expiresAt = entry.expiresAt ?? Infinity;
      if (expiresAt <= now) expired.push(entry);
      else this.#nextExpiry = Math.min(this.#nextExpiry, expiresAt);
    }
    for (const entry of expired) this.#waiting.delete(entry.id);
    return expired;
  }

  #schedule(entry: QueueEntry, at: number): void {
    let low = 0;
    let high = this.#scheduled.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#scheduled[middle]?.notBefore ?? 0) > at) low = middle + 1;
      else high = middle;
    }
    this.#scheduled.splice(low, 0, entry);
  }

  /** Lets what is due by now join its lane. */
  admitDue(now: number): void {
    for (let next = this.#scheduled.at(-1); next !== undefined; next = this.#scheduled.at(-1)) {
      if ((next.notBefore ?? 0) > now) return;
      this.#scheduled.pop();
      if (this.#waiting.has(next.id)) this.#join(next);
    }
  }

  #join(entry: QueueEntry): void {
    const lane = this.#laneOf(entry.address);
    lane.waiting.push(entry);
    if (lane.holds === 0) this.#ready.add(entry.address);
  }

  #laneOf(address: string): Lane {
    const known = this.#lanes.get(address);
    if (known !== undefined) return known;
    const lane: Lane = { waiting: [], holds: 0 };
    this.#lanes.set(address, lane);
    return lane;
  }

  #tidy(address: string, lane: Lane): void {
    if (lane.holds > 0) return;
    if (lane.waiting.length > 0) this.#ready.add(address);
    else this.#lanes.delete(address);
  }
}
