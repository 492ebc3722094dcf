import cors from 'cors';
import type { RequestHandler } from 'express';

import type { OriginCheck } from '../border/origins.ts';
import { GatewayError } from '../errors.ts';

/** Answers browsers of the listed origins as CORS wants it. No credentials: the gateway knows no cookies. */
export function crossOrigin(origins: readonly string[]): RequestHandler {
  const answer = cors({
    origin: [...origins],
    credentials: false,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'Content-Type',
      'X-Api-Key',
      'Authorization',
      'X-Request-Id',
      'Idempotency-Key',
      'Range',
      'If-None-Match',
    ],
    exposedHeaders: [
      'X-Request-Id',
      'Location',
      'Retry-After',
      'Idempotency-Replayed',
      'Content-Disposition',
      'Content-Range',
    ],
    maxAge: 600,
  });
  return (request, response, next) => {
    response.vary('Origin');
    const { headers, method } = request;
    if (headers.origin === undefined) next();
    // An OPTIONS that is no preflight asks for the methods of the path: the path answers.
    else if (method === 'OPTIONS' && headers['access-control-request-method'] === undefined) next();
    else answer(request, response, next);
  };
}

/** Refuses what would change something when a foreign page asks for it. */
export function refuseForeignPages(check: OriginCheck): RequestHandler {
  return (request, _response, next) => {
    const { method, headers } = request;
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || check(headers)) next();
    else {
      next(
        new GatewayError({
          code: 'forbidden_origin',
          message: 'A page of another origin may not do this',
          action:
            'Add the origin of the page to CORS_ORIGINS; behind a reverse proxy that changes the Host header, set TRUST_PROXY',
        }),
      );
    }
  };
}
