import request from 'supertest';
import { describe, expect, it } from 'vitest';

import { GatewayError } from '../../src/errors.ts';
import {
  FAILED,
  PAIRING,
  PAIRING_CODE,
  QR_IMAGES,
  qrStatus,
  READY,
  STOPPED,
  SYNCING,
} from '../support/fake-session.ts';
import { errorOf, serve } from '../support/serve.ts';

const API = '/api/whatsapp';
const QR = `${API}/qr`;

describe('commands', () => {
  for (const [command, httpStatus] of [
    ['connect', 202],
    ['disconnect', 200],
    ['restart', 202],
  ] as const) {
    it(`POST ${command}, any state, answers ${httpStatus} with the status body`, async () => {
      await using gateway = await serve();
      gateway.session.become(SYNCING);
      const answer = await request(gateway.url).post(`${API}/${command}`);
      expect(answer.status).toBe(httpStatus);
      expect(answer.body).toEqual(SYNCING);
      expect(gateway.session.calls).toEqual([command]);
    });
  }

  it('POST logout, linked, answers 200 and says whether WhatsApp confirmed', async () => {
    await using gateway = await serve();
    for (const confirmed of [true, false]) {
      gateway.session.unlinkConfirmed = confirmed;
      const answer = await request(gateway.url).post(`${API}/logout`);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({ ...STOPPED, unlinkConfirmed: confirmed });
    }
  });

  it('POST pairing-code, number as people write it, asks with its digits and answers the code', async () => {
    await using gateway = await serve();
    const answer = await request(gateway.url)
      .post(`${API}/pairing-code`)
      .send({ phoneNumber: '+7 (912) 345-67-89' });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ success: true, code: PAIRING_CODE, expiresAt: PAIRING.pairing?.expiresAt });
    expect(gateway.session.calls).toEqual(['pairing 79123456789']);
  });

  it('a command, refused by the session, answers its code, sentence and remedy with the status of the code', async () => {
    await using gateway = await serve();
    for (const [code, httpStatus] of [
      ['wrong_state', 409],
      ['pairing_failed', 502],
      ['login_not_removed', 503],
      ['timeout', 504],
    ] as const) {
      gateway.session.failure = new GatewayError({ code, message: `why: ${code}`, action: 'do this' });
      for (const call of ['connect', 'disconnect', 'restart', 'logout', 'pairing-code']) {
        const answer = await request(gateway.url)
          .post(`${API}/${call}`)
          .send({ phoneNumber: '4915123456789' });
        expect(answer.status).toBe(httpStatus);
        expect(answer.body).toEqual({
          success: false,
          error: {
            code,
            message: `why: ${code}`,
            action: 'do this',
            requestId: answer.headers['x-request-id'],
          },
        });
      }
    }
  });

  it('a command, failing as nobody foresaw, answers 500 without a word of it and logs it with the request id', async () => {
    await using gateway = await serve();
    gateway.session.failure = new Error('ENOENT /srv/internal/path, secret');
    for (const call of ['connect', 'logout']) {
      const answer = await request(gateway.url).post(`${API}/${call}`);
      expect(answer.status).toBe(500);
      expect(errorOf(answer).code).toBe('internal');
      expect(answer.text).not.toMatch(/ENOENT|internal\/path|secret|\bat \S+:\d+/);
      expect(gateway.log).toContainEqual(
        expect.objectContaining({
          level: 'error',
          requestId: errorOf(answer).requestId,
          err: expect.objectContaining({ message: 'ENOENT /srv/internal/path, secret' }) as unknown,
        }),
      );
    }
  });

  it('a command, carried out, leaves a line in the log that says who asked for what', async () => {
    await using gateway = await serve();
    await request(gateway.url).post(`${API}/logout?apiKey=in-the-wrong-place`).set('X-Request-Id', 'trace-7');
    expect(gateway.log).toContainEqual(
      expect.objectContaining({
        level: 'info',
        msg: '[HTTP] command',
        method: 'POST',
        path: `${API}/logout`,
        requestId: 'trace-7',
      }),
    );
    expect(JSON.stringify(gateway.log)).not.toContain('in-the-wrong-place');
  });

  it('a call that names a chat, a number or a message of WhatsApp, is logged without them', async () => {
    await using gateway = await serve();
    const own = `/api/messages/msg_${'0'.repeat(26)}/retry`;
    const paths = [
      '/api/chats/15550002222@c.us/seen',
      '/api/contacts/+1%20(555)%20000-2222/block',
      '/api/messages/true_15550002222%40c.us_3EB0/react',
      own,
    ];
    for (const path of paths) await request(gateway.url).post(path).send({});
    expect(JSON.stringify(gateway.log)).not.toMatch(/15550002222|000-2222/);
    const commands = gateway.log.filter(({ msg }) => msg === '[HTTP] command').map(({ path }) => path);
    expect(commands).toEqual(['/api/chats/*/seen', '/api/contacts/*/block', '/api/messages/*/react', own]);
  });

  it('a command, through a proxy, is logged with the address of who asked only when proxies are trusted', async () => {
    for (const [trustProxy, ip] of [
      [false, '127.0.0.1'],
      [1, '203.0.113.7'],
    ] as const) {
      await using gateway = await serve({ trustProxy });
      await request(gateway.url).post(`${API}/connect`).set('X-Forwarded-For', '203.0.113.7');
      expect(gateway.log).toContainEqual(expect.objectContaining({ msg: '[HTTP] command', ip }));
    }
  });
});

