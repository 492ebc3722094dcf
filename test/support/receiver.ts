import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { onTestFinished } from 'vitest';

import type { JournalEvent } from '../../src/events/event.ts';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly event: JournalEvent;
}

/** A webhook receiver on a real socket. `answer` decides what it says; by default 204. */
export async function startReceiver(
  answer: (received: Received, response: ServerResponse, request: IncomingMessage) => void = (
    _received,
    response,
  ) => response.writeHead(204).end(),
) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const entry = { headers: request.headers, body, event: JSON.parse(body) as JournalEvent };
      received.push(entry);
      answer(entry, response, request);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onTestFinished(stop);
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/hook`, received, port, stop };
}
