import request from 'supertest';
import { describe, expect, it } from 'vitest';

import { qrStatus } from '../support/fake-session.ts';
import { errorOf, KEY, serve, type Served } from '../support/serve.ts';

const API = '/api/whatsapp';
const GUARDED = [
  ['get', `${API}/qr`],
  ['post', `${API}/connect`],
  ['post', `${API}/disconnect`],
  ['post', `${API}/restart`],
  ['post', `${API}/logout`],
  ['post', `${API}/pairing-code`],
  ['get', `${API}/no-such-call`],
] as const;

describe('API key', () => {
  it('any call, key missing or wrong, answers 401, does nothing, and never says what the key is', async () => {
    await using gateway = await serve({ apiKey: KEY });
    gateway.session.become(qrStatus(1));
    for (const [method, path] of GUARDED) {
      for (const headers of [
        {},
        { 'X-Api-Key': '' },
        { 'X-Api-Key': KEY.slice(0, -1) },
        { 'X-Api-Key': `${KEY}${KEY}` },
        { 'X-Api-Key': KEY.toUpperCase() },
        { 'X-Api-Key': 'x'.repeat(8_000) },
        { Authorization: KEY },
        { Authorization: `Basic ${KEY}` },
        { Authorization: `Bearer ${KEY} ${KEY}` },
        { Authorization: 'Bearer' },
        { Cookie: `apiKey=${KEY}` },
      ]) {
        const answer = await request(gateway.url)[method](`${path}?apiKey=${KEY}`).set(headers);
        expect(answer.status).toBe(401);
        expect(errorOf(answer).code).toBe('unauthorized');
        expect(errorOf(answer).action).toContain('X-Api-Key');
        expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm=/);
        expect(answer.text).not.toContain(KEY);
      }
    }
    expect(gateway.session.calls).toEqual([]);
    expect(JSON.stringify(gateway.log)).not.toContain(KEY);
    expect(gateway.log.filter(({ level }) => level === 'warn')).toMatchObject([
      { msg: 'request without a valid API key' },
    ]);
  });

  it('any call, right key in either header, is let through', async () => {
    await using gateway = await serve({ apiKey: KEY });
    gateway.session.become(qrStatus(1));
    for (const [method, path] of GUARDED) {
      for (const headers of [{ 'X-Api-Key': KEY }, { Authorization: `bEARER ${KEY}` }]) {
        const answer = await request(gateway.url)[method](path).set(headers);
        expect(answer.status).not.toBe(401);
      }
    }
    expect(gateway.session.calls).toContain('logout');
    expect(JSON.stringify(gateway.log)).not.toContain(KEY);
  });

  it('a body, key wrong, is not even looked at', async () => {
    await using gateway = await serve({ apiKey: KEY });
    const answer = await request(gateway.url)
      .post(`${API}/pairing-code`)
      .set('Content-Type', 'application/json')
      .send('{"broken');
    expect(answer.status).toBe(401);
  });

  it('OPTIONS, key configured, needs none and lists the methods', async () => {
    await using gateway = await serve({ apiKey: KEY });
    for (const [method, path] of GUARDED.slice(0, -1)) {
      const answer = await request(gateway.url).options(path);
      expect(answer.status).toBe(204);
      expect(answer.headers['allow']).toContain(method.toUpperCase());
    }
  });

  it('page and health, key configured, need none', async () => {
    await using gateway = await serve({ apiKey: KEY });
    for (const path of ['/whatsapp', '/whatsapp/assets/app.js', '/health']) {
      expect((await request(gateway.url).get(path)).status).toBe(200);
    }
  });
});

