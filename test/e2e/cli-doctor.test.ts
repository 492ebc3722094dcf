import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Finding } from '../../src/doctor/finding.ts';
import { startSimulator, type Simulator } from '../simulator/server.ts';
import { runCli } from '../support/cli.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { removeFolder } from '../support/remove-folder.ts';

let place: string;
let simulator: Simulator;
const open: AsyncDisposable[] = [];

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-doctor-'));
  simulator = await startSimulator();
  open.push(simulator);
});

afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource[Symbol.asyncDispose]();
  await removeFolder(place);
});

it('the doctor beside a gateway, tells what it does without a secret, and it stays ready', async () => {
  const root = join(place, 'auth');
  const env = {
    HOST: '127.0.0.1',
    WHATSAPP_SESSION_PATH: root,
    CHROMIUM_ARGS: simulator.chromiumArgsLine,
    API_KEY: 'a-secret-of-the-tests',
  };
  const gateway = new GatewayProcess({ env });
  open.push(gateway);
  const { port } = new URL(await gateway.url());
  const doctor = async () => {
    const { code, stdout } = await runCli('doctor', ['--json'], { cwd: place, env: { ...env, PORT: port } });
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    return { code, stdout, of: (check: string) => findings.find((finding) => finding.check === check) };
  };

  await gateway.until(({ hasQr }) => hasQr, 'a QR');
  const waiting = await doctor();
  expect(waiting.code).toBe(0);
  expect(waiting.of('gateway')).toMatchObject({
    verdict: 'ok',
    message: expect.stringContaining('runs, qr') as string,
  });
  expect(waiting.stdout).not.toContain('base64');
  for (const { ref } of simulator.issuedQrs()) expect(waiting.stdout).not.toContain(ref);

  await simulator.scan();
  await gateway.until(({ isReady }) => isReady, 'ready');
  const holder = await readFile(join(root, '.session-whatsapp-client.holder'), 'utf8');
  const changes = gateway.said('[WA] state=').length;
  const connected = await doctor();
  expect(connected.code).toBe(0);
  expect(connected.of('gateway')).toMatchObject({ verdict: 'ok', message: 'runs, ready: connected' });
  expect(connected.of('session lock')).toMatchObject({
    verdict: 'ok',
    message: expect.stringContaining(`in use by process ${gateway.child.pid} on`) as string,
  });
  expect(connected.of('session contents')).toMatchObject({ verdict: 'ok' });
  expect(connected.of('memory')?.message).toContain('beside the running browser');
  expect(connected.stdout).not.toContain('a-secret-of-the-tests');
  expect(connected.stdout).not.toContain(simulator.options.account.pn);
  expect(connected.stdout).not.toContain(simulator.options.account.pushname);

  expect((await gateway.status()).isReady).toBe(true);
  expect(gateway.said('[WA] state=')).toHaveLength(changes);
  expect(await readFile(join(root, '.session-whatsapp-client.holder'), 'utf8')).toBe(holder);
  expect((await gateway.end()).code).toBe(0);
});
