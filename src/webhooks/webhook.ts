import { chatNamesOf, matchesType } from '../events/types.ts';
import type { JournalEvent } from '../events/event.ts';

/** A subscription. Times are milliseconds since the Unix epoch. */
export interface Webhook {
  readonly id: string;
  /** `environment` ones come from WEBHOOK_URL and cannot be changed by a call. */
  readonly origin: 'environment' | 'rest';
  readonly url: string;
  /** `whsec_` and base64. */
  readonly secret: string;
  /** Types or patterns such as `group.*`; empty: all. */
  readonly events: readonly string[];
  /** Chat ids; empty: all. Events that belong to no chat always pass. See `chatNamesOf` for what an id matches. */
  readonly chats: readonly string[];
  /** Headers that are sent along. */
  readonly headers: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  readonly disabledReason: string | null;
  readonly createdAt: number;
  readonly progress: WebhookProgress;
}

export interface WebhookProgress {
  /** Everything up to this sequence number is delivered, filtered out or dead. */
  readonly cursor: number;
  /** Failed attempts at the event that is next. */
  readonly attempts: number;
  readonly nextAttemptAt: number | null;
  /** Since when nothing has got through; null while all is well. */
  readonly failingSince: number | null;
  readonly lastError: string | null;
  readonly deliveredAt: number | null;
  readonly refusals: Refusals;
}

/** How the receiver refuses the event that is next: it is there, and does not want it. */
export interface Refusals {
  /** Since anything else became of a try. */
  readonly inARow: number;
  /** The first of these; null when there is none. */
  readonly since: number | null;
  /** When an event, this one or one before, was last given up because it was refused. */
  readonly gaveUpAt: number | null;
}

/** The progress of a subscription that begins after an event, or that is tried anew from there on. @param cursor its seq */
export function progressFrom(cursor: number): WebhookProgress {
  return {
    cursor,
    attempts: 0,
    nextAttemptAt: null,
    failingSince: null,
    lastError: null,
    deliveredAt: null,
    refusals: { inARow: 0, since: null, gaveUpAt: null },
  };
}

/** An event that could not be delivered in time. */
export interface DeadLetter {
  readonly seq: number;
  readonly id: string;
  readonly webhookId: string;
  readonly event: JournalEvent;
  readonly attempts: number;
  readonly lastError: string | null;
  readonly at: number;
}

/** Whether a subscription wants an event. */
export function wants(webhook: Webhook, event: JournalEvent): boolean {
  if (webhook.events.length > 0 && !webhook.events.some((pattern) => matchesType(pattern, event.type))) {
    return false;
  }
  if (webhook.chats.length === 0) return true;
  const names = chatNamesOf(event.data);
  return names.length === 0 || names.some((name) => webhook.chats.includes(name));
}
