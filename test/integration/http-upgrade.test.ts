import { once } from 'node:events';
import { connect } from 'node:net';

import { expect, it } from 'vitest';

import { serve } from '../support/serve.ts';

it.each([
  [
    'HTTP/2, as Java and curl do',
    '/health',
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n',
  ],
  ['TLS', '/health', 'Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n'],
  ['a WebSocket where there is none', '/health', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'],
])('request that offers %s, is answered as if it did not', async (_, path, headers) => {
  await using gateway = await serve();
  const socket = connect(gateway.port, '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
  const answered = await Promise.race([once(socket, 'data'), once(socket, 'close')]);
  socket.destroy();
  expect(String(answered[0])).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});
