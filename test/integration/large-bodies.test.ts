import { once } from 'node:events';
import { Agent, createServer, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';

import express, { type Request, type Response } from 'express';
import { expect, onTestFinished, test } from 'vitest';

import { errorHandler } from '../../src/http/error-handler.ts';
import {
  bodyIsDone,
  bodyIsRead,
  limitLargeBodies,
  type LargeBodyLimits,
} from '../../src/http/large-bodies.ts';
import { eventually } from '../support/eventually.ts';
import { silent } from '../support/messaging.ts';

const LIMITS = { limit: 10_000, largerThan: 100, together: 2_000, waitMs: 60_000, silentMs: 60_000 };

/** A server that keeps every answer back. */
async function serve(limits: LargeBodyLimits = LIMITS) {
  const reached: { body: string; request: Request; response: Response }[] = [];
  let come = 0;
  let gone = 0;
  const app = express();
  app.use((_request, response, next) => {
    come += 1;
    response.on('close', () => (gone += 1));
    next();
  });
  app.use(limitLargeBodies(limits));
  app.use(express.text({ limit: limits.limit, type: () => true, verify: bodyIsRead }));
  app.use((incoming, response) => {
    reached.push({ body: String(incoming.body), request: incoming, response });
  });
  app.use(errorHandler(silent));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const post = (size: number, headers: Record<string, string> = {}, agent?: Agent): ClientRequest => {
    const sending = request({ port, host: '127.0.0.1', method: 'POST', headers, agent });
    sending.on('error', () => undefined);
    if (headers['transfer-encoding'] === undefined) sending.setHeader('content-length', size);
    return sending;
  };
  const send = (letter: string, size: number, headers: Record<string, string> = {}): ClientRequest => {
    const sending = post(size, headers);
    sending.end(letter.repeat(size));
    return sending;
  };
  return {
    server,
    post,
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
  bodyIsDone(reached[0]!.request, reached[0]!.response);
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

const CHUNKED = { 'transfer-encoding': 'chunked' };

test('a body that does not say how large it is, waits once it has turned out to be large', async () => {
  const { post, send, reached, letters, come } = await serve();
  send('a', 1_000);
  await eventually(letters).toBe('a');
  send('s', 50, CHUNKED);
  await eventually(letters).toBe('as');
  const unknown = post(NaN, CHUNKED);
  unknown.write('b'.repeat(90));
  await eventually(come).toBe(3);
  unknown.end('b'.repeat(1_410));
  // Slow ones keep nobody out that is small.
  post(NaN, CHUNKED).write('x');
  send('t', 50, CHUNKED);
  await eventually(letters).toBe('ast');
  reached[0]!.response.end();
  await eventually(letters).toBe('abst');
  // Read, it takes what it is, although it has not been answered.
  send('c', 400);
  await eventually(letters).toBe('abcst');
  send('d', 200);
  send('u', 50);
  await eventually(letters).toBe('abcstu');
});

test('a large body whose sender falls silent, given up for those who wait for it', async () => {
  const { post, send, letters, come, gone } = await serve({ ...LIMITS, silentMs: 300 });
  post(1_900).write('a');
  await eventually(come).toBe(1);
  send('b', 1_900);
  await eventually(letters).toBe('b');
  expect(gone()).toBe(1);
});

test('a body that has waited too long, refused, and the next one read', async () => {
  const { send, post, reached, come, letters } = await serve({ ...LIMITS, waitMs: 50 });
  const slow = post(1_900);
  slow.write('b');
  await eventually(come).toBe(1);
  const [refused] = (await once(send('c', 1_900), 'response')) as [IncomingMessage];
  expect(refused.statusCode).toBe(429);
  expect(refused.headers['retry-after']).toBe('1');
  slow.end('b'.repeat(1_899));
  await eventually(letters).toBe('b');
  reached[0]!.response.end();
  send('d', 1_900);
  await eventually(letters).toBe('bd');
});

test('a body that is larger than any may be, refused at once', async () => {
  const { send, letters } = await serve();
  send('a', 1_900);
  await eventually(letters).toBe('a');
  const [refused] = (await once(send('b', 10_001), 'response')) as [IncomingMessage];
  expect(refused.statusCode).toBe(413);
});

test('a body that goes on coming after it was refused unread, takes no room', async () => {
  const { post, send, letters } = await serve();
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const refused = post(NaN, { ...CHUNKED, 'content-type': 'text/plain; charset=nope' }, agent);
  refused.write('r'.repeat(50));
  const [answer] = (await once(refused, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(415);
  answer.resume();
  for (let n = 0; n < 10; n += 1) refused.write('r'.repeat(500));
  refused.end();
  await once(agent, 'free');
  send('a', 1_900);
  await eventually(letters).toBe('a');
});

test('an answered request that keeps its connection, does not keep it for ever', async () => {
  const { server, reached, letters } = await serve();
  server.keepAliveTimeout = 50;
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1900\r\n\r\n${'a'.repeat(1_900)}`);
  socket.resume();
  await eventually(letters).toBe('a');
  const closed = once(socket, 'close');
  reached[0]!.response.end();
  await closed;
});

test('a body that is needed no more, let go', async () => {
  const { send, reached, letters } = await serve();
  send('a', 1_000);
  await eventually(letters).toBe('a');
  const [{ request: read, response }] = reached as [(typeof reached)[0]];
  bodyIsDone(read, response);
  expect(read.body).toBeUndefined();
});