describe('CORS_ORIGINS', () => {
  const listed = 'https://app.example.org';

  it('preflight, listed origin, is allowed with the key headers and without credentials', async () => {
    await using gateway = await serve({ apiKey: KEY, corsOrigins: ['https://other.example', listed] });
    const answer = await request(gateway.url).options(`${API}/connect`).set({
      Origin: listed,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'x-api-key,content-type',
    });
    expect(answer.status).toBe(204);
    expect(answer.headers['access-control-allow-origin']).toBe(listed);
    expect(answer.headers['access-control-allow-methods']).toContain('POST');
    expect(answer.headers['access-control-allow-headers']).toMatch(/X-Api-Key/);
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    expect(answer.headers['vary']).toMatch(/Origin/);
  });

  it('preflight, listed origin, is allowed every method and header of the API', async () => {
    await using gateway = await serve({ apiKey: KEY, corsOrigins: [listed] });
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const answer = await request(gateway.url).options('/api/messages/msg_1').set({
        Origin: listed,
        'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': 'idempotency-key,range',
      });
      expect(answer.status).toBe(204);
      expect(answer.headers['access-control-allow-methods']?.split(',')).toContain(method);
      expect(answer.headers['access-control-allow-headers']?.split(',')).toEqual(
        expect.arrayContaining(['Idempotency-Key', 'Range']),
      );
    }
  });

  it('call, listed origin, may read what the API says in headers', async () => {
    await using gateway = await serve({ apiKey: KEY, corsOrigins: [listed] });
    const answer = await request(gateway.url).get(`${API}/status`).set({ Origin: listed });
    expect(answer.headers['access-control-expose-headers']?.split(',')).toEqual(
      expect.arrayContaining(['Location', 'Retry-After', 'Idempotency-Replayed', 'Content-Range']),
    );
  });

  it('call, listed origin, is carried out and readable, errors too', async () => {
    await using gateway = await serve({ apiKey: KEY, corsOrigins: [listed] });
    const done = await request(gateway.url).post(`${API}/connect`).set({ Origin: listed, 'X-Api-Key': KEY });
    expect(done.status).toBe(202);
    const refused = await request(gateway.url).post(`${API}/connect`).set({ Origin: listed });
    expect(refused.status).toBe(401);
    for (const answer of [done, refused]) {
      expect(answer.headers['access-control-allow-origin']).toBe(listed);
      expect(answer.headers['access-control-expose-headers']).toContain('X-Request-Id');
    }
  });

  it('preflight and call, other origin or none listed, get no permission to read', async () => {
    for (const corsOrigins of [[], [listed]]) {
      await using gateway = await serve({ corsOrigins });
      for (const origin of ['https://evil.example', 'null', `${listed}.evil.example`, `${listed}:8443`]) {
        const preflight = await request(gateway.url)
          .options(`${API}/connect`)
          .set({ Origin: origin, 'Access-Control-Request-Method': 'POST' });
        const call = await request(gateway.url).get(`${API}/status`).set('Origin', origin);
        for (const answer of [preflight, call]) {
          expect(answer.status).toBeLessThan(300);
          expect(answer.headers['access-control-allow-origin']).toBeUndefined();
        }
      }
    }
  });

  it('OPTIONS, listed origin but no preflight, lists the methods of the address', async () => {
    await using gateway = await serve({ corsOrigins: [listed] });
    const answer = await request(gateway.url).options(`${API}/connect`).set('Origin', listed);
    expect(answer.status).toBe(204);
    expect(answer.headers['allow']).toBe('POST, OPTIONS');
  });

  it('answers, origins listed, say that they vary by origin even without one', async () => {
    await using gateway = await serve({ corsOrigins: [listed] });
    expect((await request(gateway.url).get(`${API}/status`)).headers['vary']).toMatch(/Origin/);
  });
});

describe('foreign pages', () => {
  const post = async (gateway: Served, headers: Record<string, string>) =>
    await request(gateway.url).post(`${API}/logout`).set(headers);

  it('command, from a page of another origin, answers 403 and does nothing', async () => {
    await using gateway = await serve();
    for (const origin of [
      'https://evil.example',
      'null',
      'file://',
      'http://127.0.0.1',
      `http://127.0.0.1:${gateway.port}.evil.example`,
      `http://user@127.0.0.1:${gateway.port}`,
      `ftp://127.0.0.1:${gateway.port}`,
      '',
      'a'.repeat(5_000),
    ]) {
      const answer = await post(gateway, { Origin: origin });
      expect([origin, answer.status]).toEqual([origin, 403]);
      expect(errorOf(answer).code).toBe('forbidden_origin');
      expect(errorOf(answer).action).toContain('CORS_ORIGINS');
    }
    expect(gateway.session.calls).toEqual([]);
  });

  it('command, from the own page or from a program, is carried out', async () => {
    await using gateway = await serve();
    const own = `127.0.0.1:${gateway.port}`;
    for (const headers of [{}, { Origin: `http://${own}` }, { Origin: `https://${own}` }] as Record<
      string,
      string
    >[]) {
      expect((await post(gateway, headers)).status).toBe(200);
    }
  });

  it('command, page behind a proxy that changes Host, is carried out only when proxies are trusted', async () => {
    const headers = { Origin: 'https://nas.example', 'X-Forwarded-Host': 'NAS.example, inner.example' };
    await using wary = await serve();
    await using trusting = await serve({ trustProxy: 1 });
    expect((await post(wary, headers)).status).toBe(403);
    expect((await post(trusting, headers)).status).toBe(200);
    expect((await post(trusting, { ...headers, Origin: 'https://inner.example' })).status).toBe(403);
    expect((await post(trusting, { ...headers, Origin: 'https://evil.example' })).status).toBe(403);
  });
});
