import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { launchFailure, loadFailure } from '../../src/whatsapp/failures.ts';
import { meaningOf } from '../../src/whatsapp/socket-states.ts';

const ended = (how: string, words = '') => new Error(`The browser ended: ${how}\n${words}`);

describe('failure of a launch', () => {
  test.each([
    {
      what: 'profile in use, as Chromium says it',
      thrown: ended(
        'Code: 21',
        'The profile appears to be in use by another Chromium process (7) on another computer',
      ),
      code: 'profile_in_use',
    },
    { what: 'no sandbox', thrown: ended('Signal: SIGTRAP', 'No usable sandbox!'), message: 'sandbox' },
    { what: 'exit code', thrown: ended('Code: 134'), message: '(exit 134)' },
    { what: 'signal', thrown: ended('Signal: SIGSEGV', 'spawn of helper ENOENT'), message: '(exit SIGSEGV)' },
    {
      what: 'no process left',
      thrown: ended('spawn /usr/bin/chromium EAGAIN'),
      message: 'no process or memory',
    },
    { what: 'no memory left', thrown: ended('spawn ENOMEM'), message: 'no process or memory' },
    { what: 'gone', thrown: ended('spawn /usr/bin/chromium ENOENT'), code: 'browser_not_found' },
    { what: 'anything else', thrown: 'a string', message: 'The browser did not start' },
  ])('$what, said', ({ thrown, code = 'browser_failed', message = '' }) => {
    const error = launchFailure(thrown);
    expect(error).toBeInstanceOf(GatewayError);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.action).not.toBeNull();
  });
});

describe('failure of a load', () => {
  const timeout = Object.assign(new Error('Waiting failed: 30000ms exceeded'), { name: 'TimeoutError' });
  test.each([
    { thrown: new Error('net::ERR_NAME_NOT_RESOLVED at https://web.whatsapp.com/'), action: 'nslookup' },
    { thrown: new Error('net::ERR_CERT_DATE_INVALID at https://web.whatsapp.com/'), action: 'clock' },
    { thrown: new Error('net::ERR_PROXY_CONNECTION_FAILED at https://web.whatsapp.com/'), action: 'curl' },
    { thrown: timeout, code: 'load_timeout', action: 'network' },
    { thrown: new Error('Protocol error (Page.navigate): Target closed'), code: 'browser_crashed' },
    { thrown: 'ready timeout', code: 'page_crashed' },
    { thrown: null, code: 'page_crashed' },
  ])('$thrown, said', ({ thrown, code = 'whatsapp_unreachable', action }) => {
    const error = loadFailure(thrown);
    expect(error).toMatchObject({ code, retryable: true });
    if (action === undefined) expect(error.action).toBeNull();
    else expect(error.action).toContain(action);
  });

  test('one that has been read before, itself', () => {
    const error = new GatewayError({ code: 'outdated', message: 'old' });
    expect(loadFailure(error)).toBe(error);
  });
});

describe('states of the socket', () => {
  test.each([
    ['CONNECTED', 'connected'],
    ['PAIRING', 'linking'],
    ['UNPAIRED', 'unpaired'],
    ['UNPAIRED_IDLE', 'idle_qr'],
    ['OPENING', 'interrupted'],
    ['TIMEOUT', 'interrupted'],
    ['A_STATE_OF_NEXT_YEAR', 'interrupted'],
  ])('%s, %s', (state, kind) => {
    expect(meaningOf(state)).toEqual({ kind });
  });

  test.each([
    ['CONFLICT', 'conflict'],
    ['DEPRECATED_VERSION', 'outdated'],
    ['TOS_BLOCK', 'blocked'],
    ['SMB_TOS_BLOCK', 'blocked'],
    ['PROXYBLOCK', 'whatsapp_unreachable'],
    ['UNLAUNCHED', 'whatsapp_unreachable'],
  ])('%s, of no use any more: %s', (state, code) => {
    expect(meaningOf(state)).toMatchObject({ kind: 'refused', error: { code } });
  });
});
