import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { afterEach, describe, expect, it } from 'vitest';

import { GatewayError } from '../../src/errors.ts';
import type { ClientToServerEvents, ServerToClientEvents } from '../../src/realtime/events.ts';
import {
  ACCOUNT,
  EVERY_STATUS,
  FAILED,
  PAIRING,
  PAIRING_CODE,
  QR_PAYLOAD,
  qrStatus,
  READY,
  RECONNECTING,
  STOPPED,
  SYNCING,
} from '../support/fake-session.ts';
import { KEY, serve, type Served } from '../support/serve.ts';
import { waitFor } from '../support/wait-for.ts';

type Client = Socket<ServerToClientEvents, ClientToServerEvents>;
/** An event as it came: its name and its payload. */
type Heard = [name: string, payload: unknown];

const clients: Socket[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

/** A client that writes down what it hears, from the first moment on. */
function listen(gateway: Served, options: Partial<ManagerOptions & SocketOptions> = {}) {
  const socket: Client = io(gateway.url, { forceNew: true, reconnectionDelay: 50, ...options });
  clients.push(socket);
  const heard: Heard[] = [];
  socket.onAny((name: string, payload: unknown) => heard.push([name, payload]));
  return { socket, heard };
}

/** All that the gateway has told until now: its answer to this question comes after it. */
async function settled(socket: Client): Promise<void> {
  await socket.timeout(30_000).emitWithAck('connect_whatsapp');
}

function qrEventOf(attempt: number): unknown {
  const { qrCode, qr } = qrStatus(attempt);
  return { qrCode, ...qr };
}

function replays(gateway: Served): number {
  return gateway.log.filter(({ msg }) => msg === '[SOCKET] replay sent QR code').length;
}

describe('on connect', () => {
  for (const status of EVERY_STATUS.filter(({ hasQr }) => !hasQr)) {
    it(`a new client, state ${status.status} (${status.phase}), hears the status and nothing else`, async () => {
      await using gateway = await serve();
      gateway.session.become(status);
      const { socket, heard } = listen(gateway);
      await settled(socket);
      expect(heard).toEqual([['status', status]]);
      expect(replays(gateway)).toBe(0);
    });
  }

  it('a new client, QR there, hears the status and the QR at once, and the log says so', async () => {
    await using gateway = await serve();
    gateway.session.become(qrStatus(3));
    const { socket, heard } = listen(gateway);
    await settled(socket);
    expect(heard).toEqual([
      ['status', qrStatus(3)],
      ['qr', qrEventOf(3)],
    ]);
    expect(replays(gateway)).toBe(1);
    expect(JSON.stringify(gateway.log)).not.toMatch(new RegExp(`base64|${QR_PAYLOAD.slice(0, 20)}`));
  });

  it('a new client, polling or WebSocket alone, hears the same', async () => {
    await using gateway = await serve();
    gateway.session.become(qrStatus(1));
    for (const transport of ['polling', 'websocket']) {
      const { socket, heard } = listen(gateway, { transports: [transport] });
      await settled(socket);
      expect(heard.map(([name]) => name)).toEqual(['status', 'qr']);
    }
  });
});

describe('afterwards', () => {
  it('changes, one after another, come as status, with qr, ready and disconnected where they belong', async () => {
    await using gateway = await serve();
    const { socket, heard } = listen(gateway);
    await settled(socket);
    heard.length = 0;

    const aborted = { ...STOPPED, reason: { ...FAILED.reason!, code: 'logged_out' as const } };
    for (const status of [
      qrStatus(1),
      qrStatus(2),
      { ...qrStatus(2), message: 'the same QR, said differently' },
      PAIRING,
      qrStatus(2),
      SYNCING,
      READY,
      RECONNECTING,
      READY,
      { ...READY, message: 'still ready' },
      RECONNECTING,
      aborted,
      STOPPED,
      qrStatus(1),
      READY,
      qrStatus(1),
      FAILED,
    ]) {
      gateway.session.become(status);
    }
    await settled(socket);

    expect(heard.filter(([name]) => name === 'status')).toHaveLength(17);
    expect(heard.map(([name]) => name).join(' ')).toBe(
      [
        'status qr',
        'status qr',
        'status',
        'status',
        'status qr', // back from the pairing code: the QR counts again
        'status',
        'status ready',
        'status',
        'status',
        'status',
        'status',
        'status disconnected',
        'status',
        'status qr',
        'status ready',
        'status qr disconnected',
        'status',
      ].join(' '),
    );
    expect(heard.filter(([name]) => name === 'ready')).toEqual([
      ['ready', { account: ACCOUNT }],
      ['ready', { account: ACCOUNT }],
    ]);
    expect(heard.filter(([name]) => name === 'disconnected')).toEqual([
      ['disconnected', { reason: aborted.reason }],
      ['disconnected', { reason: null }],
    ]);
  });

  it('a change, many clients, reaches each of them once', async () => {
    await using gateway = await serve();
    const all = Array.from({ length: 40 }, () => listen(gateway, { transports: ['websocket'] }));
    await Promise.all(all.map(({ socket }) => settled(socket)));
    gateway.session.become(qrStatus(1));
    await Promise.all(all.map(({ socket }) => settled(socket)));
    for (const { heard } of all) expect(heard.map(([name]) => name)).toEqual(['status', 'status', 'qr']);
  });

  it('a client that was away, back again, sees the present state and QR', async () => {
    await using gateway = await serve();
    gateway.session.become(qrStatus(1));
    const { socket, heard } = listen(gateway);
    await settled(socket);
    socket.io.engine.close();
    gateway.session.become(qrStatus(2));
    await waitFor(() =>
      heard.some(([name, payload]) => name === 'qr' && (payload as { attempt: number }).attempt === 2),
    );
    expect(replays(gateway)).toBe(2);
  });
});

describe('commands', () => {
  it('connect, disconnect and restart, asked for, are acknowledged with the status', async () => {
    await using gateway = await serve();
    gateway.session.become(SYNCING);
    const { socket } = listen(gateway);
    expect(await socket.emitWithAck('connect_whatsapp')).toEqual({ success: true, status: SYNCING });
    expect(await socket.emitWithAck('disconnect_whatsapp')).toEqual({ success: true, status: SYNCING });
    expect(await socket.emitWithAck('restart_whatsapp')).toEqual({ success: true, status: SYNCING });
    expect(gateway.session.calls).toEqual(['connect', 'disconnect', 'restart']);
  });

  it('logout, asked for, is acknowledged with whether WhatsApp confirmed', async () => {
    await using gateway = await serve();
    gateway.session.unlinkConfirmed = false;
    const { socket } = listen(gateway);
    expect(await socket.emitWithAck('logout_whatsapp')).toEqual({
      success: true,
      status: STOPPED,
      unlinkConfirmed: false,
    });
  });

  it('pairing code, asked for, is acknowledged with the code', async () => {
    await using gateway = await serve();
    const { socket } = listen(gateway);
    expect(await socket.emitWithAck('request_pairing_code', { phoneNumber: '+49 151-23456789' })).toEqual({
      success: true,
      code: PAIRING_CODE,
      expiresAt: PAIRING.pairing?.expiresAt,
    });
    expect(gateway.session.calls).toEqual(['pairing 4915123456789']);
    expect(JSON.stringify(gateway.log)).not.toContain(PAIRING_CODE);
  });

  it('a command, no acknowledgement wanted, is carried out all the same', async () => {
    await using gateway = await serve();
    const { socket } = listen(gateway);
    socket.emit('disconnect_whatsapp');
    await waitFor(() => gateway.session.calls.includes('disconnect'));
  });

  it('a command, refused by the session, is acknowledged with the code and the remedy', async () => {
    await using gateway = await serve();
    gateway.session.failure = new GatewayError({
      code: 'wrong_state',
      message: 'not while stopping',
      action: 'wait',
    });
    const { socket } = listen(gateway);
    const refused = {
      success: false,
      error: { code: 'wrong_state', message: 'not while stopping', action: 'wait' },
    };
    expect(await socket.emitWithAck('connect_whatsapp')).toEqual(refused);
    expect(await socket.emitWithAck('logout_whatsapp')).toEqual(refused);
    expect(await socket.emitWithAck('request_pairing_code', { phoneNumber: '4915123456789' })).toEqual(
      refused,
    );
  });

  it('a command, failing as nobody foresaw, is acknowledged without a word of it', async () => {
    await using gateway = await serve();
    gateway.session.failure = new Error('ENOENT /srv/internal');
    const { socket } = listen(gateway);
    for (const command of ['restart_whatsapp', 'disconnect_whatsapp'] as const) {
      const answer: unknown = await socket.emitWithAck(command);
      expect(answer).toMatchObject({ success: false, error: { code: 'internal' } });
      expect(JSON.stringify(answer)).not.toContain('ENOENT');
    }
    expect(gateway.log).toContainEqual(
      expect.objectContaining({
        level: 'error',
        err: expect.objectContaining({ message: 'ENOENT /srv/internal' }) as unknown,
      }),
    );
  });
});

describe('who may', () => {
  const refusal = async (socket: Client): Promise<Error & { data?: unknown }> =>
    await new Promise((resolve) => socket.once('connect_error', resolve));

  it('handshake, key missing or wrong or of a wrong type, is refused with the code and told nothing', async () => {
    await using gateway = await serve({ apiKey: KEY });
    gateway.session.become(qrStatus(1));
    for (const auth of [
      {},
      { apiKey: '' },
      { apiKey: `${KEY}x` },
      { apiKey: [KEY] },
      { apiKey: { KEY } },
      { apikey: KEY },
    ]) {
      const { socket, heard } = listen(gateway, { auth, query: { apiKey: KEY } });
      const error = await refusal(socket);
      expect(error.data).toEqual({
        code: 'unauthorized',
        message: expect.any(String) as string,
        action: expect.stringContaining('apiKey') as string,
      });
      socket.emit('logout_whatsapp');
      expect(heard).toEqual([]);
      expect(socket.connected).toBe(false);
    }
    expect(gateway.session.calls).toEqual([]);
    expect(JSON.stringify(gateway.log)).not.toContain(KEY);
  });

  it('handshake, right key, is let in', async () => {
    await using gateway = await serve({ apiKey: KEY });
    const { socket, heard } = listen(gateway, { auth: { apiKey: KEY } });
    await settled(socket);
    expect(heard).toEqual([['status', STOPPED]]);
  });

  it('handshake, page of another origin, is refused on both transports', async () => {
    await using gateway = await serve({ corsOrigins: ['https://app.example.org'] });
    for (const transport of ['polling', 'websocket']) {
      const from = (origin: string) =>
        listen(gateway, { transports: [transport], extraHeaders: { Origin: origin }, reconnection: false });
      for (const origin of ['https://evil.example', 'null']) {
        const { socket, heard } = from(origin);
        await refusal(socket);
        expect(heard).toEqual([]);
      }
      for (const origin of ['https://app.example.org', `http://127.0.0.1:${gateway.port}`]) {
        await settled(from(origin).socket);
      }
    }
  });

  it('polling, listed origin, may be read by its page', async () => {
    await using gateway = await serve({ corsOrigins: ['https://app.example.org'] });
    const answer = await fetch(`${gateway.url}/socket.io/?EIO=4&transport=polling`, {
      headers: { Origin: 'https://app.example.org' },
    });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example.org');
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
  });

  it('handshake, page behind a proxy that changes Host, is let in only when proxies are trusted', async () => {
    const options = {
      reconnection: false,
      extraHeaders: { Origin: 'https://nas.example', 'X-Forwarded-Host': 'nas.example' },
    };
    await using wary = await serve();
    await refusal(listen(wary, options).socket);
    await using trusting = await serve({ trustProxy: 'loopback' });
    await settled(listen(trusting, options).socket);
  });

  it('any namespace but /, asked for, is refused', async () => {
    await using gateway = await serve();
    gateway.session.become(qrStatus(1));
    for (const namespace of ['admin', '__proto__', 'status']) {
      const socket: Client = io(`${gateway.url}/${namespace}`, { forceNew: true });
      clients.push(socket);
      const heard: unknown[] = [];
      socket.onAny((name) => heard.push(name));
      expect((await refusal(socket)).message).toMatch(/namespace/i);
      expect(heard).toEqual([]);
    }
  });
});

describe('close', () => {
  it('close, clients connected, drops them so that they come back, and leaves nothing behind', async () => {
    await using gateway = await serve();
    const all = ['polling', 'websocket'].map((transport) => listen(gateway, { transports: [transport] }));
    const reasons: string[] = [];
    for (const { socket } of all) {
      await settled(socket);
      socket.once('disconnect', (reason) => reasons.push(reason));
    }
    await gateway.closeRealtime();
    await waitFor(() => reasons.length === 2);
    // After these a client comes back by itself; after "io server disconnect" it would not.
    expect(reasons.every((reason) => reason === 'transport close' || reason === 'transport error')).toBe(
      true,
    );
    expect(gateway.session.listeners).toBe(0);
    expect(gateway.server.listening).toBe(true);
    expect(all.every(({ socket }) => socket.active)).toBe(true);
    const late = await fetch(`${gateway.url}/socket.io/?EIO=4&transport=polling`);
    expect(late.status).toBe(403);
  });

  // Without the cut, the WebSocket library itself gives up after 30 s: more than a clean stop may take.
  it(
    'close, a WebSocket that does not say goodbye, is done in spite of it',
    { timeout: 20_000 },
    async () => {
      await using gateway = await serve();
      const { socket } = listen(gateway, { transports: ['websocket'] });
      await settled(socket);
      const connection = socket.io.engine.transport as unknown as { ws: { _socket: { pause(): void } } };
      connection.ws._socket.pause();
      await gateway.closeRealtime();
      await new Promise<void>((resolve, reject) =>
        gateway.server.close((error) => (error === undefined ? resolve() : reject(error))),
      );
    },
  );
});
