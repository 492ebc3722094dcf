import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';

/** How long further refusals are counted before they are told, in milliseconds. */
const QUIET_MS = 60_000;

/**
 * Tells of callers that were refused, without letting them fill the disk with it: the first at once, those of the
 * next minute in one line, with the fields of the last one and their `count`.
 */
export function refusalLog(log: Logger, clock: Clock, words: string): (fields: object) => void {
  let quiet = false;
  let count = 0;
  let last: object = {};
  const tell = (fields: object) => {
    log.warn(fields, words);
    quiet = true;
    clock.schedule(QUIET_MS, () => {
      quiet = false;
      if (count > 0) tell({ ...last, count });
      count = 0;
    });
  };
  return (fields) => {
    if (!quiet) {
      tell(fields);
      return;
    }
    count += 1;
    last = fields;
  };
}
