import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listProcesses } from '../../src/whatsapp/process-table.ts';
import { findProcessesUsingProfile } from '../../src/whatsapp/processes.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../simulator/server.ts';
import { GatewayProcess, type GatewayProcessOptions } from '../support/gateway-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { removeFolder } from '../support/remove-folder.ts';

const isRoot = process.getuid?.() === 0;
/** Some user that is not root and owns nothing. */
const OTHER_UID = 12_345;

let folder: string;
let sessionPath: string;
let profile: string;
let simulator: Simulator;
const open: AsyncDisposable[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-process-'));
  await chmod(folder, 0o755);
  sessionPath = join(folder, 'auth');
  profile = join(sessionPath, 'session-whatsapp-client');
});

afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource[Symbol.asyncDispose]();
  await removeFolder(folder);
});

async function simulate(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  simulator = await startSimulator(options);
  open.push(simulator);
  return simulator;
}

function start(options: Partial<GatewayProcessOptions> = {}): GatewayProcess {
  const gateway = new GatewayProcess({
    ...options,
    env: { WHATSAPP_SESSION_PATH: sessionPath, CHROMIUM_ARGS: simulator.chromiumArgsLine, ...options.env },
  });
  open.push(gateway);
  return gateway;
}

/** Nothing of a gateway is left but the login. */
async function expectNothingLeft(): Promise<void> {
  expect(await findProcessesUsingProfile(profile)).toEqual([]);
  const entries = await readdir(profile).catch(() => []);
  expect(entries.filter((name) => name.startsWith('Singleton'))).toEqual([]);
  const locks = await readdir(sessionPath).catch(() => []);
  expect(locks.filter((name) => name.startsWith('.session-'))).toEqual([]);
}

