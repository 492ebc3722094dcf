import type { Browser } from 'puppeteer';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { launchPageBrowser } from '../support/page-browser.ts';
import { Reader } from '../support/page-reader.ts';
import { PageServer } from '../support/page-server.ts';
import { QR_PAYLOAD, qrStatus, statusIn } from '../support/page-statuses.ts';
import { waitFor } from '../support/wait-for.ts';

const KEY = 'a-key-of-more-than-16-characters';
const STORED = '[JSON.stringify(sessionStorage), JSON.stringify(localStorage), document.cookie]';

describe('a gateway with a key', () => {
  let browser: Browser;
  let server: PageServer;
  let reader: Reader;

  beforeAll(async () => {
    browser = await launchPageBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = await PageServer.start({ apiKey: KEY });
    server.session.become(await qrStatus({ seconds: 600 }));
    reader = await Reader.open(browser, server.url);
    await reader.sees('API key');
  });
  afterEach(async () => {
    const { faults } = reader;
    await reader[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    expect(faults).toEqual([]);
  });

  test('the page, opened without it, asks for it and shows nothing else', async () => {
    await reader.focuses('#key-input');
    expect(await reader.screen()).not.toContain('Waiting for your phone');
    expect(await reader.ask('document.querySelector("#qr-image").hasAttribute("src")')).toBe(false);
  });

  test('the right key, entered, opens the page and is kept for this tab only', async () => {
    await reader.page.keyboard.type(KEY);
    await reader.key('Enter');
    await reader.sees('Waiting for your phone');
    const [session, local, cookie] = await reader.ask<string[]>(STORED);
    expect(session).toContain(KEY);
    expect(local).not.toContain(KEY);
    expect(cookie).toBe('');
    await reader.page.reload();
    await reader.press('Connect');
    await reader.showsQr(QR_PAYLOAD);
  });

  test('a wrong key, entered, is named as wrong and not kept', async () => {
    await reader.page.keyboard.type('wrong-wrong-wrong-wrong');
    await reader.press('Unlock');
    await reader.sees('That key is not right.');
    await reader.focuses('#key-input');
    expect((await reader.ask<string[]>(STORED)).join()).not.toContain('wrong-wrong');
    // The wrong one is selected: what is typed replaces it.
    await reader.page.keyboard.type(KEY);
    await reader.key('Enter');
    await reader.sees('Waiting for your phone');
  });

  test('no key, submitted, is asked for again', async () => {
    await reader.press('Unlock');
    await reader.sees('Enter the key.');
  });

  test('the prompt, dismissed, leaves a way back to it', async () => {
    await reader.key('Escape');
    await reader.losesSight('API_KEY');
    await reader.sees('This gateway asks for a key');
    expect(await reader.buttons()).toEqual(['Enter the key']);
    await reader.press('Enter the key');
    await reader.page.keyboard.type(KEY);
    await reader.key('Enter');
    await reader.sees('Waiting for your phone');
  });

  test('commands, sent with the key, are taken', async () => {
    server.session.become(statusIn('ready'));
    await reader.page.keyboard.type(KEY);
    await reader.key('Enter');
    await reader.press('Restart');
    await waitFor(() => server.session.calls.length > 0, { what: 'the command' });
    expect(server.session.calls).toEqual(['restart']);
  });

  test('a key that was changed on the gateway, after its restart, is asked for anew', async () => {
    await reader.page.keyboard.type(KEY);
    await reader.key('Enter');
    await reader.press('Connect');
    await reader.showsQr(QR_PAYLOAD);
    const { port, session } = server;
    await server[Symbol.asyncDispose]();
    server = await PageServer.start({ port, session, apiKey: `another-${KEY}` });
    await reader.sees('That key is not right.');
    expect(await reader.scanScreen()).toBeNull();
    expect((await reader.ask<string[]>(STORED)).join()).not.toContain(KEY);
  });
});
