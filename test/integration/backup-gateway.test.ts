import { join } from 'node:path';
import { expect, test } from 'vitest';

import { SessionFolder } from '../../src/session/session-folder.ts';
import { SILENT_LOG } from '../../src/silent-log.ts';
import { end, folderRig } from '../support/folder-rig.ts';
import { startGatewayRig } from '../support/gateway-rig.ts';
import { waitFor } from '../support/wait-for.ts';

const rig = folderRig();

test('gateway, started during a backup, waits with the reason and goes on by itself', async () => {
  await using gateway = await startGatewayRig({ env: { WHATSAPP_AUTO_CONNECT: 'false' } });
  const backup = new SessionFolder({
    path: gateway.sessionPath,
    clientId: 'whatsapp-client',
    log: SILENT_LOG,
  });
  await backup.reserve();
  gateway.gateway.session.connect();
  const { reason } = await gateway.until('error');
  expect(reason).toMatchObject({
    code: 'profile_in_use',
    message: expect.stringMatching(
      /^A backup or restore of this login is under way: process \d+ on/,
    ) as string,
    action: 'Wait until it has ended; the gateway then goes on by itself.',
  });
  await backup.release();
  await gateway.until('qr');
});

test('gateway, a browser that it must not end is on the profile, starts no second one', async () => {
  // The first flag tells the locks of Chromium, the last one what Chromium itself would take.
  await using gateway = await startGatewayRig({
    env: { WHATSAPP_AUTO_CONNECT: 'false', PUPPETEER_EXECUTABLE_PATH: '/nowhere/chromium' },
  });
  const profile = join(gateway.sessionPath, 'session-whatsapp-client');
  const browser = await rig.pretendBrowser(profile, [`--user-data-dir=${rig.place}`]);
  gateway.gateway.session.connect();
  const { reason } = await gateway.until('error');
  expect(reason).toMatchObject({
    code: 'profile_in_use',
    message: expect.stringContaining(`A browser still uses this login: process ${browser.pid}`) as string,
    action: `End it: kill ${browser.pid}`,
  });
  await end(browser);
  await waitFor(() => gateway.status().reason?.code === 'browser_not_found', {
    what: 'the next thing that is wrong',
  });
});
