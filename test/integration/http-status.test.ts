import request from 'supertest';
import { describe, expect, it } from 'vitest';

import type { StatusBody } from '../../src/session/status.ts';
import {
  ACCOUNT,
  EVERY_STATUS,
  FAILED,
  PAIRING_CODE,
  QR_IMAGES,
  qrStatus,
  READY,
} from '../support/fake-session.ts';
import { KEY, serve } from '../support/serve.ts';

const STATUS = '/api/whatsapp/status';

describe('GET /api/whatsapp/status', () => {
  for (const status of EVERY_STATUS) {
    it(`status, ${status.status} (${status.phase}), answers 200 with the one truth`, async () => {
      await using gateway = await serve();
      gateway.session.become(status);
      const answer = await request(gateway.url).get(STATUS);
      expect(answer.status).toBe(200);
      expect(answer.type).toBe('application/json');
      expect(answer.body).toEqual(status);
    });

    it(`status, ${status.status} (${status.phase}) without the key, tells the state and nothing that links or names`, async () => {
      await using gateway = await serve({ apiKey: KEY });
      gateway.session.become(status);
      const answer = await request(gateway.url).get(STATUS);
      expect(answer.status).toBe(200);
      const body = answer.body as StatusBody;
      expect(body).toMatchObject({
        success: true,
        status: status.status,
        currentState: status.status,
        isReady: status.isReady,
        hasQr: status.hasQr,
        reason: status.reason,
        qrCode: null,
        account: null,
      });
      for (const secret of [QR_IMAGES.dataUrl, PAIRING_CODE, ACCOUNT.id, ACCOUNT.phone, ACCOUNT.name]) {
        expect(answer.text).not.toContain(secret);
      }
    });
  }

  it('status, wrong key, is the same as no key', async () => {
    await using gateway = await serve({ apiKey: KEY });
    gateway.session.become(qrStatus(1));
    const without = await request(gateway.url).get(STATUS);
    const wrong = await request(gateway.url).get(STATUS).set('X-Api-Key', `${KEY}x`);
    expect(wrong.status).toBe(200);
    expect(wrong.body).toEqual(without.body);
  });

  it('status, key in X-Api-Key or as bearer token, shows everything', async () => {
    await using gateway = await serve({ apiKey: KEY });
    gateway.session.become(READY);
    for (const headers of [
      { 'X-Api-Key': KEY },
      { Authorization: `Bearer ${KEY}` },
      { Authorization: `bearer ${KEY}` },
      { Authorization: `BEARER  ${KEY}` },
    ]) {
      const answer = await request(gateway.url).get(STATUS).set(headers);
      expect(answer.body).toEqual(READY);
    }
  });

  it('status, with the key and then without, never answers one with what was written for the other', async () => {
    await using gateway = await serve({ apiKey: KEY });
    gateway.session.become(qrStatus(1));
    for (const round of [1, 2]) {
      const full = await request(gateway.url).get(STATUS).set('X-Api-Key', KEY);
      const bare = await request(gateway.url).get(STATUS);
      expect([round, full.body, (bare.body as StatusBody).qrCode]).toEqual([round, qrStatus(1), null]);
    }
  });

  it('status, after a change, answers the new one', async () => {
    await using gateway = await serve();
    for (const status of [qrStatus(1), qrStatus(2), READY, FAILED]) {
      gateway.session.become(status);
      expect((await request(gateway.url).get(STATUS)).body).toEqual(status);
    }
  });

  it('status, 1,000 requests, encodes the QR never and writes the answer once', async () => {
    await using gateway = await serve();
    let reads = 0;
    const { qrCode, ...rest } = qrStatus(1);
    const counted: StatusBody = {
      ...rest,
      get qrCode() {
        reads += 1;
        return qrCode;
      },
    };
    gateway.session.become(counted);
    const before = reads;
    for (let batch = 0; batch < 20; batch += 1) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => fetch(gateway.url + STATUS)));
      expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual(
        Array.from({ length: 50 }, () => qrStatus(1)),
      );
    }
    expect(gateway.session.encodings).toBe(0);
    expect(reads - before).toBe(1);
  });

  it('status, asked with If-None-Match, is never answered from a cache', async () => {
    await using gateway = await serve();
    const answer = await request(gateway.url).get(STATUS).set('If-None-Match', '*');
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(answer.headers['etag']).toBeUndefined();
  });

  it('status, HEAD, answers the headers of GET and no body', async () => {
    await using gateway = await serve();
    const [head, get] = await Promise.all([
      fetch(gateway.url + STATUS, { method: 'HEAD' }),
      fetch(gateway.url + STATUS),
    ]);
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(await get.text())));
    expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
  });
});

describe('health', () => {
  it('/health, any state and no key, answers 200 with version, uptime and the state', async () => {
    await using gateway = await serve({ apiKey: KEY, version: '4.5.6' });
    for (const status of EVERY_STATUS) {
      gateway.session.become(status);
      const answer = await request(gateway.url).get('/health');
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        status: 'ok',
        version: '4.5.6',
        uptime: expect.any(Number) as number,
        whatsapp: status.status,
      });
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });

  it('/health/ready, any state, answers 200 when ready and else 503, redacted for everybody', async () => {
    for (const options of [{}, { apiKey: KEY }]) {
      await using gateway = await serve(options);
      for (const status of EVERY_STATUS) {
        gateway.session.become(status);
        const answer = await request(gateway.url).get('/health/ready');
        expect(answer.status).toBe(status.isReady ? 200 : 503);
        expect(answer.body).toMatchObject({ status: status.status, qrCode: null, account: null });
        expect(answer.text).not.toContain(ACCOUNT.name);
      }
    }
  });
});
