import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { GatewayError } from '../../src/errors.ts';
import type { Journal } from '../../src/events/journal.ts';
import { READY } from '../support/fake-session.ts';
import { startGatewayRig } from '../support/gateway-rig.ts';
import { launchPageBrowser } from '../support/page-browser.ts';
import { pageMessaging, received } from '../support/page-messaging.ts';
import { Reader, type Look } from '../support/page-reader.ts';
import { PageServer, type PageServerOptions } from '../support/page-server.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchPageBrowser();
});
afterAll(() => browser.close());

async function open(look: Look = {}, options: PageServerOptions = {}, core = pageMessaging(tempFolder())) {
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

async function look(reader: Reader): Promise<void> {
  await reader.page.waitForSelector('#traffic:not([hidden])');
  await reader.page.click('#tab-events');
}

/** What the feed says, newest first. */
async function feed(reader: Reader): Promise<string[]> {
  return await reader.ask(
    `[...document.querySelectorAll('#events .event-what')].map((line) => line.textContent)`,
  );
}

async function shows(reader: Reader, expected: string[]): Promise<void> {
  let seen: string[] = [];
  await waitFor(async () => (seen = await feed(reader)).join('\n') === expected.join('\n')).catch(
    (error: unknown) => {
      throw new Error(`expected ${JSON.stringify(expected)}, the page shows ${JSON.stringify(seen)}`, {
        cause: error,
      });
    },
  );
}

describe('events on the page', () => {
  test('what happened before and what happens now, shown, is there once and the newest first', async () => {
    const core = pageMessaging(tempFolder());
    await core.journal.append(received('before'));
    const { reader } = await open({}, {}, core);
    await look(reader);
    await shows(reader, ['before']);
    await core.journal.append(received('now'));
    await shows(reader, ['now', 'before']);
    await reader.sees('+1 555 000-2222');
  });

  test('a feed that is paused counts what comes, and shows it when it goes on', async () => {
    const { reader, journal } = await open();
    await look(reader);
    await reader.sees('Nothing has happened yet.');
    await reader.press('Pause');
    for (const body of ['one', 'two', 'three']) await journal.append(received(body));
    await reader.sees('Resume, 3 new');
    expect(await feed(reader)).toEqual([]);
    await reader.press('Resume, 3 new');
    await shows(reader, ['three', 'two', 'one']);
    await reader.sees('Pause');
  });

  test('a type, chosen, is all that is shown', async () => {
    const { reader, journal } = await open();
    await look(reader);
    await journal.append(received('a message'));
    await journal.append({
      type: 'session.status',
      key: null,
      at: Date.now(),
      data: { status: 'ready', reason: null },
    });
    await shows(reader, ['ready', 'a message']);
    await reader.page.select('#event-type', 'message');
    await shows(reader, ['a message']);
    await reader.page.select('#event-type', '');
    await shows(reader, ['ready', 'a message']);
  });

  test('markup in a message, shown and opened, stays text', async () => {
    const { reader, journal } = await open();
    await look(reader);
    const attack = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script><b>bold</b>';
    await journal.append(received(attack));
    await shows(reader, [attack]);
    await reader.page.click('#events summary');
    await waitFor(async () => (await reader.text('#events pre')).includes('<script>'));
    expect(
      await reader.ask('document.querySelectorAll("#events img, #events script, #events b").length'),
    ).toBe(0);
    expect(await reader.ask('window.hacked')).toBeUndefined();
    const { data } = JSON.parse(await reader.text('#events pre')) as { data: { body: string } };
    expect(data.body).toBe(attack);
  });

  test('a burst of a thousand, shown, keeps the newest two hundred', async () => {
    const { reader, journal } = await open();
    await look(reader);
    await Promise.all(Array.from({ length: 1000 }, (_, at) => journal.append(received(`number ${at}`))));
    await waitFor(async () => (await feed(reader))[0] === 'number 999');
    const lines = await feed(reader);
    expect(lines).toEqual(Array.from({ length: 200 }, (_, at) => `number ${999 - at}`));
  });

  test('a gateway that is restarted, watched, goes on where it was: none is missing, none is twice', async () => {
    const { reader, server, border, journal } = await open();
    await look(reader);
    await journal.append(received('first'));
    await shows(reader, ['first']);
    const { port, session } = server;
    await server[Symbol.asyncDispose]();
    await reader.sees('The gateway does not answer');
    await journal.append(received('while away'));
    const again = await PageServer.start({ messaging: border, port, session });
    onTestFinished(() => again[Symbol.asyncDispose]());
    await shows(reader, ['while away', 'first']);
    await journal.append(received('after'));
    await shows(reader, ['after', 'while away', 'first']);
  });

  test('events that cannot be had say what to do, and come once they can', async () => {
    const core = pageMessaging(tempFolder());
    const wakers: ((journal: Journal) => void)[] = [];
    let failing = true;
    const failure = new GatewayError({
      code: 'storage_unavailable',
      message: '/data cannot be made: /data is a file',
      action: "Move it away: mv '/data' '/data.old'; or set DATA_PATH to another folder",
    });
    const source = {
      now: () => {
        if (failing) throw failure;
        return core.journal;
      },
      onOpen: (wake: (journal: Journal) => void) => {
        wakers.push(wake);
        return () => undefined;
      },
    };
    const border = {
      ...core.border,
      get journal() {
        return source.now();
      },
    };
    const { reader } = await open({ languages: ['ru'] }, { messaging: border, journal: source }, core);
    await reader.sees('Сообщения и события негде хранить');
    await reader.sees("mv '/data' '/data.old'");
    await reader.sees('Что именно сообщает шлюз');
    failing = false;
    for (const wake of wakers) wake(core.journal);
    await reader.losesSight('негде хранить');
    await look(reader);
    await core.journal.append(received('снова здесь'));
    await shows(reader, ['снова здесь']);
  });

  test('the language, changed, changes the feed', async () => {
    const { reader, outbox } = await open();
    await look(reader);
    const { message } = await outbox.accept({ type: 'text', to: '+1 555 000-2222', text: 'x' });
    await outbox.cancel(message.id);
    await shows(reader, ['Cancelled']);
    await reader.page.select('#language', 'ru');
    await shows(reader, ['Отменено']);
    await reader.sees('Пауза');
  });
});

describe('messages and events of a whole gateway', () => {
  test('a person sends one and sees it read; somebody answers and it is in the feed', async () => {
    await using rig = await startGatewayRig();
    rig.simulator.setAutoAck(3);
    await rig.until('qr');
    await rig.simulator.scan();
    await rig.until('ready');
    await using reader = await Reader.open(browser, `${rig.baseUrl}/whatsapp`);
    await reader.page.waitForSelector('#traffic:not([hidden])');
    await reader.page.click('#send summary');
    await reader.page.locator('#send-to').fill('+1 (555) 000-2222');
    await reader.page.locator('#send-text').fill('hello from the page');
    await reader.press('Send');
    await waitFor(async () => (await reader.text('#outbox .badge')) === 'Read', { what: 'Read' });
    expect(rig.simulator.sent().map(({ body }) => body)).toEqual(['hello from the page']);
    await reader.page.click('#tab-events');
    await rig.simulator.receive({ from: '15550002222', body: 'hello <b>back</b>' });
    await waitFor(async () => (await feed(reader)).includes('hello <b>back</b>'), { what: 'the answer' });
    expect(JSON.stringify(rig.lines)).not.toMatch(/hello (from|<b>back)/);
    expect(reader.faults).toEqual([]);
  });
});
