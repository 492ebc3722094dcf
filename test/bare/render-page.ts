/**
 * Finds the browser as the gateway does, on a machine that has none, and renders a page with it.
 * Prints figures; exits 1 with the reason when something is missing.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer';
import { browserArgs, launchOptions } from '../../src/whatsapp/browser-launch.ts';
import { sandboxUsable } from '../../src/whatsapp/browser-sandbox.ts';
import { findBrowser } from '../../src/whatsapp/browser.ts';
import { processGroupMembers } from '../../src/whatsapp/processes.ts';

const say = (text: string) => process.stdout.write(`# ${text}\n`);
const millisecondsSince = (began: number) => Math.round(performance.now() - began);

let began = performance.now();
const found = await findBrowser();
say(`${found.source} ${found.kind}, found and unpacked in ${millisecondsSince(began)} ms`);
if (found.source !== 'bundled') throw new Error(`the machine is not bare: ${found.path}`);
if (found.env['LD_LIBRARY_PATH'] === undefined)
  throw new Error('the machine is not bare: it has the libraries');
began = performance.now();
await findBrowser();
say(`found again in ${millisecondsSince(began)} ms`);

const sandbox = await sandboxUsable(found);
say(sandbox.usable ? 'with sandbox' : `without sandbox: ${sandbox.reason}`);

const folder = await mkdtemp(join(tmpdir(), 'bare-'));
began = performance.now();
const browser = await puppeteer.launch(
  launchOptions({
    found,
    args: browserArgs({ extraArgs: [], sandbox: sandbox.usable }),
    userDataDir: join(folder, 'profile'),
    protocolTimeoutMs: 60_000,
    launchTimeoutMs: 60_000,
  }),
);
try {
  say(`launched in ${millisecondsSince(began)} ms`);
  const page = await browser.newPage();
  const errors: unknown[] = [];
  page.on('error', (error) => errors.push(error));
  await page.setContent(
    '<span style="font: 40px sans-serif">iiii</span><br><span style="font: 40px serif">WWWW</span>',
  );
  const [narrow = 0, wide = 0] = (await page.evaluate(
    '[...document.querySelectorAll("span")].map((span) => span.getBoundingClientRect().width)',
  )) as number[];
  if (!(narrow > 0 && wide > narrow * 1.5))
    throw new Error(`text is not rendered: ${narrow} and ${wide} px wide`);
  const picture = await page.screenshot();
  if (picture.length < 1_000 || errors.length > 0)
    throw new Error('no picture of the page', { cause: errors });
  const members = processGroupMembers(browser.process()?.pid ?? 0);
  const memory = await Promise.all(members.map(async ({ pid }) => await pssOf(pid)));
  const sum = memory.reduce((total, part) => total + part, 0);
  say(`${members.length} processes, ${Math.round(sum / 1024)} MB (PSS) on a page of two words`);
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}

/** In KiB. */
async function pssOf(pid: number): Promise<number> {
  return Number(/^Pss:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
}
