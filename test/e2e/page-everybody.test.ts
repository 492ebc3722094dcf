import type { Browser, SerializedAXNode } from 'puppeteer';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';

import type { StatusBody } from '../../src/session/status.ts';
import { launchPageBrowser } from '../support/page-browser.ts';
import { PHONE, Reader } from '../support/page-reader.ts';
import { PageServer } from '../support/page-server.ts';
import {
  CHOWN,
  pairingStatus,
  QR_PAYLOAD,
  qrStatus,
  statusIn,
  troubleStatus,
} from '../support/page-statuses.ts';
import { waitFor } from '../support/wait-for.ts';

const ACTION = `On the host: sudo ./fix-permissions.sh  (or: ${CHOWN})`;

describe('the page for everybody', () => {
  let browser: Browser;
  let server: PageServer;

  beforeAll(async () => {
    browser = await launchPageBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = await PageServer.start();
  });
  afterEach(() => server[Symbol.asyncDispose]());

  describe('language', () => {
    test('a browser in Russian, opened, reads Russian throughout', async () => {
      server.session.become(await qrStatus());
      await using reader = await Reader.open(browser, server.url, { languages: ['ru-RU', 'ru', 'en'] });
      await reader.sees('Ждём ваш телефон');
      expect(await reader.ask('document.documentElement.lang')).toBe('ru');
      expect(await reader.page.title()).toBe('Ждём ваш телефон · Шлюз WhatsApp');
      await reader.press('Подключить');
      await reader.showsQr(QR_PAYLOAD);
      expect(await reader.screen()).toMatch(/новый через \d:\d\d/);
    });

    test('another language, chosen by hand, is spoken at once and remembered', async () => {
      server.session.become(troubleStatus('failed', 'session_path_not_writable', 300, { action: ACTION }));
      await using reader = await Reader.open(browser, server.url);
      await reader.sees('The session folder is not writable');
      await reader.page.select('#language', 'ru');
      await reader.sees('Нет прав на запись в папку сессии');
      expect(await reader.ask('document.documentElement.lang')).toBe('ru');
      expect(await reader.buttons()).toEqual([
        'Копировать эту строку',
        'Копировать эту строку',
        'Повторить сейчас',
      ]);
      expect(await reader.screen()).not.toMatch(/To type on|Try again/);
      await reader.page.reload();
      await reader.sees('Нет прав на запись в папку сессии');
    });
  });

  describe('keyboard', () => {
    test('Connect, by keyboard alone, leads to a code and back', async () => {
      server.session.become(await qrStatus());
      await using reader = await Reader.open(browser, server.url);
      await reader.sees('Waiting for your phone');
      await tabTo(reader, '#connect-open');
      expect(await hasVisibleFocus(reader)).toBe(true);
      await reader.key('Enter');
      await reader.showsQr(QR_PAYLOAD);
      await tabTo(reader, '#use-phone');
      await reader.key('Space');
      await reader.page.keyboard.type('+7 912 345-67-89');
      await reader.key('Enter');
      await waitFor(() => server.session.calls.length > 0, { what: 'the command' });
      server.session.become(pairingStatus());
      await reader.sees('WXYZ-1234');
      await reader.key('Escape');
      await reader.focuses('#connect-open');
    });

    test('Tab, pressed often in the dialog, never reaches the page behind', async () => {
      server.session.become(await qrStatus());
      await using reader = await Reader.open(browser, server.url);
      await reader.press('Connect');
      await reader.sees('Connect WhatsApp');
      const visited = new Set<string>();
      for (let count = 0; count < 8; count += 1) {
        await reader.key('Tab');
        visited.add(
          await reader.ask('document.activeElement.closest("dialog, .card, header")?.id ?? "browser"'),
        );
      }
      expect([...visited].sort()).toEqual(['browser', 'connect-dialog']);
    });

    test('Log out, by keyboard alone, is asked first and then done', async () => {
      server.session.become(statusIn('ready'));
      await using reader = await Reader.open(browser, server.url);
      await reader.sees('Анна Петрова');
      await tabTo(reader, '#logout-open');
      await reader.key('Enter');
      await reader.sees('Log out of WhatsApp?');
      // The harmless answer has the focus: Enter by mistake changes nothing.
      await reader.key('Enter');
      await reader.losesSight('Log out of WhatsApp?');
      expect(server.session.calls).toEqual([]);
      await reader.key('Enter');
      await tabTo(reader, '#logout-confirm');
      await reader.key('Enter');
      await waitFor(() => server.session.calls.length > 0, { what: 'the command' });
      expect(server.session.calls).toEqual(['logout']);
    });
  });

  describe('screen reader', () => {
    test('the page, as a screen reader has it, has landmarks, headings and named controls', async () => {
      server.session.become(statusIn('ready'));
      await using reader = await Reader.open(browser, server.url);
      await reader.sees('Анна Петрова');
      const nodes = await accessibilityNodes(reader);
      const has = (role: string, name: string) =>
        nodes.some((node) => node.role === role && node.name === name);
      expect(has('heading', 'WhatsApp Gateway')).toBe(true);
      expect(has('heading', 'Connection')).toBe(true);
      expect(has('heading', 'Connected')).toBe(true);
      expect(has('combobox', 'Language')).toBe(true);
      expect(has('button', 'Log out')).toBe(true);
      expect(nodes.filter((node) => node.role === 'button' && (node.name ?? '') === '')).toEqual([]);
    });

    test('the Connect dialog, as a screen reader has it, is a named dialog with a described QR', async () => {
      server.session.become(await qrStatus());
      await using reader = await Reader.open(browser, server.url);
      await reader.press('Connect');
      await reader.showsQr(QR_PAYLOAD);
      const nodes = await accessibilityNodes(reader);
      const has = (role: string, name: RegExp) =>
        nodes.some((node) => node.role === role && name.test(node.name ?? ''));
      expect(has('dialog', /^Connect WhatsApp$/)).toBe(true);
      expect(has('image', /^QR code for linking WhatsApp/)).toBe(true);
      expect(has('button', /^Close$/)).toBe(true);
      expect(nodes.filter((node) => node.role === 'button' && (node.name ?? '') === '')).toEqual([]);
    });

    test('the phone number, as a screen reader has it, has a label, a hint and its error', async () => {
      server.session.become(await qrStatus());
      await using reader = await Reader.open(browser, server.url);
      await reader.press('Connect');
      await reader.press('Link with phone number');
      await reader.key('Enter');
      await reader.sees('That is not a full phone number');
      const field = (await accessibilityNodes(reader)).find((node) => node.role === 'textbox');
      expect(field).toMatchObject({
        name: 'Phone number of the WhatsApp account',
        invalid: 'true',
        focused: true,
      });
      expect(field?.description).toMatch(/With country code.+That is not a full phone number/);
    });

    test('logging out, as a screen reader has it, is an alert that says what will happen', async () => {
      server.session.become(statusIn('ready'));
      await using reader = await Reader.open(browser, server.url);
      await reader.press('Log out');
      await reader.sees('Log out of WhatsApp?');
      const alert = (await accessibilityNodes(reader)).find((node) => node.role === 'alertdialog');
      expect(alert?.name).toBe('Log out of WhatsApp?');
      expect(alert?.description).toContain('The stored login is deleted.');
    });

    test('changes of the state, on the page and in the dialog, are announced; the countdown is not', async () => {
      server.session.become(await qrStatus());
      await using reader = await Reader.open(browser, server.url);
      await reader.sees('Waiting for your phone');
      expect(await reader.text('#announcer')).toContain('Waiting for your phone');
      await reader.press('Connect');
      await reader.sees('Connect WhatsApp');
      await reader.ask(`
        window.announced = [],
        new MutationObserver(() => {
          window.announced.push(document.querySelector('#connect-dialog [role="status"]').textContent);
        }).observe(document.querySelector('#connect-dialog [role="status"]'), { childList: true, characterData: true, subtree: true })`);
      const before = await reader.text('#qr-expiry');
      await waitFor(async () => (await reader.text('#qr-expiry')) !== before, {
        what: 'a tick of the countdown',
      });
      expect(await reader.ask('window.announced')).toEqual([]);
      server.session.become(statusIn('syncing', { progress: 10 }));
      await reader.sees('10 %');
      server.session.become(statusIn('syncing', { progress: 60 }));
      await reader.sees('60 %');
      server.session.become(statusIn('ready'));
      await reader.sees('This window closes by itself.');
      expect(await reader.ask('window.announced')).toEqual([
        expect.stringContaining('Linked, loading chats'),
        'Connected This window closes by itself.',
      ]);
    });
  });

  describe('screens', () => {
    test.each<[string, () => StatusBody | Promise<StatusBody>, boolean]>([
      ['stopped', () => statusIn('stopped'), false],
      ['ready', () => statusIn('ready'), false],
      [
        'a long name',
        () =>
          statusIn('ready', {
            account: { id: '1@c.us', phone: '123456789012345', name: 'W'.repeat(60), platform: 'smbi' },
          }),
        false,
      ],
      ['failed', () => troubleStatus('failed', 'session_path_not_writable', 300, { action: ACTION }), false],
      [
        'failed in the dialog',
        () => troubleStatus('failed', 'session_path_not_writable', 300, { action: ACTION }),
        true,
      ],
      ['qr', () => qrStatus({ seconds: 600 }), true],
      ['pairing code', () => pairingStatus(), true],
      ['syncing', () => statusIn('syncing'), false],
    ])(
      '%s, on a phone of 360 pixels in either language, needs no scrolling sideways',
      async (_name, status, opens) => {
        server.session.become(await status());
        for (const languages of [['ru'], ['en']]) {
          await using reader = await Reader.open(browser, server.url, { ...PHONE, languages });
          await waitFor(async () => (await reader.text('#version')) !== '', { what: 'the page' });
          if (opens) await reader.page.click('#connect-open');
          const widths = await reader.ask<number[]>(
            `[document.documentElement, ...document.querySelectorAll('dialog[open], .card, .way, .qr-frame, .account')]
            .filter((element) => element.checkVisibility())
            .map((element) => element.scrollWidth - element.clientWidth)`,
          );
          expect(widths.filter((width) => width > 0)).toEqual([]);
          const outside = await reader.ask<string[]>(
            `[...document.querySelectorAll('button, input, img, code, p, h1, h2, h3')]
            .filter((element) => element.checkVisibility() && !element.closest('.visually-hidden'))
            .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
            .map((element) => element.outerHTML)`,
          );
          expect(outside).toEqual([]);
          const small = await reader.ask<string[]>(
            `[...document.querySelectorAll('button, input, select')]
            .filter((element) => element.checkVisibility())
            .filter((element) => element.getBoundingClientRect().height < 40 || element.getBoundingClientRect().width < 40)
            .map((element) => element.outerHTML)`,
          );
          expect(small).toEqual([]);
        }
      },
    );

    test('the QR, on a phone and in the dark, can be scanned off the screen', async () => {
      server.session.become(await qrStatus({ seconds: 600 }));
      for (const look of [PHONE, { dark: true }, { ...PHONE, dark: true, languages: ['ru'] }]) {
        await using reader = await Reader.open(browser, server.url, look);
        await reader.press(look.languages?.[0] === 'ru' ? 'Подключить' : 'Connect');
        await reader.showsQr(QR_PAYLOAD);
      }
    });

    test('the QR, in the dark, keeps its quiet zone of four modules in white', async () => {
      server.session.become(await qrStatus({ seconds: 600 }));
      await using reader = await Reader.open(browser, server.url, { dark: true });
      await reader.press('Connect');
      await reader.showsQr(QR_PAYLOAD);
      expect(await reader.ask('getComputedStyle(document.querySelector(".qr-frame")).backgroundColor')).toBe(
        'rgb(255, 255, 255)',
      );
      expect(await reader.ask('getComputedStyle(document.body.parentElement).backgroundColor')).toBe(
        'rgb(13, 19, 17)',
      );
    });

    test('movement, where it is not wanted, is switched off', async () => {
      server.session.become(statusIn('starting'));
      await using reader = await Reader.open(browser, server.url, { reducedMotion: true });
      await reader.press('Connect');
      await reader.sees('Getting a QR code…');
      const durations = await reader.ask<number[]>(
        'document.getAnimations().map((animation) => animation.effect.getComputedTiming().activeDuration)',
      );
      expect(durations.filter((ms) => ms > 1)).toEqual([]);
    });
  });

  test('the security policy, on the page, forbids everything but its own files and the QR', async () => {
    await using reader = await Reader.open(browser, server.url);
    await reader.sees('Not connected');
    const response = await reader.page.reload();
    const policy = response?.headers()['content-security-policy'] ?? '';
    expect(policy).toMatch(/default-src '(self|none)'/);
    expect(policy).toContain("img-src 'self' data:");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(reader.faults).toEqual([]);
  });
});

/** Presses Tab until the element has the focus. */
async function tabTo(reader: Reader, id: string): Promise<void> {
  for (let count = 0; count < 20; count += 1) {
    if ((await reader.focus()) === id) return;
    await reader.key('Tab');
  }
  throw new Error(`Tab does not reach ${id}`);
}

async function hasVisibleFocus(reader: Reader): Promise<boolean> {
  return await reader.ask(
    'document.activeElement.matches(":focus-visible") && getComputedStyle(document.activeElement).outlineStyle !== "none"',
  );
}

async function accessibilityNodes(reader: Reader): Promise<SerializedAXNode[]> {
  const root = await reader.page.accessibility.snapshot({ interestingOnly: false });
  const nodes: SerializedAXNode[] = [];
  const walk = (node: SerializedAXNode) => {
    nodes.push(node);
    node.children?.forEach(walk);
  };
  if (root !== null) walk(root);
  return nodes;
}
