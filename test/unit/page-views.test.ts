import { describe, expect, test } from 'vitest';

import type { GatewayError } from '../../src/errors.ts';
import { chownAdvice, volumeAdvice } from '../../src/session/folder-advice.ts';
import type { Phase } from '../../src/session/state.ts';
import { installCommand } from '../../src/whatsapp/browser-help.ts';
import { findBrowser } from '../../src/whatsapp/browser.ts';
import { FOLDER, host, SYNOLOGY_CONTAINER } from '../support/folder-facts.ts';
import {
  accountWords,
  cardView,
  connectView,
  formatCode,
  formatMoment,
  formatPhone,
  formatSpan,
  GatewayClock,
  hasWords,
  modelWith,
  phoneDigits,
  pickLanguage,
  remediesIn,
} from '../support/page-modules.ts';
import { ANNA, pairingStatus, statusIn, troubleStatus } from '../support/page-statuses.ts';

const PHASES = Object.keys({
  stopped: 1,
  checking: 1,
  starting: 1,
  qr: 1,
  syncing: 1,
  ready: 1,
  reconnecting: 1,
  unlinking: 1,
  stopping: 1,
  removing: 1,
  waiting: 1,
  failed: 1,
  stuck: 1,
} satisfies Record<Phase, 1>) as Phase[];

describe('cardView', () => {
  test.each(PHASES)('%s, without a reason, has words', (phase) => {
    const view = cardView(modelWith(statusIn(phase)));
    expect([view.title, view.text].filter((key) => !hasWords(key))).toEqual([]);
  });

  test.each([
    ['stopped', ['connect']],
    ['starting', ['connect', 'disconnect']],
    ['qr', ['connect', 'disconnect']],
    ['syncing', ['restart', 'disconnect', 'logout']],
    ['ready', ['restart', 'disconnect', 'logout']],
    ['reconnecting', ['restart', 'disconnect', 'logout']],
    ['stopping', []],
    ['unlinking', []],
    ['removing', []],
    ['stuck', ['retry']],
  ] as const)('%s, asked what can be done, offers %j', (phase, actions) => {
    expect(cardView(modelWith(statusIn(phase))).face.actions).toEqual(actions);
  });

  test.each([
    ['waiting', 'whatsapp_unreachable', ['retry', 'disconnect', 'logout']],
    ['failed', 'sync_timeout', ['retry', 'logout']],
    ['failed', 'session_path_not_writable', ['retry']],
    ['failed', 'browser_not_found', ['retry']],
    ['failed', 'login_not_removed', ['retry', 'disconnect']],
  ] as const)('%s because of %s, asked what can be done, offers %j', (phase, code, actions) => {
    expect(cardView(modelWith(troubleStatus(phase, code, 5))).face.actions).toEqual(actions);
  });

  test('a percentage, only while messages are loaded', () => {
    expect(cardView(modelWith(statusIn('syncing', { progress: 40 }))).percent).toBe(40);
    expect(cardView(modelWith(statusIn('reconnecting', { progress: 100 }))).percent).toBeNull();
  });

  test('stopped with a login, asked what can be done, offers to remove it', () => {
    const reason = { code: 'stopped', message: 'Stopped', action: null, retryAt: null } as const;
    const view = cardView(modelWith(statusIn('stopped', { reason })));
    expect(view.title).toBe('reason.stopped.title');
    expect(view.face.actions).toEqual(['connect', 'logout']);
  });

  test('stuck, shown, promises no restart as the reason of a browser that is only slow does', () => {
    const model = modelWith(troubleStatus('stuck', 'browser_unresponsive', null, { message: 'SIGKILL' }));
    const words = { title: 'state.stuck.title', text: 'state.stuck.text' };
    expect(cardView(model)).toMatchObject({ ...words, details: 'SIGKILL' });
    expect(connectView(model, 'qr')).toMatchObject({ ...words, reason: { details: 'SIGKILL' } });
  });

  test('failed, shown, is named by its reason and says what to type and what the gateway said', () => {
    const action = 'sudo ./fix-permissions.sh  (or: sudo chown -R 1:1 /data)';
    const view = cardView(
      modelWith(
        troubleStatus('failed', 'session_path_not_writable', 5, { message: 'Cannot write to /data', action }),
      ),
    );
    expect(view.title).toBe('reason.session_path_not_writable.title');
    expect(view.items.map(({ text }) => text)).toEqual([
      'sudo ./fix-permissions.sh',
      'sudo chown -R 1:1 /data',
    ]);
    expect(view.details).toBe(`Cannot write to /data\n${action}`);
    expect(view.retry?.words).toBe('recheck');
  });

  test('a reason with advice only, shown, gives nothing to type', () => {
    const status = troubleStatus('failed', 'outdated', null, { action: 'Update the gateway' });
    expect(cardView(modelWith(status)).items).toEqual([]);
  });

  test('a login that is in use elsewhere, shown, offers no command that would break the lock', () => {
    const action = 'When no other gateway runs on this folder, remove it: rm -r /data/lock';
    const view = cardView(modelWith(troubleStatus('failed', 'profile_in_use', 5, { action })));
    expect(view.items).toEqual([]);
    expect(view.details).toContain(action);
  });

  test('an unknown reason, shown, still has words and its details', () => {
    const status = troubleStatus('failed', 'made_up' as 'stopped', null, { message: 'Never seen before' });
    const view = cardView(modelWith(status));
    expect(view.title).toBe('reason.other.title');
    expect(view.details).toBe('Never seen before');
  });

  test('waiting for a scan after a logout, shown, says why beside the state', () => {
    const reason = { code: 'logged_out', message: '', action: null, retryAt: null } as const;
    const view = cardView(modelWith(statusIn('qr', { reason })));
    expect(view.title).toBe('state.qr.title');
    expect(view.note).toMatchObject({ title: 'reason.logged_out.title' });
  });

  test('connected, and the stored login is gone, both are said', () => {
    const reason = { code: 'session_path_deleted', message: 'gone', action: null, retryAt: null } as const;
    const view = cardView(modelWith(statusIn('ready', { reason })));
    expect(view).toMatchObject({
      face: { tone: 'good' },
      title: 'state.ready.title',
      note: { title: 'reason.session_path_deleted.title' },
    });
    expect(view.details).toContain('gone');
    expect(cardView(modelWith(statusIn('ready'))).details).toBeNull();
  });

  test.each(['connecting', 'offline', 'locked'] as const)(
    '%s, whatever the status was, shows nothing of it',
    (link) => {
      const view = cardView(modelWith(statusIn('ready'), { link }));
      expect(view).toMatchObject({ title: `state.${link}.title`, account: null, retry: null });
      expect(view.face.actions).toEqual(link === 'locked' ? ['unlock'] : []);
    },
  );

  test('online without a status yet, shown, is still connecting', () => {
    expect(cardView(modelWith(null)).title).toBe('state.connecting.title');
  });
});

