import type { JournalEvent } from './event.ts';
import type { Watermark } from './watermark.ts';

/** The rows of the journal. Writes are called inside `Transactions.run` only. */
export interface JournalRows {
  /** @returns the sequence number, or null when an event of this id is there already */
  insert(event: Omit<JournalEvent, 'seq'>, recordedAt: number): number | null;
  /** Events above `since`, oldest first. */
  read(since: number, limit: number): JournalEvent[];
  /** When an event was written down, milliseconds since the Unix epoch; null when it is not there any more. */
  recordedAt(seq: number): number | null;
  /** The highest sequence number that was ever given. */
  lastSeq(): number;
  /** The lowest sequence number that is still there, or null when the journal is empty. */
  firstSeq(): number | null;
  /** The size of all events in bytes. */
  bytes(): number;
  /** Removes at most `limit` events, oldest first, recorded before `time` and numbered up to `upTo`. @returns bytes removed */
  removeOlderThan(
    time: number,
    upTo: number,
    limit: number,
  ): { readonly events: number; readonly bytes: number };
  /** Removes the oldest `limit` events. */
  removeOldest(limit: number): { readonly events: number; readonly bytes: number };
  /** What is remembered under the name of a chat, or null. */
  watermark(chatId: string): Watermark | null;
  setWatermark(chatId: string, watermark: Watermark): void;
  forgetWatermarks(): void;
}

/** Runs writes in one transaction; resolves when they are on the disk. */
export interface Transactions {
  run<T>(work: () => T): Promise<T>;
  /** Inside a `run`: `callback` is called once the transaction is on the disk. */
  afterCommit(callback: () => void): void;
}
