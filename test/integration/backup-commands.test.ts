import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { packLogin } from '../../src/backup/pack-login.ts';
import { RunningGateway } from '../../src/cli/running-gateway.ts';
import { GatewayError } from '../../src/errors.ts';
import { SessionFolder } from '../../src/session/session-folder.ts';
import type { StatusBody } from '../../src/session/status.ts';
import { SILENT_LOG } from '../../src/silent-log.ts';
import { runCli, startCli, type CliName, type CliResult } from '../support/cli.ts';
import { FAILED, READY, STOPPED } from '../support/fake-session.ts';
import { end, failureOf, folderRig } from '../support/folder-rig.ts';
import { loginFiles, readFiles, writeLogin } from '../support/login-files.ts';
import { KEY, serve, type Served } from '../support/serve.ts';
import { waitFor } from '../support/wait-for.ts';
import { removeFolder } from '../support/remove-folder.ts';

const CHECKING: StatusBody = { ...STOPPED, phase: 'checking' };
const STOPPING: StatusBody = { ...STOPPED, phase: 'stopping' };
const STUCK: StatusBody = {
  ...STOPPED,
  status: 'error',
  currentState: 'error',
  phase: 'stuck',
  message: 'The browser does not end',
  reason: {
    code: 'browser_unresponsive',
    message: 'The browser does not end',
    action: 'Restart the container',
    retryAt: null,
  },
};

const isRoot = process.geteuid!() === 0;
const OTHER_UID = 12_345;

const rig = folderRig();
let place: string;
let root: string;
let profile: string;
/** Where the commands look for the gateway; nothing listens on port 1. */
let port: number;
let api: Served | null;
const children: ChildProcess[] = [];
const servers: Server[] = [];

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'backup-commands-'));
  await chmod(place, 0o755);
  root = join(place, 'auth');
  profile = join(root, 'session-test');
  port = 1;
  api = null;
});

afterEach(async () => {
  for (const child of children.splice(0)) await end(child);
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
  await api?.[Symbol.asyncDispose]();
  await removeFolder(place);
});

function environment(changes: Record<string, string> = {}): Record<string, string> {
  return {
    HOST: '127.0.0.1',
    PORT: String(port),
    WHATSAPP_SESSION_PATH: root,
    WHATSAPP_CLIENT_ID: 'test',
    API_KEY: KEY,
    ...changes,
  };
}

async function cli(
  name: CliName,
  args: string[] = [],
  options: { env?: Record<string, string>; uid?: number; cwd?: string } = {},
): Promise<CliResult> {
  return runCli(name, args, { cwd: place, ...options, env: environment(options.env) });
}

