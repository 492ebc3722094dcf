import type { IRouter } from 'express';

import type { KeyCheck } from '../border/api-key.ts';
import { sendBytes } from './answer.ts';
import { requireKey } from './auth.ts';
import { route } from './route.ts';

/** `GET /metrics` for Prometheus. It asks for the key itself: it lies outside `/api`, where Prometheus looks. */
export function metricsRoutes(router: IRouter, metrics: { text(): string }, checkKey: KeyCheck): void {
  router.use('/metrics', requireKey(checkKey));
  route(router, '/metrics', {
    get: (_request, response) =>
      sendBytes(response, 200, 'text/plain; version=0.0.4; charset=utf-8', Buffer.from(metrics.text())),
  });
}
