import type { Clock } from '../clock.ts';
import { woken } from '../woken.ts';
import type { JournalEvent } from './event.ts';
import type { Journal } from './journal.ts';

const PAGE = 100;

/**
 * Every event above `since`, the past first and then live, in order, each once, until `signal` aborts.
 * The reader pulls: a slow one reads later from the disk and holds nobody up.
 */
export async function* follow(
  journal: Journal,
  since: number,
  signal: AbortSignal,
): AsyncGenerator<JournalEvent[], void, undefined> {
  let cursor = journal.resumeFrom(since);
  while (!signal.aborted) {
    const page = journal.read(cursor, PAGE);
    const last = page.at(-1);
    if (last === undefined) {
      await woken((wake) => journal.onAppend(wake), signal);
      continue;
    }
    cursor = last.seq;
    yield page;
  }
}

/**
 * Events above `since`, at most `limit`; when there is none, waits up to `waitMs` for the first.
 */
export async function readOrWait(
  journal: Journal,
  query: { readonly since: number; readonly limit: number; readonly waitMs: number },
  clock: Clock,
  signal: AbortSignal,
): Promise<JournalEvent[]> {
  const present = journal.read(query.since, query.limit);
  if (present.length > 0 || query.waitMs <= 0) return present;
  const deadline = new AbortController();
  const cancel = clock.schedule(query.waitMs, () => {
    deadline.abort();
  });
  try {
    const either = AbortSignal.any([signal, deadline.signal]);
    while (!either.aborted) {
      await woken((wake) => journal.onAppend(wake), either);
      const page = journal.read(query.since, query.limit);
      if (page.length > 0) return page;
    }
    return [];
  } finally {
    cancel();
  }
}