describe('process, from start to stop', () => {
  it('npm start, serves health, status, page and QR, says what people grep for, and SIGTERM ends it cleanly', async () => {
    await simulate();
    const gateway = start({ command: 'npm' });
    const url = await gateway.url();
    const health = await fetch(`${url}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({ status: 'ok', version: expect.any(String) as string });
    expect((await fetch(`${url}/whatsapp`)).status).toBe(200);

    const status = await gateway.until(({ hasQr }) => hasQr, 'a QR');
    expect(status.qrCode).toMatch(/^data:image\/png;base64,/);
    expect(gateway.said('[WA] event=qr')).toHaveLength(1);
    expect(gateway.said('[WA] state=idle -> qr')).toEqual(['[WA] state=idle -> qr']);
    expect(gateway.said('API_KEY IS NOT SET')).toHaveLength(1);

    gateway.child.kill('SIGTERM');
    await waitFor(() => gateway.said('stopped').includes('stopped'), { what: 'the last log line' });
    await gateway.exited;
    await expectNothingLeft();
    expect(gateway.stdout + gateway.stderr).not.toContain('EACCES');
    expect(gateway.stdout).not.toContain(simulator.issuedQrs()[0]?.ref);
  });

  it('npm start, ended by one Ctrl+C, which npm passes on, is a clean stop', async () => {
    await simulate();
    const gateway = start({ command: 'npm', inGroup: true });
    await gateway.until(({ hasQr }) => hasQr, 'a QR');
    gateway.pressCtrlC();
    await gateway.exited;
    expect(gateway.said('stop')).toEqual(['stopping', 'stopped']);
    await expectNothingLeft();
  });

  it('a browser that hangs when it is asked for its version, ends with the gateway, and all that it has started', async () => {
    await simulate();
    const wrapper = join(folder, 'browser');
    await writeFile(wrapper, '#!/bin/sh\nsh -c "while :; do sleep 1; done" "$0" &\nwait\n', { mode: 0o755 });
    const running = () => listProcesses().filter(({ argv }) => argv.includes(wrapper)).length;
    const gateway = start({ env: { PUPPETEER_EXECUTABLE_PATH: wrapper } });
    await gateway.url();
    await waitFor(() => running() === 2, { what: 'the browser and its child' });
    expect(await gateway.end()).toEqual({ code: 0, signal: null });
    await waitFor(() => running() === 0, { what: 'the end of both' });
  });

  it('a bad configuration, exit 78 with every problem named and no value shown', async () => {
    await simulate();
    const gateway = start({
      env: { PORT: 'http', WHATSAPP_CLIENT_ID: '../../etc', API_KEY: 'short-secret', LOG_LEVEL: 'loud' },
    });
    expect(await gateway.exited).toEqual({ code: 78, signal: null });
    for (const name of ['PORT', 'WHATSAPP_CLIENT_ID', 'API_KEY', 'LOG_LEVEL'])
      expect(gateway.stderr).toContain(`${name}: `);
    expect(gateway.stderr).not.toContain('short-secret');
    expect(await readdir(folder)).toEqual([]);
  });

  it('a port that is taken, exit 1 with what to do', async () => {
    await simulate();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = squatter.address() as AddressInfo;
      const gateway = start({ env: { PORT: String(port) } });
      expect(await gateway.exited).toEqual({ code: 1, signal: null });
      expect(gateway.stdout).toContain(`Port ${port} is taken`);
    } finally {
      squatter.close();
    }
  });
});

describe('process, a session folder that is not right', () => {
  it('a file in the way, health and status answer, and it connects by itself once the file is gone', async () => {
    await simulate();
    await writeFile(sessionPath, 'in the way');
    const gateway = start();
    const bad = await gateway.until(({ status }) => status === 'error', 'the error');
    expect(bad.reason).toMatchObject({
      code: 'session_path_not_a_directory',
      action: expect.any(String) as string,
    });
    expect((await fetch(`${await gateway.url()}/health`)).status).toBe(200);
    await rm(sessionPath);
    await gateway.until(({ hasQr }) => hasQr, 'a QR after the folder was put right');
    expect((await gateway.end()).code).toBe(0);
    await expectNothingLeft();
  });

  it.skipIf(!isRoot)(
    'another owner (needs root), names the line to type, and connects by itself after it',
    async () => {
      await simulate();
      await mkdir(sessionPath, { mode: 0o755 });
      const home = join(folder, 'home');
      await mkdir(home);
      await chown(home, OTHER_UID, OTHER_UID);
      const gateway = start({ uid: OTHER_UID, gid: OTHER_UID, env: { HOME: home } });
      const bad = await gateway.until(({ status }) => status === 'error', 'the error');
      expect(bad.reason).toMatchObject({ code: 'session_path_not_writable' });
      expect(bad.reason?.message).toContain(String(OTHER_UID));
      // In a container without a mount the volume line comes first: there a chown would not last.
      expect(bad.reason?.action).toMatch(/chown|fix-permissions|volumes:/);
      await chown(sessionPath, OTHER_UID, OTHER_UID);
      await gateway.until(({ hasQr }) => hasQr, 'a QR after the folder was put right');
      expect((await gateway.end()).code).toBe(0);
      expect(gateway.stdout + gateway.stderr).not.toContain('Cannot read properties of null');
    },
  );

  it('a second gateway on the same folder, profile_in_use until the first has ended', async () => {
    await simulate();
    const first = start();
    await first.until(({ hasQr }) => hasQr, 'a QR');
    const second = start();
    const busy = await second.until(({ status }) => status === 'error', 'the error');
    expect(busy.reason).toMatchObject({ code: 'profile_in_use' });
    expect((await first.end()).code).toBe(0);
    await second.until(({ hasQr }) => hasQr, 'a QR of the second');
    expect((await second.end()).code).toBe(0);
    await expectNothingLeft();
  });
});

/** Whether a process catches a signal, by what its /proc/PID/status says. */
function catches(signal: number, status: string): boolean {
  const mask = BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(status)?.[1] ?? '0'}`);
  return ((mask >> BigInt(signal - 1)) & 1n) === 1n;
}

describe('process, SIGTERM in every state', () => {
  const states: Record<string, (gateway: GatewayProcess) => Promise<unknown>> = {
    starting: async (gateway) => gateway.until(({ phase }) => phase === 'starting', 'starting'),
    qr: async (gateway) => gateway.until(({ status }) => status === 'qr', 'qr'),
    syncing: async (gateway) => {
      await simulator.setFault('neverSync', true);
      await gateway.until(({ hasQr }) => hasQr, 'qr');
      await simulator.scan();
      await gateway.until(({ status }) => status === 'syncing', 'syncing');
    },
    ready: async (gateway) => {
      await gateway.until(({ hasQr }) => hasQr, 'qr');
      await simulator.scan();
      await gateway.until(({ isReady }) => isReady, 'ready');
    },
    waiting: async (gateway) => gateway.until(({ phase }) => phase === 'waiting', 'waiting'),
    // A page that does not answer the logout.
    unlinking: async (gateway) => {
      await gateway.until(({ hasQr }) => hasQr, 'qr');
      await simulator.scan();
      await gateway.until(({ isReady }) => isReady, 'ready');
      await simulator.setFault('logoutHangs', true);
      void fetch(`${await gateway.url()}/api/whatsapp/logout`, { method: 'POST' }).catch(() => undefined);
      await gateway.until(({ phase }) => phase === 'unlinking', 'unlinking');
    },
    error: async (gateway) => gateway.until(({ status }) => status === 'error', 'error'),
  };

  it('while the program is still being loaded, exit 0', async () => {
    await simulate();
    const gateway = start();
    // Node itself has no handler for SIGHUP: once there is one, it is ours.
    await waitFor(async () => catches(1, await readFile(`/proc/${gateway.child.pid}/status`, 'utf8')), {
      what: 'the first handlers',
      intervalMs: 1,
    });
    expect(await gateway.end()).toEqual({ code: 0, signal: null });
    expect(gateway.stderr).toBe('');
    await expectNothingLeft();
  });

  it('the terminal is closed (SIGHUP) while it is ready, the same', async () => {
    await simulate();
    const gateway = start();
    await states['ready']?.(gateway);
    expect(await gateway.end('SIGHUP')).toEqual({ code: 0, signal: null });
    await expectNothingLeft();
  });

  it('before it listens, exit 0', async () => {
    await simulate();
    const gateway = start();
    await waitFor(() => gateway.stdout !== '', { what: 'the first log line' });
    expect(await gateway.end()).toEqual({ code: 0, signal: null });
    await expectNothingLeft();
  });

  it.each(Object.entries(states))('%s, exit 0 and nothing is left', async (name, reach) => {
    await simulate();
    if (name === 'waiting') await simulator.setFault('refuse', true);
    if (name === 'error') await writeFile(sessionPath, 'in the way');
    const gateway = start();
    await reach(gateway);
    expect(await gateway.end()).toEqual({ code: 0, signal: null });
    await expectNothingLeft();
  });
});

describe('process, the login survives', () => {
  it('SIGTERM right after the scan, ready at the next start without a QR; SIGKILL then, the same', async () => {
    await simulate();
    const first = start();
    await first.until(({ hasQr }) => hasQr, 'a QR');
    await simulator.scan();
    await first.until(({ isReady }) => isReady, 'ready');
    expect((await first.end()).code).toBe(0);

    const second = start();
    await second.until(({ isReady }) => isReady, 'ready again');
    expect(second.said('[WA] event=qr')).toEqual([]);
    expect((await second.end('SIGKILL')).signal).toBe('SIGKILL');

    const third = start();
    const status = await third.until(({ isReady }) => isReady, 'ready after SIGKILL');
    expect(status.account?.phone).toBe(simulator.options.account.pn);
    expect(third.said('[WA] event=qr')).toEqual([]);
    expect(simulator.devices()).toHaveLength(1);
    expect((await third.end()).code).toBe(0);
    await expectNothingLeft();
  });

  it('a browser that does not react, a second signal forces the end and no browser is left', async () => {
    await simulate();
    const gateway = start();
    await gateway.until(({ hasQr }) => hasQr, 'a QR');
    const [leader] = await findProcessesUsingProfile(profile);
    process.kill(leader!.pid, 'SIGSTOP');
    gateway.child.kill('SIGTERM');
    await waitFor(() => gateway.said('stopping').length > 0, { what: 'the first signal to arrive' });
    const arrived = performance.now();
    // Sooner it would be the same request.
    await waitFor(() => performance.now() - arrived > 1_100);
    gateway.child.kill('SIGTERM');
    expect((await gateway.exited).code).toBe(1);
    process.kill(leader!.pid, 'SIGCONT');
    await waitFor(async () => (await findProcessesUsingProfile(profile)).length === 0, {
      what: 'the browser to end',
    });
  });
});
