import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import wwebjs from 'whatsapp-web.js';

import { findBrowser } from '../../src/whatsapp/browser.ts';

export interface LinkedLibrary extends AsyncDisposable {
  readonly client: wwebjs.Client;
}

/**
 * The bare whatsapp-web.js on a browser of its own, linked and ready: the floor of the benchmarks of messages.
 * @param chromiumArgs those of the simulator
 * @param scan what the simulator's phone does when there is a QR
 */
export async function startLinkedLibrary(
  chromiumArgs: readonly string[],
  scan: () => Promise<unknown>,
): Promise<LinkedLibrary> {
  const folder = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-bench-'));
  const browser = await findBrowser({ executablePath: process.env['PUPPETEER_EXECUTABLE_PATH'] });
  Object.assign(process.env, browser.env);
  const client = new wwebjs.Client({
    authStrategy: new wwebjs.LocalAuth({ dataPath: folder }),
    webVersionCache: { type: 'none' },
    puppeteer: {
      headless: 'shell' as unknown as boolean,
      executablePath: browser.path,
      args: ['--no-sandbox', ...chromiumArgs],
      pipe: true,
    },
  });
  const ready = new Promise((resolve) => client.once('ready', resolve));
  client.once('qr', () => void scan());
  await client.initialize();
  await ready;
  return {
    client,
    [Symbol.asyncDispose]: async () => {
      await client.destroy();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