/** A gateway as the commands meet it: a process that has the folder, and its API. */
async function runGateway(): Promise<Served> {
  const holder = spawn(process.execPath, ['test/support/hold-session-folder.ts', root, 'test'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(holder);
  await once(holder.stdout, 'data');
  api = await serve({ apiKey: KEY });
  port = api.port;
  api.session.become(READY);
  api.session.restarted = FAILED;
  return api;
}

async function listen(server: Server): Promise<void> {
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = (server.address() as AddressInfo).port;
}

/** A backup of a login that is not the one in the folder. */
async function backupOf(mark: string): Promise<string> {
  await writeLogin(profile, mark);
  const file = join(place, `${mark}.tar.gz`);
  await packLogin({ profile, file, signal: new AbortController().signal });
  await rm(profile, { recursive: true });
  return file;
}

async function visible(): Promise<string[]> {
  return (await readdir(root)).sort();
}

describe('command line', () => {
  test.each(['backup', 'restore', 'doctor'] as const)('%s --help, says how to use it', async (name) => {
    const { code, stdout, stderr } = await cli(name, ['--help'], { env: { PORT: 'bad' } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`npm run ${name}`);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  });

  test.each([
    ['backup', ['--quick']],
    ['backup', ['one', 'two']],
    ['restore', []],
    ['restore', ['one', 'two']],
    ['doctor', ['file']],
  ] as const)('%s %j, is a wrong use', async (name, args) => {
    const { code, stdout, stderr } = await cli(name, [...args]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).not.toContain('    at ');
    expect(await readdir(place)).toEqual([]);
  });

  test.each(['backup', 'restore'] as const)(
    '%s, a bad configuration, names every variable and no value',
    async (name) => {
      const { code, stderr } = await cli(name, ['x'], { env: { PORT: 'http', API_KEY: 'short-secret' } });
      expect(code).toBe(78);
      expect(stderr).toMatch(/^ {2}PORT: .*\n {2}API_KEY: /m);
      expect(stderr).not.toContain('short-secret');
    },
  );

  test('backup, configured by .env in the working directory, is taken there', async () => {
    await writeLogin(profile, 'one');
    await writeFile(join(place, '.env'), `WHATSAPP_SESSION_PATH=${root}\nWHATSAPP_CLIENT_ID=test\nPORT=1\n`);
    const { code, stdout } = await runCli('backup', [], { cwd: place, env: {} });
    expect(code).toBe(0);
    expect(stdout).toContain(`The login is in ${place}/data/backups/login-`);
  });
});

describe('no gateway running', () => {
  test('no login, says so, exits 1 and makes nothing', async () => {
    const { code, stdout, stderr } = await cli('backup');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`There is no WhatsApp login in ${profile}\n  → Check WHATSAPP_SESSION_PATH`);
    expect(await readdir(place)).toEqual([]);
  });

  test('a folder as FILE, gets a file named by the time', async () => {
    await writeLogin(profile, 'one');
    await mkdir(join(place, 'my backups'));
    for (const folder of ['my backups', 'made/']) {
      const { stdout } = await cli('backup', [folder]);
      expect(stdout).toMatch(/^The login is in .*\/login-\d{8}-\d{6}\.tar\.gz \(1 kB\)\n$/);
      expect(await readdir(join(place, folder))).toHaveLength(1);
    }
  });

  test('backup and restore under another client id, the login is there and nothing else', async () => {
    await writeLogin(profile, 'one');
    const wanted = await loginFiles(profile);
    await cli('backup', ['one.tar.gz']);
    await rm(root, { recursive: true });
    const restored = await cli('restore', ['one.tar.gz'], { env: { WHATSAPP_CLIENT_ID: 'moved' } });
    expect(restored).toMatchObject({ code: 0, stderr: '' });
    expect(restored.stdout).toContain('The login of one.tar.gz is in place\n');
    expect(await visible()).toEqual(['session-moved']);
    expect(await readFiles(join(root, 'session-moved'))).toEqual(wanted);
  });

  test.each([
    ['a file that is not there', null, 'cannot be read: ENOENT'],
    ['a file that is no backup', 'garbage', 'is not a whole backup of a login'],
  ])('restore of %s, exits 1 and changes nothing', async (_, content, says) => {
    await writeLogin(profile, 'present');
    const before = await readFiles(root);
    if (content !== null) await writeFile(join(place, 'file.tar.gz'), content);
    const { code, stderr } = await cli('restore', ['file.tar.gz']);
    expect(code).toBe(1);
    expect(stderr).toContain(says);
    expect(stderr).toContain('\n  → ');
    expect(await readFiles(root)).toEqual(before);
    expect(await visible()).toEqual(['session-test']);
  });

  test('a browser that its gateway has left behind, is named', async () => {
    await writeLogin(profile, 'one');
    const browser = await rig.pretendBrowser(profile);
    const { code, stderr } = await cli('backup');
    expect(code).toBe(1);
    expect(stderr).toContain(`A browser still uses this login: process ${browser.pid}`);
    expect(await readdir(place)).toEqual(['auth']);
  });

  test('another backup under way, is named', async () => {
    await writeLogin(profile, 'one');
    const other = rig.open({ path: root });
    await other.reserve();
    const { code, stderr } = await cli('backup');
    expect(code).toBe(1);
    expect(stderr).toContain('A backup or restore of this login is under way: process');
    expect(stderr).toContain('→ Wait until it has ended, and run the command again.');
  });

  test.skipIf(!isRoot)(
    'root in front of a folder of somebody else (needs root), all stays that one’s',
    async () => {
      const file = await backupOf('one');
      await chown(root, OTHER_UID, OTHER_UID);
      expect(await cli('restore', [file])).toMatchObject({ code: 0 });
      for (const name of ['.', 'Default', 'Default/IndexedDB', 'Default/Local Storage/leveldb/000003.log']) {
        expect(await stat(join(profile, name))).toMatchObject({ uid: OTHER_UID, gid: OTHER_UID });
      }
      expect(await visible()).toEqual(['session-test']);
    },
  );

  test.skipIf(!isRoot)('somebody else in front of the folder (needs root), says whose it is', async () => {
    const file = await backupOf('one');
    expect((await cli('restore', [file], { uid: OTHER_UID })).stderr).toContain(
      `sudo chown ${OTHER_UID}:${OTHER_UID} FILE`,
    );
    await chmod(file, 0o644);
    await writeLogin(profile, 'present');
    await chmod(root, 0o700);
    for (const [name, args] of [
      ['backup', []],
      ['restore', [file]],
    ] as const) {
      const { code, stderr } = await cli(name, [...args], { uid: OTHER_UID });
      expect(code).toBe(1);
      expect(stderr).toMatch(/Cannot (write to|reach) .*permission denied; it belongs to 0:0/);
      expect(stderr).toContain('\n  → ');
    }
  });
});

describe('a gateway running', () => {
  test('backup, stops its browser and has it connect again', async () => {
    await writeLogin(profile, 'one');
    const { session } = await runGateway();
    const { code, stdout } = await cli('backup', ['one.tar.gz']);
    expect(code).toBe(0);
    expect(session.calls).toEqual(['restart', 'connect']);
    expect(stdout).toMatch(
      /^The gateway runs; stopping its browser\nThe gateway connects again\nThe login is in .*one.tar.gz \(1 kB\)\n$/,
    );
  });

  test('it was stopped, stays so and the person is told', async () => {
    const file = await backupOf('one');
    const { session } = await runGateway();
    session.become(STOPPED);
    const { code, stdout } = await cli('restore', [file]);
    expect(code).toBe(0);
    expect(session.calls).toEqual([]);
    expect(stdout).toContain('The gateway is stopped, as it was before: press Connect on its page');
  });

  test('it was failed, connects with the restored login', async () => {
    const file = await backupOf('one');
    const { session } = await runGateway();
    session.become(FAILED);
    expect(await cli('restore', [file])).toMatchObject({ code: 0 });
    expect(session.calls).toEqual(['restart', 'connect']);
  });

  test('a bad backup, its browser is not stopped', async () => {
    await writeLogin(profile, 'one');
    const { session } = await runGateway();
    await writeFile(join(place, 'bad.tar.gz'), 'bad');
    expect(await cli('restore', ['bad.tar.gz'])).toMatchObject({ code: 1 });
    expect(session.calls).toEqual([]);
  });

  test('another key than the gateway has, says so and changes nothing', async () => {
    const file = await backupOf('one');
    await writeLogin(profile, 'present');
    const before = await loginFiles(profile);
    const { session } = await runGateway();
    for (const API_KEY of ['another-key-of-16-characters', '']) {
      const { code, stderr } = await cli('restore', [file], { env: { API_KEY } });
      expect(code).toBe(1);
      expect(stderr).toContain(
        `The gateway at http://127.0.0.1:${port} refuses the API_KEY of this configuration`,
      );
      expect(stderr).toContain('→ It was started with another one');
    }
    expect(session.calls).toEqual([]);
    expect(await loginFiles(profile)).toEqual(before);
  });

  test('the work fails, it connects again all the same', async () => {
    await writeLogin(profile, 'one');
    const { session } = await runGateway();
    await writeFile(join(place, 'data'), 'in the way');
    const { code, stderr } = await cli('backup');
    expect(code).toBe(1);
    expect(stderr).toContain('could not be written');
    expect(session.calls).toEqual(['restart', 'connect']);
  });

  test('it cannot stop its browser, says why', async () => {
    await writeLogin(profile, 'one');
    const { session } = await runGateway();
    session.failure = new GatewayError({
      code: 'browser_unresponsive',
      message: 'The browser cannot be ended (process 7)',
      action: 'sudo kill -9 7',
    });
    const { code, stdout, stderr } = await cli('backup');
    expect(code).toBe(1);
    expect(stderr).toContain('The browser cannot be ended (process 7)\n  → sudo kill -9 7\n');
    expect(stdout).toContain('The gateway is stopped: press Connect on its page, or restart it');
  });

  test('a browser lives on after the stop, nothing is packed', async () => {
    await writeLogin(profile, 'one');
    const { session } = await runGateway();
    const browser = await rig.pretendBrowser(profile);
    const { code, stderr } = await cli('backup');
    expect(code).toBe(1);
    expect(stderr).toContain(`process ${browser.pid}`);
    expect(session.calls).toEqual(['restart', 'connect']);
    expect(await readdir(place)).toEqual(['auth']);
  });

  test('it listens elsewhere, is named with what to set', async () => {
    await writeLogin(profile, 'one');
    await runGateway();
    port = 1;
    const { code, stderr } = await cli('backup');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /The login is in use by process \d+ on .*, and no gateway answers at http:\/\/127.0.0.1:1\n/,
    );
    expect(stderr).toContain('→ Stop that process, or set PORT to the one on which it listens');
  });

  test('of another folder on this port, is left alone', async () => {
    await writeLogin(profile, 'one');
    api = await serve();
    port = api.port;
    api.session.become(READY);
    expect(await cli('backup', ['one.tar.gz'])).toMatchObject({ code: 0 });
    expect(api.session.calls).toEqual([]);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s in the middle, no half file, and it connects again', async (signal, exitCode) => {
    await writeLogin(profile, 'one');
    // Packing takes seconds.
    await writeFile(join(profile, 'Default/IndexedDB/large'), randomBytes(150_000_000));
    const { session } = await runGateway();
    const { child, result } = startCli('backup', ['out/one.tar.gz'], { cwd: place, env: environment() });
    children.push(child);
    await waitFor(async () => (await readdir(join(place, 'out')).catch(() => [])).length > 0, {
      what: 'the file to be begun',
    });
    child.kill(signal);
    const { code, stderr } = await result;
    expect(code).toBe(exitCode);
    expect(stderr).toContain('Interrupted; nothing was changed');
    expect(await readdir(join(place, 'out'))).toEqual([]);
    expect(session.calls).toEqual(['restart', 'connect']);
    expect(await visible()).not.toContain('.session-test.reserved');
  });

  test('its browser takes a while to end, nothing is packed before', async () => {
    await writeLogin(profile, 'one');
    const { session } = await runGateway();
    session.restarted = STOPPING;
    const { child, result } = startCli('backup', ['one.tar.gz'], { cwd: place, env: environment() });
    children.push(child);
    await waitFor(() => session.calls.includes('restart'), { what: 'the restart' });
    const looks = vi.spyOn(session, 'status');
    await waitFor(() => looks.mock.calls.length > 3, { what: 'some more looks at the status' });
    expect(await readdir(place)).toEqual(['auth']);
    session.become(FAILED);
    expect(await result).toMatchObject({ code: 0 });
    expect(session.calls).toEqual(['restart', 'connect']);
  });

  test('it had looked at the login before that was reserved and starts a browser, is made to stop again', async () => {
    await writeLogin(profile, 'one');
    const { session } = await runGateway();
    session.become(CHECKING);
    session.restarted = null;
    const { child, result } = startCli('backup', ['one.tar.gz'], { cwd: place, env: environment() });
    children.push(child);
    await waitFor(() => session.calls.includes('restart'), { what: 'the restart' });
    session.restarted = FAILED;
    session.become(READY);
    expect(await result).toMatchObject({ code: 0 });
    expect(session.calls).toEqual(['restart', 'restart', 'connect']);
  });

  test('its browser cannot be ended, says so and packs nothing', async () => {
    await writeLogin(profile, 'one');
    const { session } = await runGateway();
    session.restarted = STUCK;
    const { code, stderr } = await cli('backup');
    expect(code).toBe(1);
    expect(stderr).toContain(
      'The gateway does not stop its browser: The browser does not end\n  → Restart the container\n',
    );
    expect(await readdir(place)).toEqual(['auth']);
  });
});

describe('restore, killed', () => {
  test.each(['before:1', 'after:1', 'before:2', 'after:2', 'before:3', 'after:3'])(
    '%s. rename, the next start has the whole old login or the whole new one',
    async (at) => {
      const file = await backupOf('new');
      await writeLogin(profile, 'old');
      const old = await loginFiles(profile);
      const killed = await cli('restore', [file], {
        env: {
          KILL_AT: at,
          NODE_OPTIONS: `--import ${pathToFileURL('test/support/kill-at-rename.ts').href}`,
        },
      });
      expect(killed.signal).toBe('SIGKILL');

      const folder = new SessionFolder({ path: root, clientId: 'test', log: SILENT_LOG });
      await folder.check();
      const found = await loginFiles(profile);
      await folder.release();
      // The first rename gives the new login its name, the second moves the old one away, the third puts the new one there.
      const isOld = ['before:1', 'after:1', 'before:2'].includes(at);
      await writeLogin(join(place, 'wanted'), 'new');
      expect(found).toEqual(isOld ? old : await loginFiles(join(place, 'wanted')));
      expect(await visible()).toEqual(['session-test']);
    },
  );

  test('killed and done again, the new login is there', async () => {
    const file = await backupOf('new');
    await writeLogin(profile, 'old');
    const hook = `--import ${pathToFileURL('test/support/kill-at-rename.ts').href}`;
    await cli('restore', [file], { env: { KILL_AT: 'after:2', NODE_OPTIONS: hook } });
    expect(await cli('restore', [file])).toMatchObject({ code: 0 });
    await writeLogin(join(place, 'wanted'), 'new');
    expect(await readFiles(profile)).toEqual(await loginFiles(join(place, 'wanted')));
    expect(await visible()).toEqual(['session-test']);
  });
});

describe('what listens on the port', () => {
  const gateway = (options: { host?: string } = {}) =>
    new RunningGateway({ host: options.host ?? '127.0.0.1', port, apiKey: undefined }, { statusMs: 300 });

  test('nothing, is no gateway', async () => {
    expect(await gateway().status()).toBeNull();
    expect(await gateway({ host: '0.0.0.0' }).status()).toBeNull();
    expect(await gateway({ host: 'nowhere.invalid' }).status()).toBeNull();
  });

  test.each([
    ['0.0.0.0', 'http://127.0.0.1:1'],
    ['::', 'http://[::1]:1'],
    ['fd00::7', 'http://[fd00::7]:1'],
    ['192.0.2.7', 'http://192.0.2.7:1'],
  ])('HOST %s, is asked at %s', (host, address) => {
    expect(gateway({ host }).address).toBe(address);
  });

  test('a web server, is no gateway and says which variable', async () => {
    const pages = createServer((_request, response) => response.writeHead(404).end('<h1>not here</h1>'));
    await listen(pages);
    expect(await failureOf(gateway().status())).toMatchObject({
      message: `What listens at http://127.0.0.1:${port} does not answer as a gateway (HTTP 404)`,
      action: 'Another program may have that port: check PORT',
    });
    pages.closeAllConnections();
  });

  test('a web server with JSON of its own, is no gateway', async () => {
    const pages = createServer((_request, response) =>
      response.end('{"error":{"code":"E_OWN","message":"x"}}'),
    );
    await listen(pages);
    expect((await failureOf(gateway().status())).message).toContain(
      'does not answer as a gateway (HTTP 200)',
    );
    pages.closeAllConnections();
  });

  test('a program that speaks no HTTP, is no gateway', async () => {
    await listen(
      createTcpServer((socket) =>
        socket
          .on('error', () => undefined)
          .resume()
          .end('SSH-2.0-OpenSSH_9.9\r\n'),
      ),
    );
    expect(await failureOf(gateway().status())).toMatchObject({ code: 'timeout' });
  });

  test('a gateway that hangs, is named after the deadline', async () => {
    const hanging = createServer(() => undefined);
    await listen(hanging);
    expect(await failureOf(gateway().status())).toMatchObject({
      code: 'timeout',
      message: `What listens at http://127.0.0.1:${port} does not answer within 0.3 s`,
    });
    hanging.closeAllConnections();
  });

  test('a gateway that begins an answer and hangs, is named after the deadline', async () => {
    const hanging = createServer((_request, response) => response.write('{'));
    await listen(hanging);
    expect(await failureOf(gateway().status())).toMatchObject({ code: 'timeout' });
    hanging.closeAllConnections();
  });
});
