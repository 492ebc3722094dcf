import type { EventData } from './schema.ts';
import type { EventType } from './types.ts';

/** The version of the schema of events. It changes when a field changes its meaning or goes; new fields may come. */
export const EVENT_VERSION = 1;

/** An event of the journal, exactly as Socket.IO, webhooks and REST show it. */
export interface JournalEvent<T extends EventType = EventType> {
  /** Stable: the same event has the same id wherever and however often it is seen. */
  readonly id: string;
  /** Grows by at least one from event to event. */
  readonly seq: number;
  readonly type: T;
  readonly version: typeof EVENT_VERSION;
  /** When it happened, as far as that is known, otherwise when it was heard of; ISO 8601. */
  readonly timestamp: string;
  /** It happened while the gateway was away and was found afterwards. */
  readonly replayed: boolean;
  readonly data: EventData[T];
}

/** An event before it has a place in the journal. */
export type EventInput = {
  [T in EventType]: {
    readonly type: T;
    readonly data: EventData[T];
    /**
     * What makes this event the one it is, for example `message:<message id>`. A second event with the same key
     * is a repetition and is dropped. Null for events that can truly happen twice.
     */
    readonly key: string | null;
    /** When it happened, milliseconds since the Unix epoch. */
    readonly at: number;
    readonly replayed?: boolean;
  };
}[EventType];
