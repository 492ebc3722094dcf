import { createServer, request } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import type { Browser } from 'puppeteer';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { GatewayError } from '../../src/errors.ts';
import type { StatusBody } from '../../src/session/status.ts';
import { launchPageBrowser } from '../support/page-browser.ts';
import { Reader } from '../support/page-reader.ts';
import { PageServer } from '../support/page-server.ts';
import { CHOWN, qrStatus, statusIn, troubleStatus } from '../support/page-statuses.ts';
import { waitFor } from '../support/wait-for.ts';

const NOT_WRITABLE = {
  message: 'Cannot write to /app/.wwebjs_auth: permission denied',
  action: `On the host, in the folder of the compose file: sudo ./fix-permissions.sh  (or: ${CHOWN})`,
};

describe('the status card', () => {
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

  // Made when they are shown: their times are of that moment.
  test.each<[string, () => StatusBody, string, string[]]>([
    ['stopped', () => statusIn('stopped'), 'Not connected', ['Connect']],
    ['checking', () => statusIn('checking'), 'Checking the session folder', ['Connect', 'Disconnect']],
    ['starting', () => statusIn('starting'), 'Opening WhatsApp Web', ['Connect', 'Disconnect']],
    ['syncing', () => statusIn('syncing', { progress: 70 }), '70 %', ['Restart', 'Disconnect', 'Log out']],
    ['ready', () => statusIn('ready'), '+7 912 345-67-89 · on iPhone', ['Restart', 'Disconnect', 'Log out']],
    [
      'reconnecting',
      () => statusIn('reconnecting'),
      'Connection interrupted',
      ['Restart', 'Disconnect', 'Log out'],
    ],
    ['stopping', () => statusIn('stopping'), 'Stopping…', []],
    [
      'waiting',
      () => troubleStatus('waiting', 'load_timeout', 600),
      'Trying again by itself in 9:',
      ['Try again now', 'Disconnect', 'Log out'],
    ],
    [
      'failed',
      () => troubleStatus('failed', 'browser_not_found', 90),
      'There is no browser',
      ['Try again now'],
    ],
    [
      'given up',
      () => troubleStatus('failed', 'blocked', null),
      'does not try again by itself',
      ['Try again now', 'Log out'],
    ],
    [
      'stuck',
      () => troubleStatus('stuck', 'browser_unresponsive', null),
      'The browser cannot be ended',
      ['Try again now'],
    ],
  ])(
    '%s, told by the gateway, is shown in words with what can be done',
    async (_name, status, words, buttons) => {
      server.session.become(status());
      await reader.sees(words);
      expect(await reader.buttons()).toEqual(buttons);
      expect(await reader.page.title()).toContain(await reader.text('#card-title'));
    },
  );

  test('waiting, while it waits, counts down and then says that it tries', async () => {
    server.session.become(troubleStatus('waiting', 'load_timeout', 2));
    await reader.sees('Trying again by itself in 0:0');
    await reader.sees('Trying again now…');
  });

  test('a folder that is not writable, shown, gives the commands with copy buttons', async () => {
    await reader.allowClipboard();
    server.session.become(troubleStatus('failed', 'session_path_not_writable', 300, NOT_WRITABLE));
    await reader.sees('The session folder is not writable');
    await reader.sees('The gateway looks again by itself');
    expect(
      await reader.ask('[...document.querySelectorAll("#card code")].map((code) => code.textContent)'),
    ).toEqual(['sudo ./fix-permissions.sh', CHOWN]);
    expect(await reader.buttons()).toEqual(['Copy this line', 'Copy this line', 'Try again now']);
    await reader.page.click('#card li:last-child button');
    await reader.sees('Copied');
    expect(await reader.ask('navigator.clipboard.readText()')).toBe(CHOWN);
  });

  test('the copy button, on plain http where browsers have no clipboard API, copies all the same', async () => {
    await using plain = await Reader.open(browser, server.url, {
      before: `
        Object.defineProperty(navigator, 'clipboard', { value: undefined });
        document.addEventListener('copy', () => { window.copied = getSelection().toString(); });`,
    });
    server.session.become(troubleStatus('failed', 'session_path_not_writable', 300, NOT_WRITABLE));
    await plain.sees('sudo chown');
    await plain.page.click('#card li:last-child button');
    await plain.sees('Copied');
    expect(await plain.ask('window.copied')).toBe(CHOWN);
  });

  test('details, opened, are the words of the gateway', async () => {
    server.session.become(troubleStatus('failed', 'session_path_not_writable', 300, NOT_WRITABLE));
    await reader.sees('What exactly the gateway reports');
    expect(await reader.screen()).not.toContain(NOT_WRITABLE.message);
    await reader.page.click('#card summary');
    await reader.sees(NOT_WRITABLE.message);
  });

  test('a folder that has been put right, told by the gateway, takes its commands off the page', async () => {
    server.session.become(troubleStatus('failed', 'session_path_not_writable', 300, NOT_WRITABLE));
    await reader.sees(CHOWN);
    server.session.become(statusIn('starting'));
    await reader.losesSight(CHOWN);
    await reader.sees('Opening WhatsApp Web');
  });

  test('waiting for a scan after the phone has logged out, shown, says why', async () => {
    const reason = { code: 'logged_out', message: '', action: null, retryAt: null } as const;
    server.session.become({ ...(await qrStatus()), reason });
    await reader.sees('Waiting for your phone');
    await reader.sees('The phone is no longer linked.');
  });

  test.each([
    ['Restart', 'restart'],
    ['Disconnect', 'disconnect'],
  ])('%s, pressed, asks the gateway for it', async (name, call) => {
    server.session.become(statusIn('ready'));
    await reader.press(name);
    await waitFor(() => server.session.calls.length > 0, { what: 'a command' });
    expect(server.session.calls).toEqual([call]);
  });

  test('Log out, pressed and cancelled, changes nothing', async () => {
    server.session.become(statusIn('ready'));
    await reader.press('Log out');
    await reader.sees('Log out of WhatsApp?');
    await reader.focuses('#logout-cancel');
    await reader.press('Cancel');
    await reader.losesSight('Log out of WhatsApp?');
    await reader.focuses('#logout-open');
    expect(server.session.calls).toEqual([]);
  });

  test('Log out while disconnected, says that the phone is not told, before and after', async () => {
    const reason = { code: 'stopped', message: '', action: null, retryAt: null } as const;
    server.session.become(statusIn('stopped', { reason }));
    await reader.press('Log out');
    await reader.sees('cannot tell WhatsApp');
    await reader.losesSight('This gateway disappears from the linked devices');
    await reader.press('Cancel');
    server.session.become(statusIn('stopped', { reason: { ...reason, code: 'unlink_unconfirmed' } }));
    await reader.sees('your phone may not know it');
    await reader.losesSight('Log out');
  });

  test('Log out, confirmed but not by WhatsApp, says where to look', async () => {
    server.session.unlinkConfirmed = false;
    server.session.become(statusIn('ready'));
    await reader.press('Log out');
    await reader.sees('The stored login is deleted.');
    await reader.page.click('#logout-confirm');
    await reader.sees('WhatsApp did not confirm the unlink');
    expect(server.session.calls).toEqual(['logout']);
    await reader.press('Dismiss');
    await reader.losesSight('WhatsApp did not confirm the unlink');
  });

  test('a command that the gateway refuses, pressed, is answered in words', async () => {
    server.session.become(statusIn('ready'));
    server.session.failure = new GatewayError({
      code: 'wrong_state',
      message: 'The gateway is shutting down',
    });
    await reader.press('Restart');
    await reader.sees('That did not work: it is not possible in the present state.');
    server.session.failure = null;
    await reader.press('Restart');
    await reader.losesSight('That did not work');
  });

  test('a proxy that hides the address of the page, in between, is named as the cause', async () => {
    await using proxy = await hidingProxy(server.port);
    server.session.become(statusIn('ready'));
    await using visitor = await Reader.open(browser, `${proxy.origin}/whatsapp`);
    await visitor.press('Restart');
    await visitor.sees(`CORS_ORIGINS=${proxy.origin}`);
  });

  test('a button that goes away while it has the focus, pressed, leaves the focus at the state', async () => {
    server.session.become(statusIn('ready'));
    await reader.sees('Анна Петрова');
    await reader.page.focus('#disconnect');
    await reader.key('Enter');
    server.session.become(statusIn('stopping'));
    await reader.focuses('#card-title');
  });

  test('a browser that keeps nothing, opened, works all the same', async () => {
    await using reader = await Reader.open(browser, server.url, {
      before: `
        for (const kind of ['localStorage', 'sessionStorage']) {
          Object.defineProperty(window, kind, { get: () => { throw new DOMException('denied', 'SecurityError'); } });
        }`,
    });
    await reader.sees('Not connected');
    await reader.page.select('#language', 'ru');
    await reader.sees('Не подключено');
    expect(reader.faults).toEqual([]);
  });

  test('a gateway that is gone and comes back, looked at, is told truly at every moment', async () => {
    server.session.become(await qrStatus({ seconds: 600 }));
    await reader.sees('Waiting for your phone');
    const { port } = server;
    await server[Symbol.asyncDispose]();
    await reader.sees('The gateway does not answer');
    expect(await reader.buttons()).toEqual([]);
    expect(await reader.ask('document.querySelector("#qr-image").hasAttribute("src")')).toBe(false);
    server = await PageServer.start({ port });
    server.session.become(statusIn('ready'));
    await reader.sees('Анна Петрова');
    expect(await reader.screen()).not.toContain('does not answer');
  });

  test('a gateway that takes connections and answers nothing, as a hanging one does, is told at once', async () => {
    server.session.become(await qrStatus({ seconds: 600 }));
    await reader.sees('Waiting for your phone');
    const { port } = server;
    await server[Symbol.asyncDispose]();
    await using silent = await silentServer(port);
    await reader.sees('The gateway does not answer');
    expect(await reader.ask('document.querySelector("#qr-image").hasAttribute("src")')).toBe(false);
    await waitFor(() => silent.connections > 0, { what: 'a try of the page to come back' });
  });

  test('the version of the gateway, once it is known, stands at the foot', async () => {
    await reader.sees('Version 1.2.3');
  });

  test('the foot, leads to the calls for programs', async () => {
    await reader.sees('API for programs');
    expect(await reader.ask('document.querySelector("footer a").href')).toBe(
      new URL('/api/docs', server.url).href,
    );
  });
});

async function silentServer(port: number): Promise<AsyncDisposable & { readonly connections: number }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    get connections() {
      return sockets.size;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A reverse proxy that puts its own name for the gateway into the Host header, as nginx does unless told otherwise. */
async function hidingProxy(target: number): Promise<AsyncDisposable & { readonly origin: string }> {
  const proxy = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const onwards = request(
      { port: target, host: '127.0.0.1', method, path: url, headers: { ...headers, host: 'upstream' } },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onwards.on('error', () => outgoing.destroy());
    incoming.pipe(onwards);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
