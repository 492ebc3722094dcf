import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { GatewayError } from '../../src/errors.ts';
import { READY } from '../support/fake-session.ts';
import { text } from '../support/messaging.ts';
import { launchPageBrowser } from '../support/page-browser.ts';
import { pageMessaging } from '../support/page-messaging.ts';
import { PHONE, Reader, type Look } from '../support/page-reader.ts';
import { PageServer, type PageServerOptions } from '../support/page-server.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const KEY = 'a-key-of-more-than-16-characters';
const BOB = '+1 (555) 000-2222';

let browser: Browser;
beforeAll(async () => {
  browser = await launchPageBrowser();
});
afterAll(() => browser.close());

async function open(look: Look = {}, options: PageServerOptions = {}) {
  const core = pageMessaging(tempFolder());
  const server = await PageServer.start({ messaging: core.border, ...options });
  server.session.become(READY);
  const reader = await Reader.open(browser, server.url, look);
  onTestFinished(async () => {
    await reader[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    expect(reader.faults).toEqual([]);
  });
  return { ...core, server, reader };
}

/** The rows that are visible, each as its recipient and its state. */
async function rows(reader: Reader): Promise<string[]> {
  return await reader.ask(`[...document.querySelectorAll('#outbox .message')]
    .map((row) => row.querySelector('.message-to').textContent + ': ' + row.querySelector('.badge').textContent)`);
}

/** The states to choose from, each with its count. */
async function states(reader: Reader): Promise<string[]> {
  return await reader.ask(`[...document.querySelectorAll('#outbox-states .chip-words')]
    .map((words) => words.textContent + ' ' + words.parentElement.querySelector('.chip-count').textContent)`);
}

async function shows(reader: Reader, expected: string[]): Promise<void> {
  let seen: string[] = [];
  await waitFor(async () => (seen = await rows(reader)).join('\n') === expected.join('\n'), {
    what: expected.join(', '),
  }).catch((error: unknown) => {
    throw new Error(`${JSON.stringify(expected)} are not on the page, which shows ${JSON.stringify(seen)}`, {
      cause: error,
    });
  });
}

async function send(reader: Reader, to: string, words: string, button = 'Send'): Promise<void> {
  await reader.page.waitForSelector('#traffic:not([hidden])');
  if (!(await reader.ask<boolean>('document.querySelector("#send").open'))) {
    await reader.page.click('#send summary');
  }
  await reader.page.locator('#send-to').fill(to);
  await reader.page.locator('#send-text').fill(words);
  await reader.press(button);
}

describe('the outbox on the page', () => {
  test.each<[string, Look, { send: string; sent: string; read: string }]>([
    ['English on a desk', {}, { send: 'Send', sent: 'Sent', read: 'Read' }],
    [
      'Russian on a phone',
      { ...PHONE, languages: ['ru'] },
      { send: 'Отправить', sent: 'Отправлено', read: 'Прочитано' },
    ],
  ])('a test message, sent reading %s, is followed until it is read', async (_name, look, words) => {
    const { reader, connect, ledger, transport, outbox } = await open(look);
    connect();
    await send(reader, BOB, 'hello', words.send);
    await shows(reader, [`${BOB}: ${words.sent}`]);
    expect(transport.texts()).toEqual(['hello']);
    const { waId } = outbox.list({ statuses: [], before: null, limit: 1 })[0]!;
    await ledger.recordAck(waId, 2);
    await ledger.recordAck(waId, 3);
    await shows(reader, [`${BOB}: ${words.read}`]);
    expect((await reader.text('#outbox-states [aria-pressed="false"]')).trim()).toBe(`${words.read} 1`);
    expect(await reader.ask('document.querySelector("#send-text").value')).toBe('');
  });

  test('a queued message, cancelled and sent again, is two messages', async () => {
    const { reader, outbox, transport, connect } = await open();
    await outbox.accept(text('patience', BOB));
    await shows(reader, [`${BOB}: Queued`]);
    await reader.press(`Cancel the message to ${BOB}`);
    await shows(reader, [`${BOB}: Cancelled`]);
    await reader.sees('Cancelled by request.');
    await reader.press(`Send the message to ${BOB} again`);
    await shows(reader, [`${BOB}: Queued`, `${BOB}: Cancelled`]);
    // Pressed again, it is not sent a second time.
    await reader.press(`Send the message to ${BOB} again`);
    connect();
    await shows(reader, [`${BOB}: Sent`, `${BOB}: Cancelled`]);
    expect(transport.texts()).toEqual(['patience']);
  });

  test('a message that failed says why, in words', async () => {
    const { reader, outbox, transport, connect } = await open();
    transport.unknownNumbers.add('15550002222');
    await outbox.accept(text('nobody', BOB));
    connect();
    await shows(reader, [`${BOB}: Failed`]);
    await reader.sees('WhatsApp does not know this phone number.');
  });

  test('a state, chosen, shows its messages only; all of them come page by page', async () => {
    const { reader, outbox } = await open();
    const accepted = [];
    for (let at = 0; at < 45; at += 1) accepted.push(await outbox.accept(text('one of many', BOB)));
    await outbox.cancel(accepted[0]!.message.id);
    // A page that was loaded in the middle of these shows 20 rows too, and continues after another one.
    await waitFor(async () => (await states(reader)).includes('All 45'));
    await waitFor(async () => (await rows(reader)).length === 20);
    await reader.press('Show more');
    await waitFor(async () => (await rows(reader)).length === 40);
    await reader.press('Show more');
    await waitFor(async () => (await rows(reader)).length === 45);
    await reader.press('Cancelled 1');
    await shows(reader, [`${BOB}: Cancelled`]);
    await reader.press('All 45');
    await waitFor(async () => (await rows(reader)).length === 20);
  });

  test('a number and a text that are none, submitted, are named beside their fields', async () => {
    const { reader, outbox } = await open();
    await send(reader, '', '');
    await reader.sees('Enter a phone number with its country code, or a chat id.');
    await reader.focuses('#send-to');
    await send(reader, 'nobody', 'hello');
    await reader.sees('this is neither a phone number');
    await send(reader, BOB, ' ');
    await reader.sees('Write something.');
    await reader.focuses('#send-text');
    expect(outbox.counts()).toEqual({});
  });

  test('a storage that is not there, and comes, is told with its remedy and then forgotten', async () => {
    const core = pageMessaging(tempFolder());
    let failing = true;
    const failure = new GatewayError({
      code: 'storage_unavailable',
      message: '/data is on a file system that is mounted read-only',
      action: 'Give the folder to the user of the gateway: sudo chown -R 1000:1000 /data',
    });
    const { outbox } = core;
    const messages = {
      ...core.border.messages,
      get outbox() {
        if (failing) throw failure;
        return outbox;
      },
    };
    const { reader, server } = await open({}, { messaging: { ...core.border, messages } });
    await reader.sees('Messages and events cannot be stored');
    await reader.sees('sudo chown -R 1000:1000 /data');
    expect(await reader.text('#card-title')).toBe('Connected');
    expect(
      await reader.ask(
        'document.querySelector("main").firstElementChild.nextElementSibling.nextElementSibling.id',
      ),
    ).toBe('card');
    failing = false;
    await reader.sees('No messages have been sent through this gateway yet.');
    await reader.losesSight('cannot be stored');
    expect(server.session.calls).toEqual([]);
  });

  test('without the key, nothing of messages is on the page; with it, the list is there', async () => {
    const core = pageMessaging(tempFolder());
    await core.outbox.accept(text('secret', BOB));
    const { reader, server } = await open({}, { messaging: core.border, apiKey: KEY });
    await reader.sees('API key');
    expect(await reader.ask('document.querySelector("#traffic").hidden')).toBe(true);
    await reader.page.keyboard.type(KEY);
    await reader.key('Enter');
    await shows(reader, [`${BOB}: Queued`]);
    // The key is changed on the gateway: what was shown goes.
    const { port, session } = server;
    await server[Symbol.asyncDispose]();
    const other = await PageServer.start({
      messaging: core.border,
      port,
      session,
      apiKey: `new-${KEY}`,
    });
    onTestFinished(() => other[Symbol.asyncDispose]());
    await reader.sees('That key is not right.');
    expect(await reader.ask('document.querySelector("#traffic").hidden')).toBe(true);
    expect(await rows(reader)).toEqual([]);
  });

  test('a gateway that has the session alone shows the card alone', async () => {
    await using server = await PageServer.start();
    await using reader = await Reader.open(browser, server.url);
    await reader.sees('Not connected');
    await reader.page.waitForNetworkIdle();
    expect(await reader.ask('document.querySelector("#traffic").hidden')).toBe(true);
  });

  test('by keyboard, arrows go from tab to tab and one press of Tab leaves them', async () => {
    const { reader } = await open();
    await reader.sees('No messages have been sent');
    await reader.page.focus('#tab-messages');
    await reader.key('ArrowRight');
    await reader.focuses('#tab-events');
    await reader.sees('All types');
    await reader.key('Tab');
    await reader.focuses('#event-type');
    await reader.page.focus('#tab-events');
    await reader.key('Home');
    await reader.focuses('#tab-messages');
    expect(await reader.ask('document.querySelector("#panel-events").hidden')).toBe(true);
  });

  test('on a phone, nothing of the sections is wider than the screen', async () => {
    const { reader, outbox } = await open({ ...PHONE, languages: ['ru'] });
    await outbox.accept(text('x', `${'1'.repeat(15)}@c.us`));
    await waitFor(async () => (await rows(reader)).length === 1);
    await reader.page.click('#send summary');
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await reader.ask(overflow)).toBe(0);
    await reader.page.click('#tab-events');
    expect(await reader.ask(overflow)).toBe(0);
  });
});
