import { pauseAfterFailures, type Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { EventInput } from './event.ts';
import type { Journal } from './journal.ts';
import { Settling } from './settling.ts';
import { covers, further, secondOf, type Watermark } from './watermark.ts';
import type { Hold } from './watermarks.ts';

/** WhatsApp's history, as the gap replay needs it. */
export interface History {
  /** Every chat with the time of its newest message, in milliseconds since the Unix epoch. */
  chats(): Promise<readonly { readonly id: string; readonly at: number }[]>;
  /** What was said in a chat and is not older than `since`, of at most the newest `limit` messages. */
  messages(chatId: string, since: number, limit: number): Promise<Said>;
}

/** What was said in a chat. */
export interface Said {
  /** The messages of others and of other devices of the account, oldest first. */
  readonly events: readonly Extract<EventInput, { type: 'message' }>[];
  /** Every message that is known with that, the account's own included. */
  readonly known: readonly { readonly id: string; readonly at: number }[];
  /** The times of the messages that WhatsApp Web has and cannot read yet. */
  readonly unreadable: readonly number[];
}

/** What is looked at in one chat at most; a gateway that was away for months does not replay a whole life. */
const LIMIT_PER_CHAT = 500;

/** Between two searches of which the first did not find everything, in milliseconds; the last one repeats. */
const PAUSES = [5_000, 30_000, 120_000, 600_000] as const;

/** How far this machine's clock may be ahead of WhatsApp's, in milliseconds. */
const SETTLED_AFTER_MS = 5 * 60_000;

/**
 * How old a message may be that is still waited for because it cannot be read, in milliseconds. Shorter than any
 * retention, so that the journal still has what came after it and recognises that when it is looked at again.
 */
const READABLE_WITHIN_MS = 12 * 3_600_000;

/**
 * Finds what came in while the gateway was away: chats whose newest message is newer than what the journal knows
 * of them. What the journal has already is recognised there and dropped, so looking twice does no harm.
 */
export class GapReplay {
  readonly #journal: Journal;
  readonly #history: History;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #settling: Settling;
  #running: Promise<void> | null = null;
  #again = false;
  /** Whether every chat is to be looked at, or only those with a message that could not be read. */
  #everyChat = false;
  /** Searches in a row that did not find everything. */
  #fruitless = 0;
  #paused = false;
  #cancelWait: (() => void) | null = null;

  constructor(journal: Journal, history: History, clock: Clock, log: Logger) {
    this.#journal = journal;
    this.#history = history;
    this.#clock = clock;
    this.#log = log;
    this.#settling = new Settling(clock, SETTLED_AFTER_MS, (chatId, mark) => {
      journal.note(chatId, mark).catch((error: unknown) => {
        log.warn({ reason: messageOf(error) }, 'how far a chat is known could not be written down');
      });
    });
  }

  /** To be called whenever WhatsApp is ready. Resolves when what was missed is in the journal; never rejects. */
  run(): Promise<void> {
    this.#everyChat = true;
    return this.#look();
  }

  #look(): Promise<void> {
    this.#stopWaiting();
    this.#paused = false;
    this.#again = true;
    this.#running ??= this.#loop().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** WhatsApp is away, or the gateway stops: what is left is looked for at the next `run`. */
  pause(): void {
    this.#stopWaiting();
    this.#settling.clear();
    this.#fruitless = 0;
    this.#paused = true;
  }

  /** The gateway has sent a message itself: that is known without an event. */
  sent(chatId: string, message: { readonly id: string; readonly at: number }): void {
    this.#settling.add(chatId, { at: message.at, ids: [message.id] });
  }

  /** A message of this time has come in and cannot be read yet: its chat is looked at again, after a crash as well. */
  awaitReadable(chatId: string, at: number): void {
    this.#journal.watermarks.hold(chatId, at);
    this.#lookLater();
  }

  async #loop(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      const everyChat = this.#everyChat;
      this.#everyChat = false;
      try {
        const { watermarks } = this.#journal;
        const { absences } = watermarks;
        const found = await this.#replay(everyChat);
        if (everyChat) await watermarks.caughtUp(absences);
        if (found > 0) this.#log.info({ found }, 'messages that came in meanwhile are now in the journal');
        if (watermarks.held.size > 0) this.#lookLater();
        else this.#fruitless = 0;
      } catch (error) {
        this.#everyChat ||= everyChat;
        this.#log.warn(
          { reason: messageOf(error) },
          'what came in meanwhile could not be looked for; it is tried again',
        );
        this.#lookLater();
      }
    }
  }

  #lookLater(): void {
    if (this.#paused || this.#cancelWait !== null) return;
    const pause = pauseAfterFailures(PAUSES, this.#fruitless);
    this.#fruitless += 1;
    this.#cancelWait = this.#clock.schedule(pause, () => void this.#look());
  }

  #stopWaiting(): void {
    this.#cancelWait?.();
    this.#cancelWait = null;
  }

  /** @returns how many messages were found */
  async #replay(everyChat: boolean): Promise<number> {
    const { watermarks } = this.#journal;
    const beginning = watermarks.beginning;
    if (beginning === null) {
      await watermarks.begin(this.#clock.now());
      return 0;
    }
    const { held } = watermarks;
    let found = 0;
    let failure: Error | null = null;
    for (const chat of await this.#history.chats()) {
      const hold = held.get(chat.id);
      held.delete(chat.id);
      if (!everyChat && hold === undefined) continue;
      const known = watermarks.of(chat.id) ?? { at: beginning, ids: [] };
      // A second message of the same second is newer, and does not look it.
      if (chat.at < secondOf(known.at)) continue;
      try {
        found += await this.#search(chat.id, known, hold);
      } catch (error) {
        // One chat that cannot be read does not keep the others from being looked at.
        failure ??= new Error(messageOf(error), { cause: error });
      }
    }
    // A chat that is not there any more will not be read.
    for (const [chatId, hold] of held) await watermarks.release(chatId, hold);
    if (failure !== null) throw failure;
    return found;
  }

  /** @param hold what the chat was held for before, if it was */
  async #search(chatId: string, known: Watermark, hold: Hold | undefined): Promise<number> {
    const { watermarks } = this.#journal;
    const said = await this.#history.messages(chatId, secondOf(known.at), LIMIT_PER_CHAT);
    const awaited = said.unreadable.filter((at) => this.#clock.now() - at < READABLE_WITHIN_MS);
    // First: what came after it must not count as the newest that is known.
    if (awaited.length > 0) watermarks.hold(chatId, Math.min(...awaited));
    else if (hold !== undefined) await watermarks.release(chatId, hold);
    let found = 0;
    for (const event of said.events) {
      if (covers(known, { id: event.data.id, at: event.at })) continue;
      if ((await this.#journal.append(event)) !== null) found += 1;
    }
    const upTo = said.known
      .filter(({ at }) => this.#settling.isSettled(at))
      .reduce<Watermark | null>((sum, { id, at }) => further(sum, { at, ids: [id] }), null);
    if (upTo !== null) await this.#journal.note(chatId, upTo);
    return found;
  }
}
