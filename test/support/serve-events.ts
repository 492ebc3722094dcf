import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { onTestFinished } from 'vitest';

import type { Journal } from '../../src/events/journal.ts';
import { createRealtime } from '../../src/realtime/server.ts';
import { FakeSession } from './fake-session.ts';
import { silent } from './messaging.ts';

/** Socket.IO over a journal, on a real port, until the test ends. @returns its address */
export async function serveEvents(journal: Journal): Promise<string> {
  const server = createServer();
  const realtime = createRealtime({
    session: new FakeSession(),
    apiKey: undefined,
    corsOrigins: [],
    trustProxy: false,
    httpServer: server,
    journal: { now: () => journal, onOpen: () => () => undefined },
    log: silent,
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(async () => {
    await realtime.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
