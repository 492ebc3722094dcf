import { randomUUID } from 'node:crypto';

import type { Request, RequestHandler, Response } from 'express';

/** What is echoed: long enough for trace ids, and nothing that could break a log line or a header. */
const SANE = /^[\w.:/+=-]{1,128}$/;

/** Gives each request an id, the caller's own when it is sane, and answers with it in `X-Request-Id`. */
export const requestId: RequestHandler = (request, response, next) => {
  const given = request.headers['x-request-id'];
  response.setHeader('X-Request-Id', typeof given === 'string' && SANE.test(given) ? given : randomUUID());
  next();
};

export function requestIdOf(response: Response): string {
  return String(response.getHeader('X-Request-Id'));
}

/** The words of an address, and the gateway's own ids. What else stands there is a phone number or a chat as a rule. */
const PLAIN = /^(?:[a-z][a-z_.-]*|(?:msg|wh)_[0-9a-z]{26})?$/;

/** What a log line says of a request: nothing that a caller could have put a key, a QR or a number into. */
export function logFields(request: Request, response: Response): object {
  // The query is left out. Inside a router `request.path` lacks the router's own part.
  const [path = ''] = request.originalUrl.split('?', 1);
  const shown = path
    .slice(0, 200)
    .split('/')
    .map((part) => (PLAIN.test(part) ? part : '*'))
    .join('/');
  return { requestId: requestIdOf(response), method: request.method, path: shown };
}
