import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

import { errorBody } from '../../src/border/error-body.ts';
import { ERROR_CODES, GatewayError, httpStatusOf, isErrorCode, messageOf } from '../../src/errors.ts';

const SRC = new URL('../../src/', import.meta.url);

describe('errors', () => {
  it('every code, is one that something in the program says', async () => {
    const files = (await readdir(SRC, { recursive: true })).filter(
      (name) => name.endsWith('.ts') && name !== 'errors.ts',
    );
    const texts = await Promise.all(files.map((name) => readFile(new URL(name, SRC), 'utf8')));
    const said = new Set(texts.flatMap((text) => text.match(/[a-z]+(?:_[a-z]+)*/g) ?? []));
    expect(ERROR_CODES.filter((code) => !said.has(code))).toEqual([]);
  });

  it('codes of the contract, asked for, exist with the right HTTP status', () => {
    expect(httpStatusOf('unauthorized')).toBe(401);
    expect(httpStatusOf('no_qr')).toBe(409);
    expect(httpStatusOf('wrong_state')).toBe(409);
    for (const code of [
      'session_path_not_writable',
      'session_path_not_a_directory',
      'session_path_no_space',
      'browser_not_found',
      'browser_crashed',
      'page_crashed',
      'browser_unresponsive',
      'profile_in_use',
      'whatsapp_unreachable',
      'load_timeout',
      'sync_timeout',
      'qr_stale',
      'logged_out',
      'unpaired',
      'conflict',
      'outdated',
      'blocked',
      'stopped',
    ]) {
      expect([code, isErrorCode(code)]).toEqual([code, true]);
    }
  });

  it('what is no code, asked for, is none', () => {
    for (const word of ['', 'nope', 'toString', '__proto__', 'constructor'])
      expect(isErrorCode(word)).toBe(false);
  });

  it('GatewayError, made, carries code, sentence, remedy and cause', () => {
    const cause = new Error('below');
    const error = new GatewayError({
      code: 'timeout',
      message: 'too slow',
      action: 'wait',
      retryable: true,
      cause,
    });
    expect(error).toMatchObject({
      code: 'timeout',
      message: 'too slow',
      action: 'wait',
      retryable: true,
      cause,
    });
    expect(new GatewayError({ code: 'timeout', message: 'too slow' })).toMatchObject({
      action: null,
      retryable: false,
    });
  });

  it('anything thrown, asked for its text, has one', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    for (const [thrown, text] of [
      [new Error('why'), 'why'],
      ['auth timeout', 'auth timeout'],
      [{ a: 1 }, '{"a":1}'],
      [undefined, 'undefined'],
      [null, 'null'],
      [7n, '[object BigInt]'],
      [loop, '[object Object]'],
    ] as const) {
      expect(messageOf(thrown)).toBe(text);
    }
  });

  it('an error nobody foresaw, told to a caller, says nothing of itself', () => {
    for (const thrown of [
      new Error('/srv/internal'),
      'oops /srv/internal',
      { path: '/srv/internal' },
      null,
    ]) {
      const body = errorBody(thrown);
      expect(body.code).toBe('internal');
      expect(JSON.stringify(body)).not.toContain('internal/');
      expect(JSON.stringify(body)).not.toContain('/srv');
    }
  });
});
