/**
 * Memory of node and of the browser, as PSS (shared pages counted once; RSS counts them once a process), at QR
 * and at ready, for every browser that is installed. Linux only.
 *
 *   node bench/memory.ts [--pause 3] [--smoke]
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { findBrowser, type FoundBrowser } from '../src/whatsapp/browser.ts';
import { findProcessesUsingProfile } from '../src/whatsapp/processes.ts';
import { startSimulator } from '../test/simulator/server.ts';
import { GatewayProcess } from '../test/support/gateway-process.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { print } from './support/report.ts';
import { sizes } from './support/sizes.ts';

/** Seconds from a state until it is measured: what start-up has left behind is not what a gateway needs for months. */
const { pause } = sizes({ pause: [3, 0.1] });

const rows: string[][] = [['', 'browser', 'processes', 'node', 'in all']];
for (const browser of await browsers()) rows.push(...(await measure(browser)));
print('memory (MB of PSS, on the small simulated page)', rows);

/** Each kind once: what is installed, and the one that comes with npm. */
async function browsers(): Promise<FoundBrowser[]> {
  const found: FoundBrowser[] = [];
  const attempts = [
    { systemBrowsers: ['chromium-headless-shell', '/usr/lib/chromium/chromium-headless-shell'] },
    { systemBrowsers: ['chromium', 'google-chrome-stable', 'google-chrome'] },
    { systemBrowsers: [] },
  ];
  for (const attempt of attempts) {
    const one = await findBrowser(attempt).catch(() => null);
    if (one !== null && !found.some(({ path }) => path === one.path)) found.push(one);
  }
  return found;
}

async function measure(browser: FoundBrowser): Promise<string[][]> {
  const folder = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-bench-'));
  await using simulator = await startSimulator();
  await using gateway = new GatewayProcess({
    env: {
      WHATSAPP_SESSION_PATH: folder,
      PUPPETEER_EXECUTABLE_PATH: browser.source === 'bundled' ? '' : browser.path,
      CHROMIUM_ARGS: simulator.chromiumArgsLine,
    },
  });
  const name = `${browser.kind} (${browser.source})`;
  await gateway.until(({ hasQr }) => hasQr, 'a QR');
  await delay(pause * 1_000);
  const atQr = await row(`${name}, at QR`, gateway, folder);
  await simulator.scan();
  await gateway.until(({ isReady }) => isReady, 'ready');
  await delay(pause * 1_000);
  const atReady = await row(`${name}, at ready`, gateway, folder);
  await gateway.end();
  await rm(folder, { recursive: true, force: true });
  return [atQr, atReady];
}

async function row(name: string, gateway: GatewayProcess, folder: string): Promise<string[]> {
  const processes = await findProcessesUsingProfile(join(folder, 'session-whatsapp-client'));
  const browser = (await Promise.all(processes.map(({ pid }) => pss(pid)))).reduce(
    (sum, value) => sum + value,
    0,
  );
  const node = await pss(gateway.child.pid ?? 0);
  const cell = (value: number) => value.toFixed(0).padStart(4);
  return [name, cell(browser), cell(processes.length), cell(node), cell(browser + node)];
}

/** Megabytes of PSS of a process; 0 when it has just ended. */
async function pss(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024;
}
