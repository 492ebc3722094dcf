import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GatewayProcess } from '../support/gateway-process.ts';
import { withoutModule } from '../support/without-module.ts';
import { removeFolder } from '../support/remove-folder.ts';

/** A `node_modules` that lacks something: an installation that broke off, or a volume over the wrong folder. */
describe('a process in which a part cannot be loaded', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-parts-'));
  });
  afterAll(async () => {
    await removeFolder(folder);
  });

  const start = (missing: RegExp) =>
    new GatewayProcess({
      env: { WHATSAPP_SESSION_PATH: join(folder, 'session'), NODE_OPTIONS: withoutModule(missing) },
    });

  test.each([
    ['puppeteer', /^puppeteer$/],
    ['whatsapp-web.js', /^whatsapp-web\.js$/],
    ['whatsapp-web.js', /^whatsapp-web\.js\/src/],
  ])('%s (%s), it lives, and the status names the part and the remedy', async (name, missing) => {
    await using gateway = start(missing);
    const { reason } = await gateway.until(({ reason: found }) => found !== null, 'a reason');
    expect(reason).toMatchObject({
      code: 'browser_failed',
      message: expect.stringMatching(new RegExp(`cannot be loaded.*'${name}`)) as string,
      action: expect.stringContaining('npm ci') as string,
    });
    // REST and Socket.IO are there by now, and do without it.
    expect((await fetch(`${await gateway.url()}/health`)).status).toBe(200);
    expect(await gateway.end()).toMatchObject({ code: 0 });
  });

  test.each([
    ['express', /^express$/],
    ['socket.io', /^socket\.io$/],
    ['SQLite', /^node:sqlite$/],
    ['pino', /^pino$/],
  ])('%s, the process ends with a failure that names it', async (_name, missing) => {
    await using gateway = start(missing);
    const { code } = await gateway.exited;
    expect(code).toBe(1);
    expect(gateway.stdout + gateway.stderr).toContain('Cannot find package');
  });
});
