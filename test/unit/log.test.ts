import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { Secret } from '../../src/config.ts';
import { GatewayError } from '../../src/errors.ts';
import { createLogger } from '../../src/log.ts';

/** What a logger writes while `use` uses it: the whole text, and its lines. */
function written(use: (log: ReturnType<typeof createLogger>) => void, level: 'info' | 'debug' = 'debug') {
  let text = '';
  use(createLogger({ level, destination: { write: (line) => void (text += line) } }));
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { text, lines };
}

describe('log', () => {
  it('a line, written, is one JSON object with level, time and the exact message', () => {
    const { lines } = written((log) => log.info({ epoch: 3 }, '[WA] state=idle -> qr'));
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        epoch: 3,
        msg: '[WA] state=idle -> qr',
      },
    ]);
  });

  it('a line, below the level, is not written', () => {
    expect(written((log) => log.debug({}, 'quiet'), 'info').text).toBe('');
  });

  it('numbers in chat ids, wherever an error quotes them, are not written', () => {
    const { text } = written((log) => {
      log.warn({ reason: 'no chat 4915123456789@c.us, 4915123456789:3@s.whatsapp.net' }, 'one');
      log.error({ err: new Error('Evaluation failed: true_4915123456789-1600000000@g.us_3EB0') }, 'two');
      log.info({ list: ['987654321012345@lid'] }, 'three');
    });
    expect(text).not.toMatch(/49151|16000|98765/);
    expect(text).toContain('no chat [redacted]@c.us');
  });

  it('secrets, at any depth and under any usual name, are not written', () => {
    const secret = 'THE-SECRET-VALUE';
    const { text } = written((log) => {
      const child = log.child({ apiKey: secret });
      child.info({ apiKey: secret }, 'one');
      log.info({ config: { nested: { apiKey: secret, api_key: secret } } }, 'two');
      log.info(
        { headers: { 'x-api-key': secret, Authorization: `Bearer ${secret}`, cookie: secret } },
        'three',
      );
      log.info({ list: [{ deep: [{ password: secret }] }] }, 'four');
      log.info({ qrCode: secret, qr: { payload: secret, raw: secret, dataUrl: secret } }, 'five');
      log.info({ message: { body: secret } }, 'six');
      log.info({ pairing: { code: secret }, pairingCode: secret }, 'seven');
      log.info(
        { image: `see data:image/png;base64,${Buffer.from(secret).toString('base64')} there` },
        'eight',
      );
      log.info({ bytes: Buffer.from(secret), view: new TextEncoder().encode(secret) }, 'nine');
      log.info({ key: new Secret(secret) }, 'ten');
      log.error({ err: Object.assign(new Error('failed'), { config: { apiKey: secret } }) }, 'eleven');
      log.error(Object.assign(new Error('failed'), { payload: secret }), 'twelve');
      log.error(
        { err: new Error('outer', { cause: Object.assign(new Error('inner'), { token: secret }) }) },
        'thirteen',
      );
    });
    expect(text).not.toContain(secret);
    expect(text).not.toContain(Buffer.from(secret).toString('base64'));
    expect(text).not.toContain([...Buffer.from(secret)].slice(0, 4).join(','));
    expect(text.trim().split('\n')).toHaveLength(13);
  });

  it('errors, logged, keep type, code, message and stack, wherever they are', () => {
    const error = new GatewayError({ code: 'browser_crashed', message: 'gone', cause: new Error('why') });
    const { lines } = written((log) => {
      log.error({ err: error }, 'first');
      log.error({ nested: { error } }, 'second');
    });
    const asWritten = expect.objectContaining({
      type: 'GatewayError',
      code: 'browser_crashed',
      message: expect.stringContaining('gone') as string,
      stack: expect.stringContaining('log.test.ts') as string,
    }) as unknown;
    expect(lines).toMatchObject([{ err: asWritten }, { nested: { error: asWritten } }]);
  });

  it('harmless fields, logged, are written as they are', () => {
    const fields = {
      code: 'wrong_state',
      nothing: null,
      at: '2026-01-01T00:00:00.000Z',
      list: [1, 'two', { three: true }],
      path: '/app/.wwebjs_auth',
      status: { qrCode: null },
    };
    const { lines } = written((log) => log.info(fields, 'x'));
    expect(lines[0]).toMatchObject(fields);
  });

  it('objects that refer to themselves or go very deep, logged, do not stop the program', () => {
    const loop: Record<string, unknown> = { name: 'loop' };
    loop['self'] = loop;
    const { lines } = written((log) => log.info({ loop, date: new Date(0), when: undefined }, 'x'));
    expect(lines[0]).toMatchObject({ loop: { name: 'loop' }, date: '1970-01-01T00:00:00.000Z' });
  });

  it('Secret, shown in any way, hides itself', () => {
    const secret = new Secret('THE-SECRET-VALUE');
    for (const shown of [
      String(secret),
      JSON.stringify({ secret }),
      secret.toString(),
      inspect(secret, { showHidden: true }),
    ]) {
      expect(shown).not.toContain('THE-SECRET');
    }
    expect(secret.reveal()).toBe('THE-SECRET-VALUE');
  });
});