describe('connectView', () => {
  test.each([
    ['stopped', 'trouble'],
    ['checking', 'wait'],
    ['starting', 'wait'],
    ['qr', 'qr'],
    ['syncing', 'wait'],
    ['ready', 'done'],
    ['reconnecting', 'wait'],
    ['unlinking', 'wait'],
    ['stopping', 'wait'],
    ['removing', 'wait'],
    ['waiting', 'trouble'],
    ['failed', 'trouble'],
    ['stuck', 'trouble'],
  ] as const)('%s, shown, is the panel %s with words', (phase, panel) => {
    const view = connectView(modelWith(statusIn(phase)), 'qr');
    expect(view.panel).toBe(panel);
    expect([view.title, view.text].filter((key) => !hasWords(key))).toEqual([]);
  });

  test('stopped, while the gateway has not answered the press, waits', () => {
    expect(connectView(modelWith(statusIn('stopped'), { pending: 'connect' }), 'qr').panel).toBe('wait');
  });

  test('qr, when the phone number was chosen, is the form', () => {
    expect(connectView(modelWith(statusIn('qr')), 'phone').panel).toBe('phone');
  });

  test.each(['qr', 'phone'] as const)('a pairing code, whichever way was chosen (%s), is shown', (way) => {
    expect(connectView(modelWith(pairingStatus()), way).panel).toBe('code');
  });

  test.each(['connecting', 'offline', 'locked'] as const)(
    '%s, with a QR known from before, shows none',
    (link) => {
      expect(connectView(modelWith(statusIn('qr'), { link }), 'qr').panel).toBe('wait');
    },
  );
});

