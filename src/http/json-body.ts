import express, { type RequestHandler } from 'express';

import { GatewayError } from '../errors.ts';
import { bodyIsRead } from './large-bodies.ts';

/**
 * Reads a JSON body, if there is one. Malformed, too large, or not JSON at all: the error handler answers.
 * @param limit in bytes, of the unpacked body
 * @param before what a body that will be read has to pass first
 */
export function jsonBody(limit: number, ...before: RequestHandler[]): RequestHandler[] {
  const parser = express.json({ limit, type: 'application/json', verify: bodyIsRead });
  return [refuseOtherTypes, ...before, parser];
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
