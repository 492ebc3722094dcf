import type { Request, RequestHandler } from 'express';

import { unauthorized, type KeyCheck } from '../border/api-key.ts';

/** Whether a request carries a valid key in `X-Api-Key` or `Authorization: Bearer`. */
export function hasValidKey(request: Request, check: KeyCheck): boolean {
  return check(request.headers['x-api-key']) || check(bearerOf(request.headers.authorization));
}

/** Lets through who has the key. `OPTIONS` shows nothing and changes nothing, and browsers send it without the key. */
export function requireKey(check: KeyCheck): RequestHandler {
  return (request, response, next) => {
    if (request.method === 'OPTIONS' || hasValidKey(request, check)) {
      next();
      return;
    }
    response.setHeader('WWW-Authenticate', 'Bearer realm="whatsapp-gateway"');
    next(unauthorized('in the header X-Api-Key, or as Authorization: Bearer'));
  };
}

function bearerOf(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}
