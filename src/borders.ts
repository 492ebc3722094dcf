import type { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { createApp, type MessagingBorder } from './http/app.ts';
import type { LateMessaging } from './late-messaging.ts';
import type { Logger } from './log.ts';
import type { MessageActions } from './messages/actions.ts';
import type { Metrics } from './metrics/metrics.ts';
import { createRealtime, type Realtime } from './realtime/server.ts';
import type { SessionControl } from './session/control.ts';
import type { CurrentClient } from './whatsapp/current-client.ts';
import { WwebjsChats } from './whatsapp/wwebjs-chats.ts';
import { WwebjsContacts } from './whatsapp/wwebjs-contacts.ts';
import { WwebjsGroups } from './whatsapp/wwebjs-groups.ts';

export interface BordersOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly version: string;
  readonly session: SessionControl;
  readonly metrics: Metrics;
  readonly messaging: LateMessaging;
  readonly client: CurrentClient;
  readonly actions: MessageActions;
}

/**
 * Builds what the gateway is spoken to through, REST, the page, metrics and Socket.IO, and has it answer on a server.
 * The HTTP side needs no end of its own.
 * @param server has no listeners of its own yet
 */
export function openBorders(server: Server, options: BordersOptions): Realtime {
  const { config, log, version, session, metrics, messaging, client, actions } = options;
  const shared = {
    session,
    apiKey: config.apiKey,
    corsOrigins: config.corsOrigins,
    trustProxy: config.trustProxy,
  };
  const app = createApp({
    ...shared,
    log: log.child({ part: 'http' }),
    version,
    publicDir: fileURLToPath(new URL('ui/public', import.meta.url)),
    metrics,
    messaging: borderOf(messaging, client, actions),
  });
  server.on('request', app);
  return createRealtime({
    ...shared,
    httpServer: server,
    journal: { now: () => messaging.current.journal, onOpen: (wake) => messaging.onOpen(wake) },
    log: log.child({ part: 'socket' }),
  });
}

/** What REST uses of messaging: looked up with every request, so that one that comes too early is told why. */
function borderOf(messaging: LateMessaging, client: CurrentClient, actions: MessageActions): MessagingBorder {
  return {
    messages: {
      get outbox() {
        return messaging.current.messages.outbox;
      },
      get numbers() {
        return messaging.current.messages.numbers;
      },
      get intake() {
        return messaging.current.intake;
      },
      get inbound() {
        return messaging.current.inbound;
      },
      actions,
      isConnected: () => client.usable !== null,
    },
    chats: new WwebjsChats(
      () => client.usable,
      (waId) => messaging.current.outboxIdOf(waId),
    ),
    contacts: new WwebjsContacts(() => client.usable),
    groups: new WwebjsGroups(() => client.usable),
    get journal() {
      return messaging.current.journal;
    },
    get webhooks() {
      return messaging.current.webhooks;
    },
    clock: systemClock,
  };
}
