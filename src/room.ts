/** Something that takes room, or waits for it. */
export interface Guest {
  /** In what the room is measured in, bytes mostly. */
  size: number;
  isInside: boolean;
  /** Called when there is room for it. */
  readonly begin: () => void;
}

/** What several share who need much of it (memory, mostly): together they take no more than fits, and one always may. */
export class Room {
  readonly #together: number;
  readonly #waiting: Guest[] = [];
  #used = 0;

  constructor(together: number) {
    this.#together = together;
  }

  /** Lets a guest in, now or in its turn. */
  enter(guest: Guest): void {
    this.#waiting.push(guest);
    this.#next();
  }

  /** Lets a guest in if there is room now and nobody else waits. @returns whether it is inside */
  tryEnter(guest: Guest): boolean {
    if (this.#waiting.length > 0 || !this.#hasRoomFor(guest)) return false;
    this.#waiting.push(guest);
    this.#next();
    return true;
  }

  /** @param size what it needs by now; 0: nothing any more, or it does not wait any longer */
  resize(guest: Guest, size: number): void {
    if (guest.isInside) this.#used += size - guest.size;
    else if (size === 0) this.#waiting.splice(this.#waiting.indexOf(guest), 1);
    guest.size = size;
    this.#next();
  }

  #hasRoomFor({ size }: Guest): boolean {
    return this.#used === 0 || this.#used + size <= this.#together;
  }

  #next(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#hasRoomFor(next)) return;
      this.#waiting.shift();
      this.#used += next.size;
      next.isInside = true;
      next.begin();
    }
  }
}

/** One guest's room, which it takes and leaves as often as it likes. */
export class Seat {
  readonly #room: Room;
  #guest: Guest | null = null;

  constructor(room: Room) {
    this.#room = room;
  }

  get isTaken(): boolean {
    return this.#guest !== null;
  }

  /** Takes room if there is some at once. Not while it is taken. */
  tryTake(size: number): boolean {
    const guest: Guest = { size, isInside: false, begin: () => undefined };
    if (!this.#room.tryEnter(guest)) return false;
    this.#guest = guest;
    return true;
  }

  /** Waits for room. Not while it is taken. */
  take(size: number): Promise<void> {
    return new Promise((resolve) => {
      this.#guest = { size, isInside: false, begin: resolve };
      this.#room.enter(this.#guest);
    });
  }

  /** Harmless when it is not taken. */
  leave(): void {
    if (this.#guest !== null) this.#room.resize(this.#guest, 0);
    this.#guest = null;
  }
}
