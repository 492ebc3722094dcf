import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startGatewayRig } from '../support/gateway-rig.ts';
import { launchPageBrowser } from '../support/page-browser.ts';
import { PHONE, Reader, type Look } from '../support/page-reader.ts';
import { waitFor } from '../support/wait-for.ts';

/** The gateway as it is, with its own browser on a simulated WhatsApp, and somebody who looks at the page. */
describe('the page of a whole gateway', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchPageBrowser();
  });
  afterAll(() => browser.close());

  test.each<[string, Look, { connect: string; stopped: string; ready: string }]>([
    ['English on a desk', {}, { connect: 'Connect', stopped: 'Not connected', ready: 'Connected' }],
    [
      'Russian on a phone',
      { ...PHONE, languages: ['ru-RU', 'ru'] },
      { connect: 'Подключить', stopped: 'Не подключено', ready: 'Подключено' },
    ],
  ])('a person, reading %s, connects a phone by the QR on the screen', async (_name, look, words) => {
    await using rig = await startGatewayRig({ env: { WHATSAPP_AUTO_CONNECT: 'false' } });
    await using reader = await Reader.open(browser, `${rig.baseUrl}/whatsapp`, look);
    await reader.sees(words.stopped);
    await reader.press(words.connect);

    const scanned = await waitFor(() => reader.scanScreen(), { what: 'a QR on the screen' });
    expect(rig.simulator.issuedQrs().map(({ text }) => text)).toContain(scanned);
    await rig.simulator.scan({ qr: scanned });

    await waitFor(async () => (await reader.text('#card-title')) === words.ready, { what: words.ready });
    expect(await reader.text('#account-name')).toBe(rig.simulator.options.account.pushname);
    await waitFor(
      async () => !(await reader.ask<boolean>('document.querySelector("#connect-dialog").open')),
      {
        what: 'the end of the dialog',
      },
    );
    expect(reader.faults).toEqual([]);
  });

  test('a person, without a camera, connects a phone by a pairing code', async () => {
    await using rig = await startGatewayRig();
    await using reader = await Reader.open(browser, `${rig.baseUrl}/whatsapp`);
    await reader.sees('Waiting for your phone');
    await reader.press('Connect');
    await reader.press('Link with phone number');
    await reader.page.keyboard.type('+1 555 000-1111');
    await reader.key('Enter');
    await reader.sees('Type this code on your phone');
    const shown = (await reader.text('#code-value')).replace('-', '');
    expect(shown).toBe(rig.simulator.pairingCode()?.code);
    await rig.simulator.enterPairingCode(shown);
    await waitFor(async () => (await reader.text('#card-title')) === 'Connected', { what: 'Connected' });
    expect(reader.faults).toEqual([]);
  });

  test('a gateway that is stopped and started, watched, comes back connected without a QR', async () => {
    await using rig = await startGatewayRig({ env: { PORT: String(await freePort()) } });
    await using reader = await Reader.open(browser, `${rig.baseUrl}/whatsapp`);
    await reader.press('Connect');
    const scanned = await waitFor(() => reader.scanScreen(), { what: 'a QR on the screen' });
    await rig.simulator.scan({ qr: scanned });
    await reader.sees('This window closes by itself.');
    await reader.ask(`
      window.titles = [],
      new MutationObserver(() => window.titles.push(document.querySelector('#card-title').textContent))
        .observe(document.querySelector('#card-title'), { childList: true })`);
    await rig.restartProcess();
    await rig.until('ready');
    await waitFor(async () => (await reader.text('#card-title')) === 'Connected', { what: 'Connected' });
    const titles = await reader.ask<string[]>('window.titles');
    expect(titles).toContain('The gateway does not answer');
    expect(titles).not.toContain('Waiting for your phone');
  });

  test('a login, logged out on the page, is gone from the phone and asks for a new QR', async () => {
    await using rig = await startGatewayRig();
    await using reader = await Reader.open(browser, `${rig.baseUrl}/whatsapp`);
    await reader.press('Connect');
    await rig.simulator.scan({ qr: await waitFor(() => reader.scanScreen(), { what: 'a QR' }) });
    await reader.press('Done');
    await reader.press('Log out');
    await reader.sees('Log out of WhatsApp?');
    await reader.page.click('#logout-confirm');
    await reader.sees('Logged out of WhatsApp');
    expect(rig.simulator.devices().filter(({ revokedAt }) => revokedAt === null)).toEqual([]);
    await reader.press('Connect');
    await waitFor(() => reader.scanScreen(), { what: 'a new QR' });
    expect(reader.faults).toEqual([]);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
