import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';

import fc from 'fast-check';
import request from 'supertest';
import { describe, expect, it } from 'vitest';

import { EVERY_STATUS, qrStatus } from '../support/fake-session.ts';
import { errorOf, KEY, serve, type Served } from '../support/serve.ts';

const PAIRING = '/api/whatsapp/pairing-code';
const POSTS = ['connect', 'disconnect', 'restart', 'logout', 'pairing-code'].map(
  (call) => `/api/whatsapp/${call}`,
);

describe('bodies', () => {
  it('malformed JSON, any command, answers 400 and does nothing', async () => {
    await using gateway = await serve();
    for (const path of POSTS) {
      for (const body of ['{', '{"phoneNumber":', 'null', '"text"', '42', '\u0000', '{"a":1}}', '[1,']) {
        const answer = await request(gateway.url)
          .post(path)
          .set('Content-Type', 'application/json')
          .send(body);
        expect([path, body, answer.status]).toEqual([path, body, 400]);
        expect(errorOf(answer).code).toBe('invalid_request');
      }
    }
    expect(gateway.session.calls).toEqual([]);
  });

  it('body over the limit, announced or streamed or packed, answers 413', async () => {
    await using gateway = await serve();
    const large = JSON.stringify({ phoneNumber: '4'.repeat(20_000) });
    const packed = gzipSync(JSON.stringify({ phoneNumber: '4'.repeat(5_000_000) }));
    const post = async (body: string | Blob | ReadableStream, headers: Record<string, string> = {}) =>
      await fetch(gateway.url + PAIRING, {
        method: 'POST',
        body,
        duplex: 'half',
        headers: { 'Content-Type': 'application/json', ...headers },
      });
    const answers = [
      await post(large),
      await post(new Blob([large]).stream()),
      await post(new Blob([packed]), { 'Content-Encoding': 'gzip' }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(413);
      expect(errorOf({ body: await answer.json() }).code).toBe('payload_too_large');
    }
  });

  it('body that is not declared as JSON, any command, answers 415 and says what to send', async () => {
    await using gateway = await serve();
    for (const path of POSTS) {
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        '',
      ]) {
        const answer = await fetch(gateway.url + path, {
          method: 'POST',
          body: Buffer.from('{"phoneNumber":"4915123456789"}'),
          headers: type === '' ? {} : { 'Content-Type': type },
        });
        expect([path, type, answer.status]).toEqual([path, type, 415]);
        const error = errorOf({ body: await answer.json() });
        expect(error.code).toBe('unsupported_media_type');
        expect(error.action).toContain('application/json');
      }
    }
    expect(gateway.session.calls).toEqual([]);
  });

  it('body in an unknown encoding or charset, sent, answers 415', async () => {
    await using gateway = await serve();
    for (const headers of [
      { 'Content-Encoding': 'rot13', 'Content-Type': 'application/json' },
      { 'Content-Type': 'application/json; charset=klingon' },
    ]) {
      const answer = await request(gateway.url)
        .post(PAIRING)
        .set(headers)
        .send('{"phoneNumber":"4915123456789"}');
      expect(answer.status).toBe(415);
      expect(errorOf(answer).code).toBe('unsupported_media_type');
    }
  });

  it('wrong types, sent to pairing-code, answer 400 and name the field', async () => {
    await using gateway = await serve();
    for (const phoneNumber of [
      undefined,
      null,
      4_915_123_456_789,
      true,
      [],
      {},
      '',
      '+',
      'call me',
      '12345',
      '0151 23456789',
      '1'.repeat(16),
      '+49151<script>',
      '٠١٢٣٤٥٦٧٨٩',
      '4915123456789@c.us',
      `49${' '.repeat(100)}15123456789`,
    ]) {
      const answer = await request(gateway.url).post(PAIRING).send({ phoneNumber });
      expect([phoneNumber, answer.status]).toEqual([phoneNumber, 400]);
      expect(errorOf(answer).message).toMatch(/^phoneNumber: expected a phone number with country code/);
    }
    const json = { 'Content-Type': 'application/json' };
    const list = await request(gateway.url).post(PAIRING).set(json).send('[]');
    const nothing = await request(gateway.url).post(PAIRING);
    for (const answer of [list, nothing]) {
      expect(answer.status).toBe(400);
      expect(errorOf(answer).message).toContain('expected an object {"phoneNumber"');
    }
    expect(gateway.session.calls).toEqual([]);
  });

  it('commands without a body, sent as curl sends them, are carried out', async () => {
    await using gateway = await serve();
    for (const headers of [
      {},
      { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': '0' },
      { 'Content-Type': 'application/json' },
    ] as Record<string, string>[]) {
      const answer = await request(gateway.url).post('/api/whatsapp/connect').set(headers);
      expect(answer.status).toBe(202);
    }
    const withObject = await request(gateway.url).post('/api/whatsapp/connect').send({});
    expect(withObject.status).toBe(202);
  });
});

