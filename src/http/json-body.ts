import express, { type RequestHandler } from 'express';

import { GatewayError } from '../errors.ts';

/**
 * Reads a JSON body, if there is one. Malformed, too large, or not JSON at all: the error handler answers.
 * @param limit in bytes, of the unpacked body
 */
export function jsonBody(limit: number): RequestHandler[] {
  return [refuseOtherTypes, express.json({ limit, type: 'application/json' })];
}

const refuseOtherTypes: RequestHandler = (request, _response, next) => {
  const { headers } = request;
  const empty = headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0';
  if (empty || request.is('application/json') !== false) {
    next();
    return;
  }
  next(
    new GatewayError({
      code: 'unsupported_media_type',
      message: 'The body of the request is not declared as JSON',
      action: 'Send it with the header Content-Type: application/json',
    }),
  );
};
