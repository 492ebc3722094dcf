import { get } from 'node:http';
import puppeteer, { type Browser, type Page } from 'puppeteer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../simulator/server.ts';
import { testBrowser } from '../support/browser.ts';
import { LibraryClient } from '../support/library-client.ts';
import { waitFor } from '../support/wait-for.ts';

const ALICE = '15550002222@c.us';

let simulator: Simulator;
let library: LibraryClient;
let browser: Browser;
let phone: Page;
const complaints: string[] = [];

beforeAll(async () => {
  simulator = await startSimulator({ qrRotateMs: 1_000, refsBeforeIdle: 1_000 });
  library = await LibraryClient.create(simulator);
  const { path, env } = await testBrowser();
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  browser = await puppeteer.launch({
    executablePath: path,
    headless: 'shell',
    env: { ...process.env, ...env },
    args: [...sandbox, '--accept-lang=ru-RU'],
  });
  phone = await browser.newPage();
  phone.on('console', (message) => complaints.push(message.text()));
  phone.on('pageerror', (error) => complaints.push(String(error)));
  await phone.setViewport({ width: 360, height: 640 });
  await phone.goto(`${simulator.controlUrl}/phone`);
});
afterAll(async () => {
  await browser.close();
  await library.stop();
  await simulator.stop();
});

const text = async (selector: string) =>
  (await phone.evaluate(`document.querySelector('${selector}').textContent`)) as string;
const conversation = () => text('#messages');
const overflow = () =>
  phone.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

test('phone, no code yet, scanning is impossible and it says why', async () => {
  await waitFor(() => phone.$('#scan[disabled]'));
  expect(await text('#devices')).toContain('Сейчас QR-кода нет');
});

test('phone, button pressed, links the device that shows the code', async () => {
  await library.client.initialize();
  await (await phone.waitForSelector('#scan:not([disabled])'))!.click();
  await library.first('ready');
  await waitFor(async () => (await text('#devices')).includes('в сети'));
});

test('phone, messages in both directions, ticks by hand', async () => {
  await phone.click('#tab-chats');
  await phone.click(`[data-chat="${ALICE}"]`);
  await phone.type('#text', 'from the phone\n');
  expect((await library.first<{ body: string }>('message')).body).toBe('from the phone');
  await library.client.sendMessage(ALICE, 'from the gateway');
  await waitFor(async () => (await conversation()).includes('from the gateway'));
  for (const [label, ack] of [
    ['Доставлено', 2],
    ['Прочитано', 3],
  ] as const) {
    const receipt = await phone.waitForSelector(`::-p-xpath(//*[@id="messages"]//button[text()="${label}"])`);
    await receipt!.click();
    await waitFor(() => library.emitted('message_ack').at(-1)?.[1] === ack);
  }
  await waitFor(async () => (await conversation()).includes('✓✓'));
  expect(await overflow()).toBe(0);
});

test('phone, device logged out, the library is told', async () => {
  await phone.click('#tab-devices');
  await (await phone.waitForSelector('#devices .plain.bad'))!.click();
  expect(await library.first('disconnected')).toBe('LOGOUT');
  expect(await overflow()).toBe(0);
});

test('phone, stale text pasted, refused in words', async () => {
  await phone.type('#qr-text', `${simulator.issuedQrs()[0]!.text}\n`);
  await waitFor(async () => (await text('#notice')).includes('устарел'));
});

test('phone, asked by a foreign name or without JSON, refused; its policy allows nothing from elsewhere', async () => {
  const { port } = new URL(simulator.controlUrl);
  const form = await fetch(`${simulator.controlUrl}/control/scan`, { method: 'POST', body: '[]' });
  expect(form.status).toBe(409);
  const status = await new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/status', headers: { host: 'evil.example' } }, (response) => {
      resolve(response.resume().statusCode);
    }).on('error', reject);
  });
  expect(status).toBe(403);
  const page = await fetch(`${simulator.controlUrl}/phone`);
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/);
  // The refused scan of the stale code is the only thing that the browser may have noted.
  expect(complaints.filter((complaint) => !complaint.includes('409'))).toEqual([]);
});
