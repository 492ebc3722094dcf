import { createServer, request, type ClientRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

import express, { type Response } from 'express';
import { onTestFinished, test } from 'vitest';

import { bodyIsDone, limitLargeBodies } from '../../src/http/large-bodies.ts';
import { eventually } from '../support/eventually.ts';

const LIMITS = { limit: 10_000, largerThan: 100, together: 2_000 };

/** A server that keeps every answer back. */
async function serve() {
  const reached: { body: string; response: Response }[] = [];
  let come = 0;
  let gone = 0;
  const app = express();
  app.use((_request, response, next) => {
    come += 1;
    response.on('close', () => (gone += 1));
    next();
  });
  app.use(limitLargeBodies(LIMITS), express.text({ limit: LIMITS.limit, type: () => true }));
  app.use((incoming, response) => {
    reached.push({ body: String(incoming.body), response });
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const send = (letter: string, size: number, headers: Record<string, string> = {}): ClientRequest => {
    const sending = request({ port, host: '127.0.0.1', method: 'POST', headers: { ...headers } });
    sending.on('error', () => undefined);
    if (headers['transfer-encoding'] === undefined) sending.setHeader('content-length', size);
    sending.end(letter.repeat(size));
    return sending;
  };
  return {
    send,
    reached,
    come: () => come,
    gone: () => gone,
    letters: () =>
      reached
        .map(({ body }) => body.charAt(0))
        .sort()
        .join(''),
  };
}

test('large bodies beyond what fits together, wait in their order; small ones pass', async () => {
  const { send, reached, come, letters } = await serve();
  for (const letter of 'ab') send(letter, 1_000);
  await eventually(letters).toBe('ab');
  for (const [index, letter] of ['c', 'd'].entries()) {
    send(letter, 1_500);
    await eventually(come).toBe(3 + index);
  }
  send('s', 50);
  await eventually(letters).toBe('abs');
  reached[0]!.response.end();
  send('t', 50);
  await eventually(letters).toBe('abst');
  reached[1]!.response.end();
  await eventually(letters).toBe('abcst');
  reached.find(({ body }) => body.startsWith('c'))!.response.end();
  await eventually(letters).toBe('abcdst');
});

test('a body larger than all that fits together, read when no other is', async () => {
  const { send, reached, letters } = await serve();
  send('a', 1_000);
  await eventually(letters).toBe('a');
  send('b', 9_000);
  send('s', 50);
  await eventually(letters).toBe('as');
  bodyIsDone(reached[0]!.response);
  await eventually(letters).toBe('abs');
});

test('callers who go away, waiting or not, give back their room once', async () => {
  const { send, come, gone, letters } = await serve();
  const a = send('a', 1_900);
  await eventually(come).toBe(1);
  const b = send('b', 1_900);
  await eventually(come).toBe(2);
  await eventually(letters).toBe('a');
  b.destroy();
  await eventually(gone).toBe(1);
  const c = send('c', 1_900);
  a.destroy();
  await eventually(letters).toBe('ac');
  c.destroy();
  send('d', 1_000);
  send('e', 1_000);
  await eventually(letters).toBe('acde');
});

test('a body that does not say how large it is, counted as the largest', async () => {
  const { send, reached, letters } = await serve();
  send('a', 1_000);
  await eventually(letters).toBe('a');
  send('b', 10, { 'transfer-encoding': 'chunked' });
  send('s', 50);
  await eventually(letters).toBe('as');
  reached[0]!.response.end();
  await eventually(letters).toBe('abs');
});
