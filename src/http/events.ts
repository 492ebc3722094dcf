import { setImmediate } from 'node:timers/promises';

import type { IRouter } from 'express';
import { z } from 'zod';

import { validate } from '../border/validate.ts';
import type { Clock } from '../clock.ts';
import { readOrWait } from '../events/follow.ts';
import type { Journal } from '../events/journal.ts';
import { isTypePattern, matchesType } from '../events/types.ts';
import { sendJson } from './answer.ts';
import { commaSeparated, whole } from './query.ts';
import { route } from './route.ts';

export const eventsQuery = z.object({
  since: whole(0, Number.MAX_SAFE_INTEGER, 'expected the seq of an event, or 0 for the beginning').optional(),
  limit: whole(1, 500, 'expected 1 to 500').optional(),
  wait: whole(0, 60, 'expected seconds, 0 to 60').optional(),
  types: commaSeparated(
    z.string().refine(isTypePattern, 'expected events such as message or group.*'),
    'message,group.*',
  ).optional(),
});

/** How many events are looked through at a time for those that are asked for; everybody else's turn is between. */
const LOOKED_THROUGH = 500;

/** `GET /api/events`: the journal for scripts. The key is asked for by whoever mounts it. */
export function eventRoutes(router: IRouter, options: { journal: Journal; clock: Clock }): void {
  const { clock } = options;
  route(router, '/api/events', {
    get: async (request, response) => {
      const { journal } = options;
      const query = validate(eventsQuery, request.query);
      const { limit = 100, wait = 0, types = [] } = query;
      const gone = new AbortController();
      response.on('close', () => gone.abort());
      let cursor = journal.resumeFrom(query.since ?? 0);
      const deadline = clock.now() + wait * 1000;
      for (;;) {
        const waitMs = deadline - clock.now();
        const window = { since: cursor, limit: types.length === 0 ? limit : LOOKED_THROUGH, waitMs };
        const page = await readOrWait(journal, window, clock, gone.signal);
        const wanted =
          types.length === 0
            ? page
            : page.filter((event) => types.some((pattern) => matchesType(pattern, event.type)));
        const events = wanted.slice(0, limit);
        cursor = (wanted.length > limit ? events : page).at(-1)?.seq ?? cursor;
        if (gone.signal.aborted) return;
        if (events.length === 0 && page.length > 0) {
          await setImmediate();
          continue;
        }
        sendJson(response, 200, {
          success: true,
          events,
          nextSince: cursor,
          firstSeq: journal.firstSeq(),
          lastSeq: journal.lastSeq,
        });
        return;
      }
    },
  });
}