describe('remediesIn', () => {
  test.each([
    ['sudo apt-get install -y chromium-headless-shell', ['sudo apt-get install -y chromium-headless-shell']],
    [
      'On the host, in the folder of the compose file: sudo ./fix-permissions.sh  (or: sudo mkdir -p /a && sudo chown -R 1:2 /a)',
      ['sudo ./fix-permissions.sh', 'sudo mkdir -p /a && sudo chown -R 1:2 /a'],
    ],
    [
      `sudo ./fix-permissions.sh  (or: sudo chown -R 1:2 '/vol (1)/it'\\''s mine')`,
      ['sudo ./fix-permissions.sh', `sudo chown -R 1:2 '/vol (1)/it'\\''s mine'`],
    ],
    ['Free space on the volume of /a; see: df -h /a && df -i /a', ['df -h /a && df -i /a']],
    [
      'Set WHATSAPP_SESSION_PATH=/app/.wwebjs_auth (that is where the folder is mounted), or change the line under volumes: to  - ./x:/app/data/x',
      ['WHATSAPP_SESSION_PATH=/app/.wwebjs_auth', '- ./x:/app/data/x'],
    ],
    [
      'Add this line under volumes: in the compose file and create the container again:  - ./x:/app/x',
      ['- ./x:/app/x'],
    ],
    ['Set CHROMIUM_ARGS=--no-sandbox, or run as a user who may', ['CHROMIUM_ARGS=--no-sandbox']],
    [
      'Stop the other one (docker ps shows containers on the same folder), or wait.',
      ['Stop the other one (docker ps shows containers on the same folder), or wait.'],
    ],
    ['Set WHATSAPP_SESSION_PATH to a shorter path.', ['Set WHATSAPP_SESSION_PATH to a shorter path.']],
  ])('%s, taken apart, gives what can be pasted', (remedy, texts) => {
    expect(remediesIn(remedy).map(({ text }) => text)).toEqual(texts);
  });

  test('remedies of the folder and the browser, as the gateway gives them, hold what can be pasted', async () => {
    const nas = host({ inContainer: true, mounts: SYNOLOGY_CONTAINER });
    const elsewhere = { path: '/app/data/.wwebjs_auth', realPath: '/app/data/.wwebjs_auth' };
    const texts = (remedy: string) => remediesIn(remedy).map(({ kind, text }) => `${kind}: ${text}`);
    expect(texts(chownAdvice(FOLDER.path, host(), { modes: true }))).toEqual([
      'command: sudo ./fix-permissions.sh',
      'command: sudo chown -R 1026:100 /app/.wwebjs_auth && sudo chmod -R u+rwX /app/.wwebjs_auth',
    ]);
    expect(texts(chownAdvice(FOLDER.path, nas))[0]).toBe('command: sudo ./fix-permissions.sh');
    expect(texts(volumeAdvice(elsewhere, nas))).toEqual([
      'setting: WHATSAPP_SESSION_PATH=/app/.wwebjs_auth',
      'volume: - ./.wwebjs_auth:/app/data/.wwebjs_auth',
    ]);
    const missing = await findBrowser({
      env: { PATH: '', HOME: '/nonexistent' },
      systemBrowsers: [],
      bundledPackage: '/nonexistent',
    }).catch((error: unknown) => error);
    expect(missing).toMatchObject({ code: 'browser_not_found' });
    const [install] = texts((missing as GatewayError).action ?? '');
    expect(install).toBe(`command: ${await installCommand()}`);
  });

  test('kinds, taken apart, say where each goes', () => {
    const remedy = 'Set WHATSAPP_SESSION_PATH=/a (there), or change the line under volumes: to  - ./x:/b';
    expect(remediesIn(remedy).map(({ kind }) => kind)).toEqual(['setting', 'volume']);
    expect(remediesIn('sudo true')[0]?.kind).toBe('command');
    expect(remediesIn('Ask somebody')[0]?.kind).toBe('advice');
  });
});