describe('GET /api/whatsapp/qr', () => {
  const forms = {
    png: ['image/png', QR_IMAGES.png],
    svg: ['image/svg+xml', Buffer.from(QR_IMAGES.svg)],
    text: ['text/plain', Buffer.from(QR_IMAGES.text)],
    raw: ['text/plain', Buffer.from(QR_IMAGES.raw)],
  } as const;

  for (const [format, [type, bytes]] of Object.entries(forms)) {
    it(`qr, ?format=${format}, answers ${type} and is not stored anywhere`, async () => {
      await using gateway = await serve();
      gateway.session.become(qrStatus(1));
      const answer = await fetch(`${gateway.url}${QR}?format=${format}`, {
        headers: { accept: 'text/html' },
      });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toMatch(type);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('etag')).toBeNull();
      expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
    });
  }

  for (const [accept, type] of [
    [undefined, 'image/png'],
    ['*/*', 'image/png'],
    ['image/*', 'image/png'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8', 'image/png'],
    ['image/svg+xml', 'image/svg+xml'],
    ['text/plain', 'text/plain'],
    ['text/plain;q=0.5, image/png', 'image/png'],
    ['image/png;q=0.1, image/svg+xml;q=0.9', 'image/svg+xml'],
  ] as const) {
    it(`qr, Accept: ${accept ?? '(none)'}, answers ${type}`, async () => {
      await using gateway = await serve();
      gateway.session.become(qrStatus(1));
      const asked = request(gateway.url).get(QR);
      const answer = await (accept === undefined ? asked : asked.set('Accept', accept));
      expect(answer.status).toBe(200);
      expect(answer.type).toBe(type);
      expect(answer.headers['vary']).toMatch(/accept/i);
    });
  }

  it('qr, Accept: application/json, answers 406 and lists what there is', async () => {
    await using gateway = await serve();
    gateway.session.become(qrStatus(1));
    const answer = await request(gateway.url).get(QR).set('Accept', 'application/json');
    expect(answer.status).toBe(406);
    expect(errorOf(answer)).toMatchObject({ code: 'not_acceptable' });
    expect(errorOf(answer).message).toContain('image/svg+xml');
  });

  it('qr, unknown or repeated format, answers 400 and names the field', async () => {
    await using gateway = await serve();
    gateway.session.become(qrStatus(1));
    for (const query of ['format=gif', 'format=', 'format=png&format=svg', 'format[]=png&format=__proto__']) {
      const answer = await request(gateway.url).get(`${QR}?${query}`);
      expect(answer.status).toBe(400);
      expect(errorOf(answer).code).toBe('invalid_request');
      expect(errorOf(answer).message).toMatch(/^format: expected png, svg, text or raw$/);
    }
  });

  it('qr, none because the folder is bad, answers 409 with the reason and the remedy', async () => {
    await using gateway = await serve();
    gateway.session.become(FAILED);
    const answer = await request(gateway.url).get(QR);
    expect(answer.status).toBe(409);
    expect(errorOf(answer).code).toBe('no_qr');
    expect(errorOf(answer).message).toContain(FAILED.reason?.message);
    expect(errorOf(answer).message).toContain('session_path_not_writable');
    expect(errorOf(answer).action).toBe('sudo ./fix-permissions.sh');
  });

  it('qr, none because nothing runs, answers 409 and says how to start', async () => {
    await using gateway = await serve();
    const answer = await request(gateway.url).get(QR);
    expect(answer.status).toBe(409);
    expect(errorOf(answer).action).toContain('POST /api/whatsapp/connect');
  });

  it('qr, none because the phone is linked, answers 409 and says so', async () => {
    await using gateway = await serve();
    gateway.session.become(READY);
    const answer = await request(gateway.url).get(QR);
    expect(answer.status).toBe(409);
    expect(errorOf(answer)).toMatchObject({ code: 'no_qr', action: null });
    expect(errorOf(answer).message).toContain(READY.message);
  });

  it('qr, HEAD, answers the headers and no body', async () => {
    await using gateway = await serve();
    gateway.session.become(qrStatus(1));
    const answer = await fetch(gateway.url + QR, { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-length')).toBe(String(QR_IMAGES.png.length));
    expect(await answer.text()).toBe('');
  });
});
