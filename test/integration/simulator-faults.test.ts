import puppeteer, { type Browser, type Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Faults, type Simulator, startSimulator } from '../simulator/server.ts';
import { LibraryClient } from '../support/library-client.ts';
import { testBrowser } from '../support/browser.ts';
import { waitFor } from '../support/wait-for.ts';

const URL = 'https://web.whatsapp.com/';

describe('simulator, loading of the page', () => {
  let simulator: Simulator;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    simulator = await startSimulator();
    const { path, env } = await testBrowser();
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await puppeteer.launch({
      executablePath: path,
      headless: 'shell',
      env: { ...process.env, ...env },
      pipe: true,
      args: [...sandbox, ...simulator.chromiumArgs],
    });
    page = (await browser.pages())[0]!;
  });
  afterAll(async () => {
    await browser.close();
    await simulator.stop();
  });
  afterEach(() => simulator.clearFaults());

  const load = async (fault: keyof Faults, options: { timeout?: number } = {}) => {
    await simulator.setFault(fault, true);
    return page.goto(URL, { waitUntil: 'load', ...options });
  };

  test.each([
    ['refuse', 'net::ERR_CONNECTION_REFUSED'],
    ['reset', 'net::ERR_CONNECTION_RESET'],
    ['hangHeaders', 'Navigation timeout'],
    ['hangBody', 'Navigation timeout'],
  ] as const)('fault %s, the navigation fails with %s', async (fault, message) => {
    await expect(load(fault, { timeout: 1_000 })).rejects.toThrow(message);
  });

  test('fault http500, answered with 500', async () => {
    expect((await load('http500'))?.status()).toBe(500);
  });

  test('fault unsupportedBrowser, a page without scripts', async () => {
    await load('unsupportedBrowser');
    expect(await page.evaluate('document.body.innerText')).toContain('update your browser');
    expect(await page.evaluate('typeof window.require')).toBe('undefined');
  });

  test('fault noVersion, scripts without a version', async () => {
    await load('noVersion');
    await waitFor(() => page.evaluate('window.Debug'));
    expect(await page.evaluate('window.Debug.VERSION')).toBeUndefined();
  });

  test('fault stuckOpening, connected to the server and never past OPENING', async () => {
    await load('stuckOpening');
    await waitFor(() =>
      simulator.issuedQrs().some(({ pageId }) => simulator.pages().some(({ id }) => id === pageId)),
    );
    expect(await page.evaluate('require("WAWebSocketModel").Socket.state')).toBe('OPENING');
  });

  test.each([
    ['outdated', 'DEPRECATED_VERSION'],
    ['blocked', 'TOS_BLOCK'],
  ] as const)('fault %s, the page says so in place of the login', async (fault, state) => {
    await load(fault);
    await waitFor(() => simulator.pages().some((known) => known.state === state));
    expect(await page.evaluate('document.getElementById("notice").dataset.notice')).toBe(fault);
  });

  test('no fault, the page comes and nothing else can be reached; unknown modules throw', async () => {
    expect((await page.goto(URL))?.status()).toBe(200);
    await waitFor(() => page.evaluate('window.Debug?.VERSION'));
    await expect(page.evaluate('require("WAWebNoSuchModule")')).rejects.toThrow('unknown module');
    await expect(page.goto('https://example.com/')).rejects.toThrow('net::ERR_NAME_NOT_RESOLVED');
  });
});

describe('simulator, linking', () => {
  let simulator: Simulator;
  let library: LibraryClient;
  beforeAll(async () => {
    simulator = await startSimulator({ qrRotateMs: 250, refsBeforeIdle: 3 });
    library = await LibraryClient.create(simulator);
    await library.client.initialize();
  });
  afterAll(async () => {
    await library.stop();
    await simulator.stop();
  });
  const state = () => simulator.pages()[0]?.state;

  test('unattended, after some codes the page is idle and its last code is worth nothing', async () => {
    await waitFor(() => state() === 'UNPAIRED_IDLE');
    expect(simulator.issuedQrs()).toHaveLength(3);
    expect(simulator.currentQr()).toBeNull();
    await expect(simulator.scan()).rejects.toMatchObject({ code: 'no_qr' });
    await library.client.pupPage!.evaluate('require("WAWebCmd").Cmd.refreshQR()');
    await waitFor(() => simulator.issuedQrs().length > 3);
  });

  test('pairing code, refused and wrong and right; a passkey stops it', async () => {
    await simulator.setFault('pairingRefused', true);
    await expect(library.client.requestPairingCode('15550001111')).rejects.toThrow('pairing refused');
    await simulator.setFault('pairingRefused', false);
    const code = await library.client.requestPairingCode('15550001111');
    expect(code).toBe(simulator.pairingCode()?.code);
    await expect(simulator.enterPairingCode('WRONGONE')).rejects.toMatchObject({ code: 'wrong_code' });
    await simulator.setFault('passkey', true);
    expect(await simulator.enterPairingCode(code)).toBeNull();
    expect(await library.client.pupPage!.evaluate('document.body.innerText')).toContain('passkey');
    await simulator.clearFaults();

    const issued = simulator.issuedQrs().length;
    await library.client.pupPage!.reload();
    await waitFor(() => simulator.issuedQrs().length > issued);
    const again = await waitFor(() => library.client.requestPairingCode('15550001111'));
    await simulator.enterPairingCode(`${again.slice(0, 4)}-${again.slice(4).toLowerCase()}`);
    await library.first('ready');
    expect(simulator.devices()).toMatchObject([{ by: 'code' }]);
  });

  test('fault lateRef, the first code of a fresh profile is none', async () => {
    await using fresh = await startSimulator();
    await fresh.setFault('lateRef', true);
    await using other = await LibraryClient.create(fresh);
    await other.client.initialize();
    expect(await other.first<string>('qr')).toMatch(/^undefined,/);
    await waitFor(() => other.emitted('qr').at(-1)?.[0] === fresh.currentQr()?.text);
  });
});