describe('formats', () => {
  test.each([
    [0, '0:00'],
    [-5000, '0:00'],
    [1, '0:01'],
    [59_001, '1:00'],
    [600_000, '10:00'],
    [3_661_000, '1:01:01'],
  ])('a span of %i ms, formatted, is %s', (ms, text) => {
    expect(formatSpan(ms)).toBe(text);
  });

  test('a moment of another day, formatted, names the day', () => {
    const today = new Date(2026, 0, 2, 12);
    expect(formatMoment(new Date(2026, 0, 2, 9, 5).toISOString(), 'ru', today)).toBe('9:05');
    expect(formatMoment(new Date(2026, 0, 1, 9, 5).toISOString(), 'ru', today)).toMatch(/^1 янв\.?, 9:05$/);
  });

  test.each([
    ['79123456789', '+7 912 345-67-89'],
    ['14155550123', '+1 415 555-0123'],
    ['4915123456789', '+4915123456789'],
  ])('the phone number %s, formatted, is %s', (digits, text) => {
    expect(formatPhone(digits)).toBe(text);
  });

  test.each([
    ['+7 (912) 345-67-89', '79123456789'],
    ['8 912 345 67 89', '79123456789'],
    ['+81 90 1234 5678', '819012345678'],
    ['0049 151 23456789', '4915123456789'],
    ['4915123456789', '4915123456789'],
    ['912', null],
    ['0151 23456789', null],
    ['+7 912 CALL ME', null],
    ['1234567890123456', null],
    ['', null],
  ])('the typed number %j, read, is %s', (typed, digits) => {
    expect(phoneDigits(typed)).toBe(digits);
  });

  test.each([
    ['WXYZ1234', 'WXYZ-1234'],
    ['wxyz-1234', 'WXYZ-1234'],
    ['', ''],
  ])('the pairing code %j, formatted, is %j', (code, text) => {
    expect(formatCode(code)).toBe(text);
  });

  test('an account, in words, has its name, number and phone', () => {
    expect(accountWords(ANNA)).toEqual({
      initial: 'А',
      name: 'Анна Петрова',
      line: '+7 912 345-67-89 · on iPhone',
    });
  });

  test('an account without a name, in words, is its number', () => {
    const words = accountWords({ ...ANNA, name: '', platform: '' });
    expect(words).toEqual({ initial: '#', name: '+7 912 345-67-89', line: '' });
  });
});

describe('pickLanguage', () => {
  test.each([
    [null, ['ru-RU', 'en'], 'ru'],
    [null, ['en-GB', 'ru'], 'en'],
    [null, ['de-DE', 'ru-RU', 'en'], 'ru'],
    [null, ['de-DE'], 'en'],
    [null, [], 'en'],
    ['ru', ['en'], 'ru'],
    ['xx', ['ru'], 'ru'],
  ])('chosen %j and preferred %j, picked, is %s', (chosen, preferred, language) => {
    expect(pickLanguage(chosen, preferred)).toBe(language);
  });
});

describe('GatewayClock', () => {
  const LOCAL = Date.parse('2026-01-01T12:00:00Z');
  const clock = () => new GatewayClock(() => LOCAL);

  test('a gateway an hour behind, learned from its answer, is an hour behind', () => {
    const gateway = clock();
    gateway.learn('Thu, 01 Jan 2026 11:00:00 GMT', LOCAL);
    expect(LOCAL - gateway.now()).toBe(3_600_000 - 500);
  });

  test('a difference within what whole seconds can tell, learned, is none', () => {
    const gateway = clock();
    gateway.learn('Thu, 01 Jan 2026 11:59:59 GMT', LOCAL);
    expect(gateway.now()).toBe(LOCAL);
  });

  test('a slow answer, learned, widens the doubt', () => {
    const gateway = clock();
    gateway.learn('Thu, 01 Jan 2026 11:59:57 GMT', LOCAL - 6000);
    expect(gateway.now()).toBe(LOCAL);
  });

  test.each([null, 'nonsense'])('an answer dated %j, learned, changes nothing', (date) => {
    const gateway = clock();
    gateway.learn(date, LOCAL);
    expect(gateway.now()).toBe(LOCAL);
  });
});
