import type { ErrorRequestHandler, RequestHandler } from 'express';

import { errorBody } from '../border/error-body.ts';
import { refusalLog } from '../border/refusal-log.ts';
import { systemClock } from '../clock.ts';
import { GatewayError, httpStatusOf, type ErrorCode } from '../errors.ts';
import type { Logger } from '../log.ts';
import { sendJson } from './answer.ts';
import { logFields, requestIdOf } from './request-id.ts';

/** The last handler: no route knew the path. */
export const notFound: RequestHandler = (_request, _response, next) => {
  next(
    new GatewayError({
      code: 'not_found',
      message: 'There is nothing at this address',
      action:
        'GET /api/whatsapp/status tells the state, GET /whatsapp is the page; docs/api.md lists the rest',
    }),
  );
};

/** Answers every error in one form; logs those that are the gateway's own fault. */
export function errorHandler(log: Logger): ErrorRequestHandler {
  const refused = refusalLog(log, systemClock, 'request without a valid API key');
  // Express knows an error handler by its four parameters.
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  return (thrown: unknown, request, response, _next) => {
    const error = foreseen(thrown);
    const body = errorBody(error);
    const status = httpStatusOf(body.code);
    const fields = { ...logFields(request, response), code: body.code, status };
    if (body.code === 'internal') log.error({ ...fields, err: thrown }, 'request failed');
    else if (body.code === 'unauthorized') refused(fields);
    else log.debug(fields, 'request refused');
    if (response.headersSent) {
      // The rest of the answer cannot be told any more; a cut connection at least does not look complete.
      request.socket.destroy();
      return;
    }
    sendJson(response, status, { success: false, error: { ...body, requestId: requestIdOf(response) } });
  };
}

/** Express and its body parser throw errors with an HTTP status of their own: those become the gateway's codes. */
function foreseen(thrown: unknown): unknown {
  if (thrown instanceof GatewayError || !(thrown instanceof Error)) return thrown;
  const status = 'status' in thrown ? thrown.status : undefined;
  if (typeof status !== 'number' || status < 400 || status > 499) return thrown;
  const [code, message] = REFUSALS[status] ?? REFUSALS[400];
  return new GatewayError({ code, message, cause: thrown });
}

const REFUSALS: Readonly<Record<number, readonly [ErrorCode, string]>> & {
  readonly 400: readonly [ErrorCode, string];
} = {
  400: ['invalid_request', 'The request is malformed; its body, if it has one, must be valid JSON'],
  403: ['not_found', 'There is nothing at this address'],
  404: ['not_found', 'There is nothing at this address'],
  412: ['precondition_failed', 'A condition of the request (If-Match, If-Unmodified-Since) does not hold'],
  413: ['payload_too_large', 'The body of the request is too large'],
  415: ['unsupported_media_type', 'The body of the request has an encoding that the gateway does not read'],
  416: ['range_not_satisfiable', 'The file has no such range; Content-Range says how long it is'],
};
