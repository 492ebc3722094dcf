import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { systemClock } from '../../src/clock.ts';
import { createApp } from '../../src/http/app.ts';
import { InboundMedia } from '../../src/media/inbound.ts';
import { MediaIntake } from '../../src/media/intake.ts';
import { storageError } from '../../src/store/errors.ts';
import { postWithFetch } from '../../src/webhooks/post.ts';
import { DEFAULT_RETRY } from '../../src/webhooks/retry.ts';
import { Webhooks } from '../../src/webhooks/webhooks.ts';
import { WwebjsActions } from '../../src/whatsapp/wwebjs-actions.ts';
import { WwebjsChats } from '../../src/whatsapp/wwebjs-chats.ts';
import { WwebjsContacts } from '../../src/whatsapp/wwebjs-contacts.ts';
import { WwebjsGroups } from '../../src/whatsapp/wwebjs-groups.ts';
import { FakeSession } from './fake-session.ts';
import { silent, startMessaging } from './messaging.ts';
import { PUBLIC_DIR } from './page-server.ts';
import { routesOf, type Route } from './routes.ts';
import { tempFolder } from './temp-folder.ts';

/** The border over the real core, with WhatsApp away. @returns its base URL */
export async function serveUnlinked(): Promise<string> {
  return (await serveUnlinkedApp()).base;
}

/** The same, with the routes that its app answers and the folder that it keeps its data in. */
export async function serveUnlinkedApp(): Promise<{ base: string; routes: Route[]; folder: string }> {
  const folder = tempFolder();
  const core = startMessaging(folder, { clock: systemClock });
  const webhooks = new Webhooks({
    rows: core.store.webhooks,
    transactions: core.store.transactions,
    journal: core.journal,
    post: postWithFetch,
    clock: systemClock,
    random: Math.random,
    log: silent,
    retry: DEFAULT_RETRY,
    version: '0',
  });
  await webhooks.start(null);
  const actions = new WwebjsActions(() => null);
  const app = createApp({
    session: new FakeSession(),
    apiKey: undefined,
    corsOrigins: [],
    trustProxy: false,
    log: silent,
    version: '0',
    publicDir: PUBLIC_DIR,
    metrics: { text: () => '' },
    messaging: {
      messages: {
        outbox: core.outbox,
        numbers: core.numbers,
        intake: new MediaIntake(core.store.outgoingMedia, {
          maxBytes: 10_000,
          allow: [],
          isNeeded: (sha256) => core.store.outbox.needsMedia(sha256),
        }),
        isConnected: () => false,
        actions,
        inbound: new InboundMedia(
          join(folder, 'inbound'),
          (id, max) => actions.download(id, max),
          storageError,
          1_000_000,
        ),
      },
      chats: new WwebjsChats(
        () => null,
        () => null,
      ),
      contacts: new WwebjsContacts(() => null),
      groups: new WwebjsGroups(() => null),
      journal: core.journal,
      clock: systemClock,
      webhooks,
    },
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await webhooks.stop();
  });
  const { port } = server.address() as AddressInfo;
  return { base: `http://127.0.0.1:${port}`, routes: routesOf(app), folder };
}
