import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startSimulator, type Simulator } from '../simulator/server.ts';
import { runCli, startCli, type CliName, type CliResult } from '../support/cli.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { removeFolder } from '../support/remove-folder.ts';

const run = promisify(execFile);
/** As on a NAS, where it can be: the gateway as an ordinary user, and root in front of the keyboard. */
const gatewayUid = process.geteuid!() === 0 ? 12_345 : process.geteuid!();

let place: string;
let root: string;
let simulator: Simulator;
/** Where the commands look for the gateway; nothing listens on port 1. */
let port: string;
const open: AsyncDisposable[] = [];

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-cli-'));
  await chmod(place, 0o755);
  root = join(place, 'auth');
  await makeForGateway('auth', 'home');
  port = '1';
  simulator = await startSimulator();
  open.push(simulator);
});

afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource[Symbol.asyncDispose]();
  await removeFolder(place);
});

async function makeForGateway(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(join(place, name), { mode: 0o700 });
    await chown(join(place, name), gatewayUid, gatewayUid);
  }
}

/** A gateway and the commands beside it have the same environment, as they do in a container. */
function environment(changes: Record<string, string> = {}): Record<string, string> {
  return {
    HOST: '127.0.0.1',
    PORT: port,
    WHATSAPP_SESSION_PATH: root,
    CHROMIUM_ARGS: simulator.chromiumArgsLine,
    API_KEY: 'a-key-of-the-tests',
    ...changes,
  };
}

async function start(changes: Record<string, string> = {}): Promise<GatewayProcess> {
  const env = environment({ PORT: '0', HOME: join(place, 'home'), ...changes });
  const gateway = new GatewayProcess({ env, uid: gatewayUid });
  open.push(gateway);
  port = new URL(await gateway.url()).port;
  return gateway;
}

async function stop(gateway: GatewayProcess): Promise<void> {
  expect((await gateway.end()).code).toBe(0);
  port = '1';
}

async function cli(
  name: CliName,
  args: string[] = [],
  changes: Record<string, string> = {},
  uid?: number,
): Promise<CliResult> {
  return runCli(name, args, { cwd: place, env: environment(changes), ...(uid !== undefined && { uid }) });
}

async function ready(gateway: GatewayProcess): Promise<void> {
  await gateway.until(({ isReady }) => isReady, 'ready');
}

// Several starts of a gateway and of a command each, which a busy machine makes long.
vi.setConfig({ testTimeout: 180_000 });

it('a linked login, backed up from a running gateway, put back into it and on another machine, ready without a QR', async () => {
  const first = await start();
  await first.until(({ hasQr }) => hasQr, 'a QR');
  const early = await cli('backup');
  expect(early).toMatchObject({ code: 1, stdout: '' });
  expect(early.stderr).toContain('No phone is linked: the gateway shows a QR code');
  expect((await first.status()).hasQr).toBe(true);
  await simulator.scan();
  await ready(first);

  const backup = await cli('backup');
  expect(backup).toMatchObject({ code: 0, stderr: '' });
  const [name = ''] = await readdir(join(place, 'data/backups'));
  const file = join(place, 'data/backups', name);
  expect(name).toMatch(/^login-\d{8}-\d{6}\.tar\.gz$/);
  expect(backup.stdout.split('\n')).toEqual([
    'The gateway runs; stopping its browser',
    'The gateway connects again',
    expect.stringMatching(`^The login is in ${file} \\(\\d+ kB\\)$`) as string,
    '',
  ]);
  expect(await stat(file)).toMatchObject({ uid: gatewayUid, gid: gatewayUid });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const { stdout: listed } = await run('tar', ['-tzf', file]);
  for (const path of listed.trim().split('\n')) {
    expect(path).toMatch(/^session-whatsapp-client\/Default\/(IndexedDB|Local Storage)/);
  }
  await ready(first);

  // Not part of the login: it is gone once the backup has taken the profile's place.
  await writeFile(join(root, 'session-whatsapp-client/Default/mark'), '');
  const restored = await cli('restore', [file], {}, gatewayUid);
  expect(restored).toMatchObject({ code: 0, stderr: '' });
  expect(restored.stdout).toContain('The gateway runs; stopping its browser\n');
  expect(restored.stdout).toContain(`The login of ${file} is in place\nThe gateway connects again\n`);
  await expect(stat(join(root, 'session-whatsapp-client/Default/mark'))).rejects.toThrow('ENOENT');
  await ready(first);
  expect(first.said('state=idle -> qr')).toHaveLength(1);
  await stop(first);

  await rm(root, { recursive: true });
  await makeForGateway('auth');
  expect(await cli('restore', [file], { WHATSAPP_CLIENT_ID: 'moved' })).toMatchObject({
    code: 0,
    stderr: '',
  });
  expect(await readdir(root)).toEqual(['session-moved']);
  const second = await start({ WHATSAPP_CLIENT_ID: 'moved' });
  await ready(second);
  expect(second.said('[WA] event=qr')).toEqual([]);
  expect(simulator.devices()).toHaveLength(1);
  await stop(second);
});

it.each([
  [
    'while the browser is being stopped',
    async (gateway: GatewayProcess) => !(await gateway.status()).isReady,
  ],
  ['while it packs', async () => (await readdir(join(place, 'out')).catch(() => [])).length > 0],
])('a backup killed %s, the gateway is ready again by itself', async (_, moment) => {
  const gateway = await start();
  await gateway.until(({ hasQr }) => hasQr, 'a QR');
  await simulator.scan();
  await ready(gateway);
  // Packing takes seconds.
  const large = join(root, 'session-whatsapp-client/Default/IndexedDB/large');
  await writeFile(large, randomBytes(150_000_000));
  await chown(large, gatewayUid, gatewayUid);
  const { child, result } = startCli('backup', ['out/one.tar.gz'], { cwd: place, env: environment() });
  await waitFor(() => moment(gateway), { what: 'the moment' });
  child.kill('SIGKILL');
  expect((await result).signal).toBe('SIGKILL');
  await ready(gateway);
  expect(gateway.said('[WA] state=ready -> ')).toHaveLength(1);
  expect(gateway.said('state=idle -> qr')).toHaveLength(1);
  await stop(gateway);
});
