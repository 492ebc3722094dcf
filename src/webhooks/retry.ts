import type { Random } from '../clock.ts';
import type { Refusals } from './webhook.ts';

export interface RetrySettings {
  /** The pause after the first failure, in milliseconds; it doubles. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** In milliseconds: an event is given up when it has waited and nothing has got through for that long. */
  readonly giveUpAfterMs: number;
  /** How often in a row an event must be refused before it is given up; see also `refusedForMs`. */
  readonly refusedAttempts: number;
  /** In milliseconds: for how long it must be refused as well, so that a receiver that is set up wrongly loses nothing. */
  readonly refusedForMs: number;
  /**
   * In milliseconds: an event that is refused so soon after another was given up need not be refused for long, so
   * that a receiver that refuses some kind of event does not fall behind by hours with each.
   */
  readonly refusedAgainWithinMs: number;
}

export const DEFAULT_RETRY: RetrySettings = {
  firstPauseMs: 2_000,
  longestPauseMs: 15 * 60_000,
  giveUpAfterMs: 3 * 24 * 3_600_000,
  refusedAttempts: 6,
  refusedForMs: 6 * 3_600_000,
  refusedAgainWithinMs: 24 * 3_600_000,
};

/**
 * The pause after the given number of failed attempts, in milliseconds: doubling, half of it random, so that
 * receivers that went down together are not hit together.
 */
export function pauseAfter(attempts: number, settings: RetrySettings, random: Random): number {
  const full = Math.min(settings.firstPauseMs * 2 ** Math.min(attempts - 1, 30), settings.longestPauseMs);
  return Math.round(full * (0.5 + random() / 2));
}

/** What is known of a receiver after it has refused the event that is next once more. */
export function refusedOnceMore(before: Refusals, now: number): Refusals {
  // A clock that was set back must not make the event wait for longer than is meant.
  return { ...before, inARow: before.inARow + 1, since: Math.min(before.since ?? now, now) };
}

/** What is left of refusals once something else becomes of a try, or another event is next. */
export function withoutRefusals(before: Refusals): Refusals {
  return { ...before, inARow: 0, since: null };
}

/** Whether an event has been refused so often, and for so long, that the others need not wait for it any more. */
export function isRefusedForGood(refusals: Refusals, now: number, settings: RetrySettings): boolean {
  const { inARow, since, gaveUpAt } = refusals;
  if (inARow < settings.refusedAttempts) return false;
  return (
    now - (since ?? now) >= settings.refusedForMs ||
    (gaveUpAt !== null && now - gaveUpAt < settings.refusedAgainWithinMs)
  );
}

export type Verdict = 'delivered' | 'retry' | 'refused' | 'gone';

/**
 * What an answer means. `refused`: the receiver is there and does not want this event, so others need not
 * wait for it long. Wrong keys and wrong paths (401, 403, 404, 405) are mistakes that a person repairs, and
 * every event would meet them: those wait. A redirect is a wrong address.
 */
export function verdictOf(status: number): Verdict {
  if (status >= 200 && status < 300) return 'delivered';
  if (status === 410) return 'gone';
  if ([400, 409, 413, 415, 422].includes(status)) return 'refused';
  return 'retry';
}
