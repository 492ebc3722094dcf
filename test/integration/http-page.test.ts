import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';

import request from 'supertest';
import { describe, expect, it } from 'vitest';

import { errorOf, serve } from '../support/serve.ts';

describe('the page', () => {
  it('/, asked for, leads to the page', async () => {
    await using gateway = await serve();
    const answer = await request(gateway.url).get('/');
    expect(answer.status).toBe(302);
    expect(answer.headers['location']).toBe('/whatsapp');
  });

  it('/whatsapp, asked for, is the page, and is asked for again each time', async () => {
    await using gateway = await serve();
    for (const path of ['/whatsapp', '/whatsapp/']) {
      const answer = await request(gateway.url).get(path);
      expect(answer.status).toBe(200);
      expect(answer.type).toBe('text/html');
      expect(answer.text).toContain('<title>page</title>');
      expect(answer.headers['cache-control']).toBe('no-cache');
    }
  });

  it('page and files, unchanged, are answered 304', async () => {
    await using gateway = await serve();
    for (const path of ['/whatsapp', '/whatsapp/assets/app.js', '/whatsapp/assets/socket.io.esm.min.js']) {
      const first = await request(gateway.url).get(path);
      expect(first.headers['etag']).toBeDefined();
      expect(first.headers['cache-control']).toBe('no-cache');
      const second = await request(gateway.url).get(path).set('If-None-Match', first.headers['etag']!);
      expect(second.status).toBe(304);
    }
  });

  it("the page's Socket.IO client, asked for, is the one of the server's own version", async () => {
    await using gateway = await serve();
    const answer = await request(gateway.url).get('/whatsapp/assets/socket.io.esm.min.js').buffer(true);
    expect(answer.status).toBe(200);
    expect(answer.type).toBe('text/javascript');
    const manifest = JSON.parse(await readFile('node_modules/socket.io/package.json', 'utf8')) as {
      version: string;
    };
    expect(answer.text).toContain(`Socket.IO v${manifest.version}`);
    // The server's own way to serve it is off: it would also serve variants that nobody needs.
    expect((await request(gateway.url).get('/socket.io/socket.io.js')).status).not.toBe(200);
  });

  it('page and API, asked for, carry a policy that lets nothing foreign in', async () => {
    await using gateway = await serve();
    for (const path of ['/whatsapp', '/whatsapp/assets/app.js', '/api/whatsapp/status', '/no-such-page']) {
      const { headers } = await request(gateway.url).get(path);
      const policy = new Map(
        headers['content-security-policy']!.split(';').map((directive) => {
          const [name = '', ...sources] = directive.trim().split(' ');
          return [name, sources.join(' ')] as const;
        }),
      );
      expect(Object.fromEntries(policy)).toEqual({
        'default-src': "'none'",
        'script-src': "'self'",
        'style-src': "'self'",
        'img-src': "'self' data:",
        'connect-src': "'self'",
        'font-src': "'self'",
        'manifest-src': "'self'",
        'base-uri': "'none'",
        'form-action': "'none'",
        'frame-ancestors': "'none'",
      });
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers['x-powered-by']).toBeUndefined();
      expect(headers['strict-transport-security']).toBeUndefined();
    }
  });

  it('files, asked for by ways around, are only those of the page', async () => {
    await using gateway = await serve();
    for (const path of [
      '/whatsapp/assets/../secret.txt',
      '/whatsapp/assets/..%2fsecret.txt',
      '/whatsapp/assets/..%2Fsecret.txt',
      '/whatsapp/assets/%2e%2e/secret.txt',
      '/whatsapp/assets/%2e%2e%2fsecret.txt',
      '/whatsapp/assets/..%5csecret.txt',
      '/whatsapp/assets/..%255csecret.txt',
      '/whatsapp/assets//..//secret.txt',
      '/whatsapp/assets/%00',
      '/whatsapp/assets/app.js%00.txt',
      '/whatsapp/assets/%',
      '/whatsapp/assets/%c0%ae%c0%ae/secret.txt',
      '/whatsapp/assets/',
      '/whatsapp/assets',
      '/whatsapp/assets/..',
      '/whatsapp/secret.txt',
      '/whatsapp/assets/../../../../../../etc/passwd',
      '/whatsapp/assets/..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd',
      '/whatsapp/assets/socket.io.esm.min.js/../socket.io.js',
      '/whatsapp/assets/%2fetc%2fpasswd',
    ]) {
      const { status, body } = await rawGet(gateway.port, path);
      expect([path, status]).toEqual([path, 404]);
      expect(body).not.toMatch(/not served|root:/);
    }
  });
});

