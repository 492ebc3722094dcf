import express, { type Express } from 'express';

import { keyCheck } from '../border/api-key.ts';
import { originCheck } from '../border/origins.ts';
import type { Clock } from '../clock.ts';
import type { Secret } from '../config.ts';
import type { Journal } from '../events/journal.ts';
import type { Logger } from '../log.ts';
import type { Chats } from '../messages/chats.ts';
import type { Contacts } from '../messages/contacts.ts';
import type { Groups } from '../messages/groups.ts';
import type { SessionControl } from '../session/control.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { chatRoutes } from './chats.ts';
import { contactRoutes } from './contacts.ts';
import { docsRoutes } from './docs.ts';
import { eventRoutes } from './events.ts';
import { errorHandler, notFound } from './error-handler.ts';
import { groupPictureBody, groupRoutes } from './groups.ts';
import { securityHeaders } from './headers.ts';
import { healthRoutes } from './health.ts';
import { limitLargeBodies, type LargeBodyLimits } from './large-bodies.ts';
import { messageActionRoutes, type MessageActionRoutesOptions } from './message-actions.ts';
import { JSON_BODY_LIMIT, messageRoutes, type MessageRoutesOptions } from './messages.ts';
import { metricsRoutes } from './metrics.ts';
import { crossOrigin, refuseForeignPages } from './origins.ts';
import { pageRoutes } from './page.ts';
import { requestId } from './request-id.ts';
import { webhookRoutes } from './webhooks.ts';
import { whatsappRoutes } from './whatsapp.ts';

export interface AppOptions {
  readonly session: SessionControl;
  /** Undefined: everybody who reaches the port may do everything. */
  readonly apiKey: Secret | undefined;
  /** Origins whose pages may call the gateway, besides its own. */
  readonly corsOrigins: readonly string[];
  /** Express's `trust proxy`. */
  readonly trustProxy: boolean | number | string;
  readonly log: Logger;
  readonly version: string;
  /** The page's files: `index.html` and `assets/`. */
  readonly publicDir: string;
  /** What `GET /metrics` answers; left out, there is no such address. */
  readonly metrics?: { text(): string };
  /** Messages, events and webhooks; left out, the app serves the session alone. */
  readonly messaging?: MessagingBorder;
}

/** What the app uses of messages, events and webhooks. A part that is not there yet throws when it is asked for. */
export interface MessagingBorder {
  readonly messages: MessageRoutesOptions & MessageActionRoutesOptions;
  readonly chats: Chats;
  readonly contacts: Contacts;
  readonly groups: Groups;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly webhooks: Webhooks;
}

/** A NAS has little memory; a body that is text takes several times its size while it is parsed. */
const LARGE_BODIES: LargeBodyLimits = {
  limit: JSON_BODY_LIMIT,
  largerThan: 1024 * 1024,
  together: JSON_BODY_LIMIT,
  waitMs: 30_000,
  silentMs: 20_000,
};

/** Builds the REST interface and the page's static files. It listens nowhere yet and starts nothing. */
export function createApp(options: AppOptions): Express {
  const { session, corsOrigins, trustProxy, log, messaging } = options;
  const checkKey = keyCheck(options.apiKey);

  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', trustProxy);

  app.use(requestId, securityHeaders());
  if (corsOrigins.length > 0) app.use(crossOrigin(corsOrigins));
  app.use(refuseForeignPages(originCheck({ allowed: corsOrigins, trustProxy })));

  if (messaging !== undefined) {
    const largeBodies = limitLargeBodies(LARGE_BODIES);
    messageRoutes(app, messaging.messages, checkKey, largeBodies);
    groupPictureBody(app, checkKey, largeBodies);
  }
  docsRoutes(app, options);
  whatsappRoutes(app, { session, checkKey, log });
  if (messaging !== undefined) {
    messageActionRoutes(app, messaging.messages);
    chatRoutes(app, messaging.chats);
    contactRoutes(app, messaging);
    groupRoutes(app, messaging);
    eventRoutes(app, messaging);
    webhookRoutes(app, messaging);
  }
  if (options.metrics !== undefined) metricsRoutes(app, options.metrics, checkKey);
  healthRoutes(app, { session, version: options.version });
  pageRoutes(app, options.publicDir);

  app.use(notFound, errorHandler(log));
  return app;
}