describe('garbage', () => {
  const addresses = fc.oneof(
    fc.constantFrom(
      ...POSTS,
      '/api/whatsapp/status',
      '/api/whatsapp/qr',
      '/health',
      '/health/ready',
      '/',
      '/whatsapp',
    ),
    fc.webPath().map((path) => `/whatsapp/assets/${path}`),
    fc
      .array(
        fc.constantFrom(
          '..',
          '%2e%2e',
          '%2f',
          '%5c',
          '%00',
          '%',
          '%zz',
          '%c0%ae',
          '/',
          '//',
          'app.js',
          'etc',
          '~',
          ';',
          ' ',
        ),
        { maxLength: 12 },
      )
      .map((parts) => `/whatsapp/assets/${parts.join('')}`.replaceAll(' ', '+')),
    fc.webPath().map((path) => (path.startsWith('/') ? path : `/${path}`)),
  );
  const queries = fc.oneof(
    fc.constant(''),
    fc.webQueryParameters().map((query) => `?${query}`),
    fc.constantFrom('?format=png', '?format[__proto__]=1', '?__proto__=1', '?%', `?${'a=1&'.repeat(2_000)}`),
  );
  const headers = fc.dictionary(
    fc.constantFrom(
      'x-api-key',
      'authorization',
      'origin',
      'accept',
      'x-request-id',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
      'content-type',
      'content-encoding',
      'if-none-match',
      'if-match',
      'if-modified-since',
      'range',
      'accept-encoding',
      'accept-charset',
      'cookie',
      'access-control-request-method',
      'access-control-request-headers',
    ),
    fc.oneof(
      fc.string({
        unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
        maxLength: 60,
      }),
      fc.constantFrom(
        'application/json',
        'application/json;charset=utf-16',
        '*/*',
        ';q=',
        'bytes=0-,5-1',
        '"',
        'null',
        'http://[',
        'gzip',
      ),
    ),
    { maxKeys: 5 },
  );
  const bodies = fc.oneof(
    fc.constant(''),
    fc.json().map((json) => json),
    fc.object({ maxDepth: 5 }).map((value) => JSON.stringify({ ...value, phoneNumber: value })),
    fc.string().map((phoneNumber) => JSON.stringify({ phoneNumber })),
    fc.uint8Array({ maxLength: 200 }),
    fc.constantFrom(
      '{"__proto__":{"phoneNumber":"4915123456789"}}',
      '{"constructor":{"prototype":{"isReady":true}}}',
      `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
      '{"phoneNumber":"4915123456789","phoneNumber":{}}',
    ),
  );
  const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND');

  const fuzz = async (gateway: Served, runs: number) => {
    await fc.assert(
      fc.asyncProperty(
        methods,
        addresses,
        queries,
        headers,
        bodies,
        async (method, path, query, given, body) => {
          const bodyless = method === 'GET' || method === 'HEAD';
          const answer = await fetch(gateway.url + path + query, {
            method,
            headers: Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value.trim()])),
            redirect: 'manual',
            ...(bodyless ? {} : { body: typeof body === 'string' ? body : Buffer.from(body) }),
          });
          const text = await answer.text();
          // 503 is the right answer of one address and of no other.
          if (!new URL(answer.url).pathname.startsWith('/health/ready'))
            expect(answer.status).toBeLessThan(500);
          expect(text).not.toMatch(/node_modules|\bat .+:\d+:\d+|not served|root:x:/);
          if (answer.status >= 400 && answer.status !== 503 && method !== 'HEAD')
            errorOf({ body: JSON.parse(text) });
          expect(answer.headers.get('x-request-id')).toBeTruthy();
        },
      ),
      { numRuns: runs },
    );
  };

  it('anything at all, sent to any address, is answered below 500 in the error form and leaks nothing', async () => {
    await using gateway = await serve({ corsOrigins: ['https://app.example.org'], trustProxy: true });
    gateway.session.become(qrStatus(1));
    await fuzz(gateway, 600);
    expect(await (await fetch(`${gateway.url}/health`)).json()).toMatchObject({ status: 'ok' });
    expect(gateway.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('anything at all, sent without the key, carries nothing out', async () => {
    await using gateway = await serve({ apiKey: KEY });
    for (const status of EVERY_STATUS) {
      gateway.session.become(status);
      await fuzz(gateway, 60);
    }
    expect(gateway.session.calls).toEqual([]);
  });

  it('bytes that are no HTTP, sent to the port, close the connection and nothing else', async () => {
    await using gateway = await serve();
    for (const bytes of [
      Buffer.from('\u0016\u0003\u0001\u0002\u0000\u0001'),
      Buffer.from('GET / HTTP/9.9\r\n\r\n'),
      Buffer.from('GET  HTTP/1.1\r\n\r\n'),
      Buffer.from(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(100_000)}\r\n\r\n`),
      Buffer.from(
        'POST /api/whatsapp/logout HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
      ),
      Buffer.from(
        'POST /api/whatsapp/connect HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      ),
      Buffer.from('GET http://[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
      Buffer.from('GET //evil.example/%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
      Buffer.from('OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
      Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
      Buffer.from('CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n'),
    ]) {
      const socket = connect(gateway.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.end(bytes);
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
      await new Promise((closed) => socket.once('close', closed));
      expect(answer).not.toMatch(/^HTTP\/1\.1 5|node_modules/);
    }
    expect(gateway.session.calls).not.toContain('logout');
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
  });

  it('a caller that hangs up in the middle of its body, many times, leaves no error behind', async () => {
    await using gateway = await serve();
    for (let round = 0; round < 20; round += 1) {
      const socket = connect(gateway.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(
        `POST ${PAIRING} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"pho`,
      );
      socket.resetAndDestroy();
    }
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
    expect(gateway.log.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