describe('addresses and methods', () => {
  it('unknown address, any method, answers 404 in the error form', async () => {
    await using gateway = await serve();
    for (const path of [
      '/nope',
      '/api',
      '/api/whatsapp',
      '/api/whatsapp/nope',
      '/health/nope',
      '/favicon.ico',
    ]) {
      for (const method of ['get', 'post', 'put', 'delete', 'patch'] as const) {
        const answer = await request(gateway.url)[method](path);
        expect([path, method, answer.status]).toEqual([path, method, 404]);
        expect(errorOf(answer).code).toBe('not_found');
        expect(answer.headers['cache-control']).toBe('no-store');
      }
    }
  });

  it('known address, wrong method, answers 405 and lists the right ones', async () => {
    await using gateway = await serve();
    for (const [path, allow] of [
      ['/', 'GET, HEAD, OPTIONS'],
      ['/whatsapp', 'GET, HEAD, OPTIONS'],
      ['/whatsapp/assets/app.js', 'GET, HEAD, OPTIONS'],
      ['/health', 'GET, HEAD, OPTIONS'],
      ['/health/ready', 'GET, HEAD, OPTIONS'],
      ['/api/whatsapp/status', 'GET, HEAD, OPTIONS'],
      ['/api/whatsapp/qr', 'GET, HEAD, OPTIONS'],
      ['/api/whatsapp/connect', 'POST, OPTIONS'],
      ['/api/whatsapp/disconnect', 'POST, OPTIONS'],
      ['/api/whatsapp/restart', 'POST, OPTIONS'],
      ['/api/whatsapp/logout', 'POST, OPTIONS'],
      ['/api/whatsapp/pairing-code', 'POST, OPTIONS'],
    ] as const) {
      const wrong = allow.startsWith('GET') ? 'post' : 'get';
      for (const method of [wrong, 'put', 'delete', 'patch'] as const) {
        const answer = await request(gateway.url)[method](path);
        expect([path, method, answer.status]).toEqual([path, method, 405]);
        expect(errorOf(answer).code).toBe('method_not_allowed');
        expect(answer.headers['allow']).toBe(allow);
      }
      const options = await request(gateway.url).options(path);
      expect([path, options.status, options.headers['allow']]).toEqual([path, 204, allow]);
    }
    expect(gateway.session.calls).toEqual([]);
  });

  it('request id, sane, is echoed; anything else gets a new one', async () => {
    await using gateway = await serve();
    const idFor = async (given?: string) => {
      const asked = request(gateway.url).get('/health');
      const answer = await (given === undefined ? asked : asked.set('X-Request-Id', given));
      return answer.headers['x-request-id']!;
    };
    for (const sane of ['7', 'trace-1.2:3/4', '0af7651916cd43dd8448eb211c80319c', 'a'.repeat(128)]) {
      expect(await idFor(sane)).toBe(sane);
    }
    for (const odd of [undefined, '', 'a b', '<script>', 'a'.repeat(129), 'é', '"quoted"']) {
      expect(await idFor(odd)).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/);
    }
    expect(await idFor()).not.toBe(await idFor());
  });
});

/** Clients tidy paths up before they send them; this one does not. */
async function rawGet(port: number, path: string): Promise<{ status: number; body: string }> {
  return await new Promise((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port, path }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    })
      .on('error', reject)
      .end();
  });
}
