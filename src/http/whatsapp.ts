import type { IRouter, RequestHandler } from 'express';

import type { KeyCheck } from '../border/api-key.ts';
import { pairingRequest, validate } from '../border/validate.ts';
import type { Logger } from '../log.ts';
import type { SessionControl } from '../session/control.ts';
import { redacted, sendJson, sendStatus } from './answer.ts';
import { hasValidKey, requireKey } from './auth.ts';
import { jsonBody } from './json-body.ts';
import { sendQr } from './qr.ts';
import { logFields } from './request-id.ts';
import { route } from './route.ts';

/** Far above what any call needs: a phone number. */
const BODY_LIMIT = 16 * 1024;

/** The session under `/api/whatsapp`. */
export function whatsappRoutes(
  router: IRouter,
  options: { session: SessionControl; checkKey: KeyCheck; log: Logger },
): void {
  const { session, checkKey, log } = options;

  // 200 in every state and for everybody, so that monitoring and curl keep working; the key decides how much.
  route(router, '/api/whatsapp/status', {
    get: (request, response) => {
      const status = session.status();
      sendStatus(response, 200, hasValidKey(request, checkKey) ? status : redacted(status));
    },
  });

  router.use('/api', requireKey(checkKey), logCommands(log), jsonBody(BODY_LIMIT));

  route(router, '/api/whatsapp/qr', { get: (request, response) => sendQr(request, response, session) });
  route(router, '/api/whatsapp/connect', {
    post: (_request, response) => sendStatus(response, 202, session.connect()),
  });
  route(router, '/api/whatsapp/disconnect', {
    post: async (_request, response) => sendStatus(response, 200, await session.disconnect()),
  });
  route(router, '/api/whatsapp/restart', {
    post: (_request, response) => sendStatus(response, 202, session.restart()),
  });
  route(router, '/api/whatsapp/logout', {
    post: async (_request, response) => {
      const { status, unlinkConfirmed } = await session.logout();
      sendJson(response, 200, { ...status, unlinkConfirmed });
    },
  });
  route(router, '/api/whatsapp/pairing-code', {
    post: async (request, response) => {
      const { phoneNumber } = validate(pairingRequest, request.body);
      const { code, expiresAt } = await session.requestPairingCode(phoneNumber);
      sendJson(response, 200, { success: true, code, expiresAt });
    },
  });
}

/** Who did what, when: the question after every surprise. */
function logCommands(log: Logger): RequestHandler {
  return (request, response, next) => {
    if (!['GET', 'HEAD', 'OPTIONS'].includes(request.method)) {
      log.info({ ...logFields(request, response), ip: request.ip }, '[HTTP] command');
    }
    next();
  };
}
