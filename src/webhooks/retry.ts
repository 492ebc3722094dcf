import type { Random } from '../clock.ts';

export interface RetrySettings {
  /** The pause after the first failure, in milliseconds; it doubles. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** In milliseconds: an event is given up when it is that old and nothing has got through for that long. */
  readonly giveUpAfterMs: number;
  /** How often an event is tried that the receiver understands and refuses. */
  readonly refusedAttempts: number;
}

export const DEFAULT_RETRY: RetrySettings = {
  firstPauseMs: 2_000,
  longestPauseMs: 15 * 60_000,
  giveUpAfterMs: 3 * 24 * 3_600_000,
  refusedAttempts: 6,
};

/**
 * The pause after the given number of failed attempts, in milliseconds: doubling, half of it random, so that
 * receivers that went down together are not hit together.
 */
export function pauseAfter(attempts: number, settings: RetrySettings, random: Random): number {
  const full = Math.min(settings.firstPauseMs * 2 ** Math.min(attempts - 1, 30), settings.longestPauseMs);
  return Math.round(full * (0.5 + random() / 2));
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
