import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Request, RequestHandler, Response } from 'express';

import { GatewayError } from '../errors.ts';

export interface LargeBodyLimits {
  /** The largest body that is read, in bytes. */
  readonly limit: number;
  /** Larger ones wait for each other, in bytes. */
  readonly largerThan: number;
  /** How much of larger ones is in memory at the same time, in bytes; at least one of them always. */
  readonly together: number;
  /** How long one waits before it is refused, in milliseconds. */
  readonly waitMs: number;
}

/** The room that the body of a request takes. */
interface Place {
  size: number;
  readonly begin: () => void;
  resize(size: number): void;
}

const places = new WeakMap<ServerResponse, Place>();

/**
 * Lets large bodies be read one after the other once they are too many together: each is held in memory several times
 * over while it is parsed. What waits is not read from its connection; small bodies pass. To be mounted before the
 * parser, which is to tell `bodyIsRead`.
 *
 * A body that waits too long is refused with GatewayError `too_busy` and `Retry-After`.
 */
export function limitLargeBodies(limits: LargeBodyLimits): RequestHandler {
  const { limit, largerThan, together, waitMs } = limits;
  let used = 0;
  const waiting: Place[] = [];
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
    const place: Place = {
      size,
      begin: () => {
        hasBegun = true;
        clearTimeout(patience);
        next();
      },
      resize: (wanted) => {
        const room = wanted > largerThan ? wanted : 0;
        if (hasBegun) used += room - place.size;
        place.size = room;
        if (room === 0) leave();
        beginNext();
      },
    };
    const leave = () => {
      clearTimeout(patience);
      places.delete(response);
      response.off('close', onClose);
      if (!hasBegun) waiting.splice(waiting.indexOf(place), 1);
    };
    const onClose = () => place.resize(0);
    const patience = setTimeout(() => {
      place.resize(0);
      response.setHeader('Retry-After', String(Math.ceil(waitMs / 1000)));
      next(tooBusy());
    }, waitMs);
    places.set(response, place);
    response.once('close', onClose);
    waiting.push(place);
    beginNext();
  };
}

/** A body is in memory whole: what was unknown about its size is known now. For the parser's `verify`. */
export function bodyIsRead(_request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  places.get(response)?.resize(body.byteLength);
}

/** The body of a request is needed no more and let go, although its answer still waits for something. */
export function bodyIsDone(request: Request, response: Response): void {
  request.body = undefined;
  places.get(response)?.resize(0);
}

/** At most; a body that does not say, or is packed, can be as large as is allowed. */
function sizeOf(request: Request, limit: number): number {
  const length = Number(request.headers['content-length'] ?? NaN);
  const isPacked = (request.headers['content-encoding'] ?? 'identity') !== 'identity';
  if (request.headers['transfer-encoding'] !== undefined || isPacked) return limit;
  return Number.isFinite(length) ? Math.min(length, limit) : 0;
}

function tooBusy(): GatewayError {
  return new GatewayError({
    code: 'too_busy',
    message: 'Other large requests are being read',
    action: 'Send it again later, or the file by its address or as multipart/form-data, which does not wait',
    retryable: true,
  });
}
