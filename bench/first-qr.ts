/**
 * From the start of a process to its first QR, beside the floor: the bare library, with the same browser and
 * the same simulated page, in the same run. Rounds alternate.
 *
 *   node bench/first-qr.ts [--rounds 7] [--smoke]
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBrowser } from '../src/whatsapp/browser.ts';
import { startSimulator, type Simulator } from '../test/simulator/server.ts';
import { median, print, ratios } from './support/report.ts';
import { sizes } from './support/sizes.ts';

const GOAL = 1.1;
const { rounds } = sizes({ rounds: [7, 1] });
const browser = await findBrowser({ executablePath: process.env['PUPPETEER_EXECUTABLE_PATH'] });
const simulator = await startSimulator();
const times: Record<'floor' | 'gateway', number[]> = { floor: [], gateway: [] };
try {
  await round('floor', simulator);
  await round('gateway', simulator);
  for (let count = 0; count < rounds; count += 1) {
    times.floor.push(await round('floor', simulator));
    times.gateway.push(await round('gateway', simulator));
  }
} finally {
  await simulator.stop();
}
print('start of the process -> first QR', [
  ['bare whatsapp-web.js (floor)', `${median(times.floor).toFixed(0)} ms`],
  ['gateway', `${median(times.gateway).toFixed(0)} ms`],
  ['ratio, pair by pair', ratios(times.gateway, times.floor), `goal <= ${GOAL}`],
]);

/** Starts one process on an empty profile and waits until a page of the simulator has a QR and it was reported. */
async function round(
  which: 'floor' | 'gateway',
  { chromiumArgs, chromiumArgsLine }: Simulator,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-bench-'));
  const script =
    which === 'floor'
      ? new URL('support/bare-library.ts', import.meta.url)
      : new URL('../src/main.ts', import.meta.url);
  const started = performance.now();
  const flags = which === 'gateway' ? ['--max-semi-space-size=2'] : [];
  const child = spawn(process.execPath, [...flags, script.pathname], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      HOST: '127.0.0.1',
      PORT: '0',
      WHATSAPP_SESSION_PATH: folder,
      PUPPETEER_EXECUTABLE_PATH: browser.path,
      ...browser.env,
      CHROMIUM_ARGS: chromiumArgsLine,
      BENCH_ARGS: JSON.stringify(chromiumArgs),
    },
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  try {
    return await new Promise<number>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (text.includes('[WA] event=qr')) resolve(performance.now() - started);
      });
      child.on('exit', (code) => reject(new Error(`${which} ended with ${String(code)} before it had a QR`)));
    });
  } finally {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
