import type { Browser } from 'puppeteer';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { GatewayError } from '../../src/errors.ts';
import { launchPageBrowser } from '../support/page-browser.ts';
import { Reader } from '../support/page-reader.ts';
import { PageServer } from '../support/page-server.ts';
import { pairingStatus, QR_PAYLOAD, qrStatus, statusIn, troubleStatus } from '../support/page-statuses.ts';
import { waitFor } from '../support/wait-for.ts';

const HOUR = 3_600_000;

describe('the Connect dialog', () => {
  let browser: Browser;
  let server: PageServer;
  let reader: Reader;

  beforeAll(async () => {
    browser = await launchPageBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = await PageServer.start();
    reader = await Reader.open(browser, server.url);
  });
  afterEach(async () => {
    const { faults } = reader;
    await reader[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    expect(faults).toEqual([]);
  });

  test('a QR that is there already, at the press of Connect, is on the screen without asking anybody', async () => {
    server.session.become(await qrStatus({ attempt: 3, seconds: 600 }));
    await reader.sees('Waiting for your phone');
    const isThere = await reader.ask(`
      document.querySelector('#connect-open').click(),
      document.querySelector('#qr-image').complete && document.querySelector('#qr-image').checkVisibility()`);
    expect(isThere).toBe(true);
    await reader.showsQr(QR_PAYLOAD);
    expect(server.session.calls).toEqual([]);
    expect(await reader.screen()).toMatch(/Code no. 3\s+a new one in \d+:\d\d/);
  });

  test('stopped, at the press of Connect, starts the gateway and shows each step up to the QR', async () => {
    await reader.press('Connect');
    await reader.sees('Connect WhatsApp');
    await waitFor(() => server.session.calls.includes('connect'), { what: 'the command' });
    server.session.become(statusIn('starting'));
    await reader.sees('Getting a QR code…');
    server.session.become(await qrStatus());
    await reader.showsQr(QR_PAYLOAD);
    expect(server.session.calls).toEqual(['connect']);
  });

  test('a new QR, told by the gateway, replaces the old one', async () => {
    server.session.become(await qrStatus({ payload: `first ${QR_PAYLOAD}` }));
    await reader.press('Connect');
    await reader.showsQr(`first ${QR_PAYLOAD}`);
    server.session.become(await qrStatus({ attempt: 2, payload: `second ${QR_PAYLOAD}` }));
    await reader.showsQr(`second ${QR_PAYLOAD}`);
    await reader.sees('Code no. 2');
  });

  test('a QR that expires, without a new one, can no longer be scanned', async () => {
    server.session.become(await qrStatus({ seconds: 3 }));
    await reader.press('Connect');
    await reader.showsQr(QR_PAYLOAD);
    await reader.sees('Getting a new code…');
    await waitFor(async () => (await reader.scanScreen()) === null, { what: 'a QR that no phone reads' });
    expect(await reader.ask('document.querySelector("#qr-image").alt')).toContain('expired');
    server.session.become(await qrStatus({ attempt: 2 }));
    await reader.showsQr(QR_PAYLOAD);
  });

  test.each([-HOUR, HOUR])(
    'a reader whose clock is %i ms off, looking at a good QR, sees it as good',
    async (off) => {
      server.session.become(await qrStatus({ seconds: 600 }));
      await using other = await Reader.open(browser, server.url, { clockAheadMs: off });
      await other.press('Connect');
      await other.showsQr(QR_PAYLOAD);
      await other.sees('a new one in 9:');
    },
  );

  test('a reader whose clock is behind, looking at an expired QR, does not see it as good', async () => {
    server.session.become(await qrStatus({ seconds: -5 }));
    await using other = await Reader.open(browser, server.url, { clockAheadMs: -HOUR });
    await other.press('Connect');
    await other.sees('Getting a new code…');
    await waitFor(async () => (await other.scanScreen()) === null, { what: 'a QR that no phone reads' });
  });

  test('a scan, up to the connection, is followed step by step and closes the dialog', async () => {
    server.session.become(await qrStatus());
    await reader.press('Connect');
    await reader.showsQr(QR_PAYLOAD);
    server.session.become(statusIn('syncing', { progress: 40 }));
    await reader.sees('Linked, loading chats');
    await reader.sees('40 %');
    server.session.become(statusIn('ready'));
    await reader.sees('This window closes by itself.');
    expect(await reader.screen()).toContain('Анна Петрова');
    await reader.losesSight('This window closes by itself.');
    expect(await reader.text('#card-title')).toBe('Connected');
    // The button that opened the dialog is gone; reading goes on at the state.
    await reader.focuses('#card-title');
  });

  test('a connection that is lost before the dialog has closed, shown, keeps it open', async () => {
    server.session.become(statusIn('starting'));
    await reader.press('Connect');
    server.session.become(statusIn('ready'));
    await reader.sees('This window closes by itself.');
    server.session.become(await qrStatus({ seconds: 600 }));
    await reader.showsQr(QR_PAYLOAD);
    server.session.become(statusIn('ready'));
    await reader.sees('This window closes by itself.');
    await reader.press('Done');
    await reader.losesSight('Connect WhatsApp');
  });

  test('Esc, in the dialog, closes it and gives the focus back', async () => {
    server.session.become(await qrStatus());
    await reader.press('Connect');
    await reader.sees('Connect WhatsApp');
    await reader.key('Escape');
    await reader.losesSight('Connect WhatsApp');
    await reader.focuses('#connect-open');
  });

  test('a fault that a person must mend, at the press of Connect, is shown with its command', async () => {
    server.session.become(
      troubleStatus('failed', 'browser_not_found', 300, { action: 'sudo apt-get install -y chromium' }),
    );
    await reader.press('Try again now');
    await reader.sees('Connect WhatsApp');
    await reader.sees('There is no browser');
    expect(await reader.text('#connect-dialog code')).toBe('sudo apt-get install -y chromium');
    await waitFor(() => server.session.calls.length === 1, { what: 'the command' });
    await reader.page.click('#connect-again');
    await waitFor(() => server.session.calls.length === 2, { what: 'the second command' });
    expect(server.session.calls).toEqual(['connect', 'connect']);
  });

  test('a gateway that is gone while the QR is shown, looked at, takes the QR off the screen', async () => {
    server.session.become(await qrStatus({ seconds: 600 }));
    await reader.press('Connect');
    await reader.showsQr(QR_PAYLOAD);
    const { port } = server;
    await server[Symbol.asyncDispose]();
    await reader.sees('The gateway does not answer');
    expect(await reader.scanScreen()).toBeNull();
    server = await PageServer.start({ port });
    server.session.become(await qrStatus({ payload: `after ${QR_PAYLOAD}` }));
    await reader.showsQr(`after ${QR_PAYLOAD}`);
  });

  test('a phone number, entered, is answered with a code that is easy to type', async () => {
    server.session.become(await qrStatus());
    await reader.press('Connect');
    await reader.press('Link with phone number');
    await reader.focuses('#phone-number');
    await reader.page.keyboard.type('8 (912) 345-67-89');
    await reader.key('Enter');
    await waitFor(() => server.session.calls.length > 0, { what: 'the command' });
    expect(server.session.calls).toEqual(['pairing 79123456789']);
    server.session.become(pairingStatus('WXYZ1234', 170));
    await reader.sees('WXYZ-1234');
    await reader.sees('For +7 912 345-67-89');
    expect(await reader.screen()).toMatch(/Good for 2:\d\d/);
    // A screen reader spells it; read as a word, nobody can type it.
    expect(await reader.text('#code-spelled')).toBe('Pairing code: W, X, Y, Z, 1, 2, 3, 4');
    await reader.press('Use the QR code instead');
    await waitFor(() => server.session.calls.length > 1, { what: 'the restart' });
    expect(server.session.calls).toEqual(['pairing 79123456789', 'restart']);
  });

  test('a number that is none, entered, is refused with the reason and asked for again', async () => {
    server.session.become(await qrStatus());
    await reader.press('Connect');
    await reader.press('Link with phone number');
    await reader.page.keyboard.type('12-34');
    await reader.press('Get a code');
    await reader.sees('That is not a full phone number with country code.');
    expect(await reader.ask('document.activeElement.getAttribute("aria-invalid")')).toBe('true');
    await reader.page.keyboard.type('5');
    await reader.losesSight('That is not a full phone number with country code.');
    expect(server.session.calls).toEqual([]);
    await reader.press('Use the QR code instead');
    await reader.showsQr(QR_PAYLOAD);
  });

  test('a number that WhatsApp refuses, entered, is answered inside the dialog', async () => {
    server.session.failure = new GatewayError({ code: 'pairing_failed', message: 'refused' });
    server.session.become(await qrStatus());
    await reader.press('Connect');
    await reader.press('Link with phone number');
    await reader.page.keyboard.type('+44 7911 123456');
    await reader.press('Get a code');
    await reader.sees('That did not work: WhatsApp gave no code for this number.');
    expect(await reader.ask('document.querySelector("#connect-notice").checkVisibility()')).toBe(true);
  });
});
