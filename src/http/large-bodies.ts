import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Request, RequestHandler, Response } from 'express';

import { GatewayError } from '../errors.ts';
import { Room, type Guest } from '../room.ts';

export interface LargeBodyLimits {
  /** The largest body that is read, in bytes. */
  readonly limit: number;
  /** Larger ones wait for each other, in bytes. */
  readonly largerThan: number;
  /** How much of larger ones is in memory at the same time, in bytes; at least one of them always. */
  readonly together: number;
  /** How long one waits before it is refused, in milliseconds. */
  readonly waitMs: number;
  /** How long the sender of one that is being read may be silent, in milliseconds: others wait for it. */
  readonly silentMs: number;
}

/** What tells the size of a body that is in memory by now. */
const measured = new WeakMap<ServerResponse, (size: number) => void>();

/**
 * Lets large bodies be read one after the other once they are too many together: each is held in memory several times
 * over while it is parsed. What waits is not read from its connection; small bodies pass. To be mounted right before
 * the parser, which is to tell `bodyIsRead`.
 *
 * A body that waits too long is refused with GatewayError `too_busy` and `Retry-After`. One that does not say how long
 * it is waits in the middle, once it has turned out to be large; then only the server's own time limit ends that.
 */
export function limitLargeBodies(limits: LargeBodyLimits): RequestHandler {
  const { limit, largerThan, waitMs, silentMs } = limits;
  const room = new Room(limits.together);
  return (request, response, next) => {
    const size = sizeOf(request, limit);
    if (size === null) {
      const stopCounting = onceLarger(request, largerThan, () => {
        request.pause();
        enter(limit, () => request.resume());
      });
      // Answered unread: what still comes is thrown away by the server.
      response.once('close', stopCounting);
      next();
    } else if (size <= largerThan) {
      next();
    } else {
      const patience = setTimeout(() => {
        measured.get(response)?.(0);
        response.setHeader('Retry-After', String(Math.ceil(waitMs / 1000)));
        next(tooBusy());
      }, waitMs);
      response.once('close', () => clearTimeout(patience));
      enter(size, () => {
        clearTimeout(patience);
        next();
      });
    }

    function enter(wanted: number, begin: () => void): void {
      const guest: Guest = {
        size: wanted,
        isInside: false,
        begin: () => {
          request.setTimeout(silentMs, () => request.destroy());
          begin();
        },
      };
      const resize = (found: number) => {
        if (found <= largerThan) {
          measured.delete(response);
          response.off('close', leave);
        }
        room.resize(guest, found <= largerThan ? 0 : found);
      };
      const leave = () => resize(0);
      measured.set(response, (found) => {
        // Read: its sender has nothing more to say. After the answer the time limit is the server's own again.
        request.setTimeout(0);
        resize(found);
      });
      response.once('close', leave);
      room.enter(guest);
    }
  };
}

/** A body is in memory whole: what was unknown about its size is known now. For the parser's `verify`. */
export function bodyIsRead(_request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  measured.get(response)?.(body.byteLength);
}

/** The body of a request is needed no more and let go, although its answer still waits for something. */
export function bodyIsDone(request: Request, response: Response): void {
  request.body = undefined;
  measured.get(response)?.(0);
}

/** At most: a packed body can be as large as is allowed. Null for one that does not say; 0 where none will be read. */
function sizeOf(request: Request, limit: number): number | null {
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') return limit;
  if (request.headers['transfer-encoding'] !== undefined) return null;
  const length = Number(request.headers['content-length'] ?? NaN);
  // One that is too large is refused at once.
  return length <= limit ? length : 0;
}

/**
 * Calls back once more of a body has come than `size` bytes. The parser that reads it has to follow at once.
 * @returns ends the counting
 */
function onceLarger(request: Request, size: number, callback: () => void): () => void {
  let come = 0;
  const stop = () => request.off('data', count);
  const count = (chunk: Buffer) => {
    come += chunk.byteLength;
    if (come <= size) return;
    stop();
    callback();
  };
  request.on('data', count);
  return stop;
}

function tooBusy(): GatewayError {
  return new GatewayError({
    code: 'too_busy',
    message: 'Other large requests are being read',
    action: 'Send it again later, or the file by its address or as multipart/form-data, which does not wait',
    retryable: true,
  });
}
