import fc from 'fast-check';
import { io, type Socket } from 'socket.io-client';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { GatewayError } from '../../src/errors.ts';
import { STOPPED } from '../support/fake-session.ts';
import { serve, type Served } from '../support/serve.ts';

const COMMANDS = ['connect_whatsapp', 'disconnect_whatsapp', 'restart_whatsapp', 'logout_whatsapp'];

interface Answer {
  readonly success: boolean;
}

const clients: Socket[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

function client(gateway: Served): Socket {
  const socket = io(gateway.url, { forceNew: true, transports: ['websocket'], reconnectionDelay: 20 });
  clients.push(socket);
  return socket;
}

/** The gateway still serves: a new client gets the status, and REST answers. */
async function alive(gateway: Served): Promise<void> {
  const socket = client(gateway);
  const status = await new Promise((resolve) => socket.once('status', resolve));
  expect(status).toEqual(STOPPED);
  socket.close();
  expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
  expect(gateway.log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
}

describe('arguments', () => {
  it('commands without arguments, garbage given, are refused and not carried out', async () => {
    await using gateway = await serve();
    const socket = client(gateway);
    for (const command of COMMANDS) {
      for (const args of [['text'], [42], [true], [[]], [{}, {}], [null, 1], [Buffer.from('binary')]]) {
        const answer: unknown = await socket.emitWithAck(command, ...args);
        expect([command, args, answer]).toMatchObject([
          command,
          args,
          { success: false, error: { code: 'invalid_request', message: 'expected no arguments' } },
        ]);
      }
    }
    expect(gateway.session.calls).toEqual([]);
  });

  it('commands without arguments, an empty object or null given, are carried out', async () => {
    await using gateway = await serve();
    const socket = client(gateway);
    for (const args of [[], [{}], [null], [undefined]]) {
      expect(await socket.emitWithAck('connect_whatsapp', ...args)).toMatchObject({ success: true });
    }
  });

  it('pairing code, wrong arguments, are refused and the field is named', async () => {
    await using gateway = await serve();
    const socket = client(gateway);
    for (const [args, message] of [
      [[], 'expected one argument'],
      [['4915123456789'], 'expected an object {"phoneNumber"'],
      [[null], 'expected an object {"phoneNumber"'],
      [[{}], 'phoneNumber: expected a phone number'],
      [[{ phoneNumber: 4_915_123_456_789 }], 'phoneNumber: expected a phone number'],
      [[{ phoneNumber: 'abc' }], 'phoneNumber: expected a phone number'],
      [[{ phoneNumber: Buffer.from('49151') }], 'phoneNumber: expected a phone number'],
      [[{ phoneNumber: '4915123456789' }, 'more'], 'expected one argument'],
    ] as const) {
      const answer: unknown = await socket.emitWithAck('request_pairing_code', ...args);
      expect(answer).toMatchObject({
        success: false,
        error: { code: 'invalid_request', message: expect.stringContaining(message) as string },
      });
    }
    expect(gateway.session.calls).toEqual([]);
  });

  it('a failing command, no acknowledgement wanted, leaves no unhandled rejection', async () => {
    await using gateway = await serve();
    gateway.session.failure = new GatewayError({ code: 'wrong_state', message: 'no' });
    const rejections: unknown[] = [];
    const note = (reason: unknown) => rejections.push(reason);
    process.on('unhandledRejection', note);
    try {
      const socket = client(gateway);
      for (const command of COMMANDS) socket.emit(command);
      socket.emit('request_pairing_code');
      await socket.emitWithAck('connect_whatsapp');
      await alive(gateway);
      expect(rejections).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});

describe('garbage', () => {
  it('unknown events, any name, are ignored', async () => {
    await using gateway = await serve();
    const socket = client(gateway);
    for (const name of [
      'status',
      'qr',
      'error',
      'message',
      '__proto__',
      'constructor',
      'toString',
      '',
      'x'.repeat(5_000),
    ]) {
      socket.emit(name, { any: 'thing' });
    }
    await socket.emitWithAck('connect_whatsapp');
    expect(socket.connected).toBe(true);
    expect(gateway.session.calls).toEqual(['connect']);
    await alive(gateway);
  });

  it('unknown events, an acknowledgement wanted, are answered with the events that there are', async () => {
    await using gateway = await serve();
    const socket = client(gateway);
    for (const name of ['connect-whatsapp', 'constructor', '__proto__', '', 'correct-horse-battery-staple']) {
      const answer: unknown = await socket.timeout(5_000).emitWithAck(name, { any: 'thing' });
      expect(answer).toMatchObject({
        success: false,
        error: { code: 'not_found', action: expect.stringContaining('connect_whatsapp') as string },
      });
    }
    expect(gateway.session.calls).toEqual([]);
    expect(JSON.stringify(gateway.log)).not.toContain('correct-horse');
  });

  it('anything at all, sent as events, never stops the gateway nor drops the client', async () => {
    await using gateway = await serve();
    const socket = client(gateway);
    const names = fc.oneof(
      fc.constantFrom(...COMMANDS, 'request_pairing_code', 'error', '__proto__', 'constructor'),
      fc.string({ maxLength: 30 }),
    );
    const values = fc.oneof(
      { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 6 }) },
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.record({
        phoneNumber: fc.oneof(
          fc.string(),
          fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
        ),
      }),
      fc.constant(JSON.parse('{"__proto__":{"success":true},"phoneNumber":{"__proto__":1}}') as unknown),
      fc.constant(JSON.parse(`${'['.repeat(1_000)}${']'.repeat(1_000)}`) as unknown),
      fc.constant('x'.repeat(3_000)),
    );
    const reserved = new Set([
      'connect',
      'connect_error',
      'disconnect',
      'disconnecting',
      'newListener',
      'removeListener',
    ]);
    const known = new Set([...COMMANDS, 'request_pairing_code']);
    let dropped = false;
    socket.once('disconnect', () => (dropped = true));
    await fc.assert(
      fc.asyncProperty(
        names,
        fc.array(values, { maxLength: 4 }),
        fc.boolean(),
        async (name, args, wantsAnswer) => {
          fc.pre(!reserved.has(name));
          if (!wantsAnswer || !known.has(name)) socket.emit(name, ...args);
          else expect([true, false]).toContain(((await socket.emitWithAck(name, ...args)) as Answer).success);
        },
      ),
      { numRuns: 500 },
    );
    await socket.emitWithAck('connect_whatsapp');
    expect(dropped).toBe(false);
    await alive(gateway);
  });

  it('a message over the limit, sent, drops its client and nobody else', async () => {
    await using gateway = await serve();
    const bystander = client(gateway);
    await bystander.emitWithAck('connect_whatsapp');
    const socket = client(gateway);
    const gone = new Promise((resolve) => socket.once('disconnect', resolve));
    socket.emit('connect_whatsapp', { large: 'x'.repeat(200_000) });
    await gone;
    expect(bystander.connected).toBe(true);
    expect(gateway.session.calls).toEqual(['connect']);
    await alive(gateway);
  });

  it('frames that break the protocol, sent raw, drop their connection at most', async () => {
    await using gateway = await serve();
    const frames = fc.oneof(
      fc.constantFrom(
        '',
        '2',
        '3',
        '4',
        '40',
        '40{}',
        '40null',
        '40[]',
        '40{"apiKey":1}',
        '40/admin,',
        '40/__proto__,{}',
        '41',
        '42',
        '42[]',
        '42{}',
        '42["connect"]',
        '42["disconnect"]',
        '42["error","boom"]',
        '42[null]',
        '42[{}]',
        '42["connect_whatsapp"',
        '421[["connect_whatsapp"]]',
        '43',
        '43[]',
        '430[]',
        '4399999999[1]',
        '44{"message":"x"}',
        '45',
        '451-["connect_whatsapp",{"_placeholder":true,"num":0}]',
        '452-["x",{"_placeholder":true,"num":99}]',
        '4599999999999-["x"]',
        '46',
        '47',
        '49',
        '5',
        '6',
        'b',
        'bAAAA',
        '42["connect_whatsapp",{"__proto__":null}]',
        `42${'['.repeat(3_000)}`,
        '42["connect_whatsapp"]',
        '4212["connect_whatsapp",1]',
      ),
      fc.string({ maxLength: 40 }),
      fc.string({ maxLength: 40 }).map((text) => `4${text}`),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(frames, { maxLength: 8 }), fc.boolean(), async (sent, joinFirst) => {
        const raw = new WebSocket(`ws://127.0.0.1:${gateway.port}/socket.io/?EIO=4&transport=websocket`);
        raw.on('error', () => undefined);
        await new Promise((resolve) => raw.once('message', resolve));
        if (joinFirst) raw.send('40');
        for (const frame of sent) raw.send(frame);
        raw.close();
        await new Promise((resolve) => raw.once('close', resolve));
      }),
      { numRuns: 150 },
    );
    await alive(gateway);
  });

  it('requests that break the protocol, sent to /socket.io/, are answered with 4xx', async () => {
    await using gateway = await serve();
    for (const [path, init] of [
      ['', {}],
      ['?EIO=3&transport=polling', {}],
      ['?EIO=4', {}],
      ['?EIO=4&transport=__proto__', {}],
      ['?EIO=4&transport=polling&sid=unknown', {}],
      ['?EIO=4&transport=polling&sid=__proto__', { method: 'POST', body: '40' }],
      ['?EIO=4&transport=polling', { method: 'POST', body: '40' }],
      ['?EIO=4&transport=websocket', {}],
    ] as const) {
      const answer = await fetch(`${gateway.url}/socket.io/${path}`, init);
      expect([path, answer.status]).toEqual([path, 400]);
    }
    await alive(gateway);
  });
});
