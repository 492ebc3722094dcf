import type { Request, RequestHandler, Response } from 'express';

export interface LargeBodyLimits {
  /** The largest body that is read, in bytes. */
  readonly limit: number;
  /** Larger ones wait for each other, in bytes. */
  readonly largerThan: number;
  /** How much of larger ones is in memory at the same time, in bytes; at least one of them always. */
  readonly together: number;
}

/** What gives back the room of a request. */
const releases = new WeakMap<Response, () => void>();

/**
 * Lets large bodies be read one after the other once they are too many together: each is held in memory several times
 * over while it is parsed. What waits is not read from its connection; small bodies pass. To be mounted before the
 * parser.
 */
export function limitLargeBodies({ limit, largerThan, together }: LargeBodyLimits): RequestHandler {
  let used = 0;
  const waiting: { readonly size: number; readonly begin: () => void }[] = [];
  const beginNext = () => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (used > 0 && used + next.size > together) return;
      waiting.shift();
      used += next.size;
      next.begin();
    }
  };
  return (request, response, next) => {
    const size = sizeOf(request, limit);
    if (size <= largerThan) {
      next();
      return;
    }
    let hasBegun = false;
    const place = {
      size,
      begin: () => {
        hasBegun = true;
        next();
      },
    };
    const release = () => {
      releases.delete(response);
      response.off('close', release);
      if (hasBegun) used -= size;
      else waiting.splice(waiting.indexOf(place), 1);
      beginNext();
    };
    releases.set(response, release);
    response.once('close', release);
    waiting.push(place);
    beginNext();
  };
}

/** The body of a request is needed no more, although its answer still waits for something. */
export function bodyIsDone(response: Response): void {
  releases.get(response)?.();
}

/** At most; a body that does not say, or is packed, can be as large as is allowed. */
function sizeOf(request: Request, limit: number): number {
  const length = Number(request.headers['content-length'] ?? NaN);
  const isPacked = (request.headers['content-encoding'] ?? 'identity') !== 'identity';
  if (request.headers['transfer-encoding'] !== undefined || isPacked) return limit;
  return Number.isFinite(length) ? Math.min(length, limit) : 0;
}
