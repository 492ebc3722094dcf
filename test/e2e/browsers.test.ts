import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findBrowser, type FindBrowserOptions } from '../../src/whatsapp/browser.ts';
import { startSimulator } from '../simulator/server.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { removeFolder } from '../support/remove-folder.ts';

/** Each kind of browser that users have, looked for on this machine. */
const KINDS: Record<string, FindBrowserOptions> = {
  "Debian's headless shell": { systemBrowsers: ['chromium-headless-shell'] },
  'full Chromium or Chrome': { systemBrowsers: ['chromium', 'google-chrome-stable', 'google-chrome'] },
  'the one that comes with npm': { systemBrowsers: [] },
};

for (const [name, where] of Object.entries(KINDS)) {
  // No puppeteer cache here: it would stand in for each of them.
  const env = { ...process.env, PUPPETEER_CACHE_DIR: '/nonexistent' };
  const found = await findBrowser({ ...where, env }).catch(() => null);
  const wanted = 'systemBrowsers' in where && where.systemBrowsers.length === 0 ? 'bundled' : 'system';
  const reason = found?.source === wanted ? '' : ' (SKIPPED: not on this machine)';

  describe.skipIf(reason !== '')(`gateway in ${name}${reason}`, () => {
    it('QR, scan, ready, and ready again after a restart', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-browsers-'));
      await using simulator = await startSimulator();
      // The bundled one is found by itself when the machine has no other: only then does it need its libraries.
      const settings = {
        env: {
          WHATSAPP_SESSION_PATH: folder,
          CHROMIUM_ARGS: simulator.chromiumArgsLine,
          PUPPETEER_EXECUTABLE_PATH: found?.path ?? '',
        },
      };
      try {
        await using gateway = new GatewayProcess(settings);
        await gateway.until(({ hasQr }) => hasQr, `a QR in ${name}`);
        await simulator.scan();
        await gateway.until(({ isReady }) => isReady, 'ready');
        expect((await gateway.end()).code).toBe(0);
        await using again = new GatewayProcess(settings);
        await again.until(({ isReady }) => isReady, 'ready again');
        expect(again.said('[WA] event=qr')).toEqual([]);
        expect((await again.end()).code).toBe(0);
      } finally {
        await removeFolder(folder);
      }
    });
  });
}
