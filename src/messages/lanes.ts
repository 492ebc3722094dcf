import type { QueueEntry } from './ports.ts';

interface Lane {
  waiting: QueueEntry[];
  /** Messages of this address that are on their way; the next one waits until none is. */
  holds: number;
}

/** What is not worth tidying up for. */
const FEW = 1_000;

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
  #scheduled: QueueEntry[] = [];
  #nextExpiry = Infinity;
  /** Taken out of `#waiting` since the last tidying, and not of the lanes. */
  #leftBehind = 0;

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
    // It stays in its lane as a name without a message, which `take` skips, until there are many of them.
    const waited = this.#waiting.delete(id);
    if (waited) this.#leaveBehind(1);
    return waited;
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
    this.#leaveBehind(expired.length);
    return expired;
  }

  /** How many entries are kept, those included that were taken out. */
  get footprint(): number {
    let kept = this.#scheduled.length;
    for (const { waiting } of this.#lanes.values()) kept += waiting.length;
    return kept;
  }

  /** Tidies up once most of what is kept does not wait any more: each time for as many as were taken out since. */
  #leaveBehind(count: number): void {
    this.#leftBehind += count;
    if (this.#leftBehind < FEW || this.#leftBehind < this.#waiting.size) return;
    this.#leftBehind = 0;
    const waits = ({ id }: QueueEntry) => this.#waiting.has(id);
    this.#scheduled = this.#scheduled.filter(waits);
    for (const [address, lane] of this.#lanes) {
      lane.waiting = lane.waiting.filter(waits);
      if (lane.waiting.length > 0 || lane.holds > 0) continue;
      this.#lanes.delete(address);
      this.#ready.delete(address);
    }
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
