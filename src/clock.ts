/** Time as the program sees it; tests drive it by hand. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `callback` once after `ms` milliseconds; the returned function cancels it. */
  schedule(ms: number, callback: () => void): () => void;
}

/** A number in [0, 1). */
export type Random = () => number;

/** The pause after so many failures, in milliseconds: the next of the list, whose last one repeats. */
export function pauseAfterFailures(pauses: readonly [number, ...number[]], failures: number): number {
  return pauses[Math.min(failures, pauses.length - 1)] ?? pauses[0];
}

/** `setTimeout` fires at once beyond this; nothing here needs to sleep longer without looking again. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The system's time. Its timers do not keep the process alive: a stopping gateway need not wait for them. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(ms, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS));
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
