import type { IRouter } from 'express';

import type { SessionControl } from '../session/control.ts';
import { redacted, sendJson, sendStatus } from './answer.ts';
import { route } from './route.ts';

/**
 * `/health` is for whoever restarts the process: 200 while it serves, whatever WhatsApp does, because a
 * restart heals nothing there. `/health/ready` is for whoever routes traffic. Both need no key and show nothing
 * that needs one.
 */
export function healthRoutes(router: IRouter, options: { session: SessionControl; version: string }): void {
  const { session, version } = options;
  route(router, '/health', {
    get: (_request, response) => {
      const uptime = Math.floor(process.uptime());
      sendJson(response, 200, { status: 'ok', version, uptime, whatsapp: session.status().status });
    },
  });
  route(router, '/health/ready', {
    get: (_request, response) => {
      const status = session.status();
      sendStatus(response, status.isReady ? 200 : 503, redacted(status));
    },
  });
}
