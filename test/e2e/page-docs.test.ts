import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { EVENT_TYPES } from '../../src/events/types.ts';
import { OPERATIONS } from '../../src/http/openapi/document.ts';
import { launchPageBrowser } from '../support/page-browser.ts';
import { PHONE, Reader } from '../support/page-reader.ts';
import { PageServer } from '../support/page-server.ts';

const KEY = 'correct-horse-battery-staple';
let browser: Browser;
beforeAll(async () => {
  browser = await launchPageBrowser();
});
afterAll(() => browser.close());

test.each([
  ['on a desk', {}],
  ['on a phone in the dark', { ...PHONE, dark: true }],
])('the page of the API, %s, shows every call, with nothing from elsewhere', async (_name, look) => {
  await using server = await PageServer.start({ apiKey: KEY });
  const url = server.url.replace(/\/whatsapp$/, '/api/docs');
  await using reader = await Reader.open(browser, url, look);
  await reader.page.waitForSelector('.opblock-summary-path');
  // A gateway that serves the session alone describes all of it.
  const shown = await reader.page.evaluate("document.querySelectorAll('.opblock').length");
  expect(shown).toBe(OPERATIONS.length + EVENT_TYPES.length);
  expect(reader.faults).toEqual([]);
  const origins = await reader.page.evaluate(() =>
    performance.getEntriesByType('resource').map(({ name }) => new URL(name).origin),
  );
  expect(new Set(origins)).toEqual(new Set([new URL(url).origin]));
});

test('a call is tried with a key that is typed in, and the answer is shown', async () => {
  await using server = await PageServer.start({ apiKey: KEY });
  await using reader = await Reader.open(browser, server.url.replace(/\/whatsapp$/, '/api/docs'));
  const { page } = reader;
  await page.locator('.authorize').click();
  await page.locator('.modal-ux input').fill(KEY);
  await page.locator('.modal-ux .auth.authorize').click();
  await page.locator('.modal-ux .btn-done').click();
  await page.locator('#operations-WhatsApp-connect .opblock-summary-control').click();
  await page.locator('#operations-WhatsApp-connect .execute').click();
  await page.waitForFunction(
    "document.querySelector('#operations-WhatsApp-connect .live-responses-table')?.textContent.includes('202')",
    { timeout: 10_000 },
  );
  expect(reader.faults).toEqual([]);
});
