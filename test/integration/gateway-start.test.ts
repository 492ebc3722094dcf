import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findProcessesUsingProfile } from '../../src/whatsapp/processes.ts';
import { fakeBrowser, temporaryFolder } from '../support/fake-browser.ts';
import { startGatewayRig } from '../support/gateway-rig.ts';
import { waitFor } from '../support/wait-for.ts';

/** Longer than any test: nothing is loaded because time has passed. */
const NEVER = 2 ** 30;

/** A browser that starts and never answers. */
async function muteBrowser() {
  const path = join(await temporaryFolder(), 'chromium-headless-shell');
  await fakeBrowser(path, '[ "$1" = --version ] && exit; while :; do sleep 1; done');
  return { PUPPETEER_EXECUTABLE_PATH: path };
}

describe('start of the gateway', () => {
  test('asked while the browser starts, it answers at once and messaging opens', async () => {
    await using rig = await startGatewayRig({ browserFirstMs: NEVER, env: await muteBrowser() });
    await waitFor(() => rig.status().phase === 'starting', { what: 'a browser that starts' });
    expect(() => rig.gateway.messaging).toThrow();
    const health = await fetch(`${rig.baseUrl}/health`);
    expect([health.status, await health.json()]).toMatchObject([200, { status: 'ok', whatsapp: 'idle' }]);
    expect(rig.gateway.messaging.journal).toBeDefined();
    expect(rig.status().phase).toBe('starting');
  });

  test('nobody asks, the QR is there, messaging and REST are loaded all the same', async () => {
    await using rig = await startGatewayRig({ browserFirstMs: NEVER });
    await rig.until('qr');
    await waitFor(() => rig.lines.some(({ msg }) => msg === 'outbox and journal'), { what: 'messaging' });
    const status = await fetch(`${rig.baseUrl}/api/whatsapp/status`);
    expect(await status.json()).toMatchObject({ status: 'qr', hasQr: true });
  });

  test('nobody asks and the browser takes long, they are loaded after a while', async () => {
    await using rig = await startGatewayRig({ browserFirstMs: 1, env: await muteBrowser() });
    await waitFor(() => rig.lines.some(({ msg }) => msg === 'outbox and journal'), { what: 'messaging' });
    expect(rig.status().status).toBe('idle');
  });

  test('stopped while nothing is loaded, a request that waits is cut and no browser is left', async () => {
    await using rig = await startGatewayRig({ browserFirstMs: NEVER, env: await muteBrowser() });
    const { gateway, baseUrl, sessionPath } = rig;
    const waits = fetch(`${baseUrl}/health`).catch((error: unknown) => error);
    await gateway.stop();
    await waits;
    await expect(fetch(`${baseUrl}/health`)).rejects.toThrow();
    expect(await findProcessesUsingProfile(`${sessionPath}/session-whatsapp-client`)).toEqual([]);
  });
});
