/**
 * `npm start` against the simulated WhatsApp: a QR, a scan, ready; a clean stop with no browser left; and
 * ready again without a QR. Prints figures; exits 1 with the reason when it does not come to that.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProcessesUsingProfile } from '../../src/whatsapp/processes.ts';
import { startSimulator } from '../simulator/server.ts';
import { GatewayProcess } from '../support/gateway-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'bare-'));
const session = join(folder, 'session');
await using simulator = await startSimulator();

const start = () =>
  new GatewayProcess({
    command: 'npm',
    env: { WHATSAPP_SESSION_PATH: session, CHROMIUM_ARGS: simulator.chromiumArgsLine },
  });

async function reach(gateway: GatewayProcess, status: string): Promise<void> {
  const began = performance.now();
  try {
    await gateway.until((body) => body.status === status, status);
  } catch (error) {
    throw new Error(`the gateway said:\n${gateway.stdout}${gateway.stderr}`, { cause: error });
  }
  process.stdout.write(`# ${status} after ${Math.round(performance.now() - began)} ms\n`);
}

async function stop(gateway: GatewayProcess): Promise<void> {
  gateway.child.kill('SIGTERM');
  const { code, signal } = await gateway.exited;
  if (code !== 0)
    throw new Error(`the gateway ends with ${code ?? signal ?? ''}:\n${gateway.stdout}${gateway.stderr}`);
  const left = await findProcessesUsingProfile(join(session, 'session-whatsapp-client'));
  if (left.length > 0)
    throw new Error(`the gateway leaves processes: ${left.map(({ pid }) => pid).join(', ')}`);
}

try {
  const first = start();
  await reach(first, 'qr');
  const shown = await (await fetch(`${await first.url()}/api/whatsapp/qr?format=raw`)).text();
  const issued = simulator.issuedQrs().map(({ text }) => text);
  if (!issued.includes(shown.trim())) throw new Error('the QR is not one that WhatsApp has issued');
  await simulator.scan();
  await reach(first, 'ready');
  await stop(first);

  const second = start();
  await reach(second, 'ready');
  await stop(second);
  if (simulator.devices().length !== 1) throw new Error('the second start has linked another device');
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}
