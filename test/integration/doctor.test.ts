import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, stat, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { readConfig } from '../../src/config.ts';
import { checkBrowser, checkConfiguration, checkFolder, judgeGateway } from '../../src/doctor/checks.ts';
import { checkDataFolder } from '../../src/doctor/data-folder.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { judgeMemory, readMemory, type MemoryFacts } from '../../src/doctor/memory.ts';
import { checkNetwork } from '../../src/doctor/network.ts';
import { table } from '../../src/doctor/table.ts';
import { listProcesses } from '../../src/whatsapp/process-table.ts';
import { runCli } from '../support/cli.ts';
import { FAILED, qrStatus, READY, STOPPED } from '../support/fake-session.ts';
import { WITHOUT_ROOT } from '../support/session-folder-child.ts';
import { removeFolder } from '../support/remove-folder.ts';

const run = promisify(execFile);

let place: string;
const servers: Server[] = [];

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'doctor-'));
});

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
  await removeFolder(place);
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

const ofCheck = (findings: readonly Finding[], check: string) =>
  findings.find((finding) => finding.check === check);

describe('configuration', () => {
  test('good, is told without the key', () => {
    const { config, findings } = checkConfiguration({ API_KEY: 'a-secret-of-the-tests', PORT: '3100' });
    expect(config?.port).toBe(3100);
    expect(findings).toEqual([
      {
        check: 'configuration',
        verdict: 'ok',
        message: 'session path .wwebjs_auth, client id whatsapp-client, port 3100',
        action: null,
      },
      { check: 'API key', verdict: 'ok', message: 'set', action: null },
    ]);
  });

  test('no key, is a warning', () => {
    const { findings } = checkConfiguration({});
    expect(ofCheck(findings, 'API key')).toMatchObject({
      verdict: 'warning',
      action: expect.stringContaining('openssl rand -hex 24') as string,
    });
  });

  test('bad, every variable is a problem and no value is told', () => {
    const { config, findings } = checkConfiguration({ PORT: 'http', API_KEY: 'short-secret' });
    expect(config).toBeNull();
    expect(findings.map(({ verdict, message }) => [verdict, message.split(':')[0]])).toEqual([
      ['problem', 'PORT'],
      ['problem', 'API_KEY'],
    ]);
    expect(JSON.stringify(findings)).not.toContain('short-secret');
  });
});

describe('session folder', () => {
  const config = (path: string) => readConfig({ WHATSAPP_SESSION_PATH: path });

  test('not there yet, is fine and is not made', async () => {
    const findings = await checkFolder(config(join(place, 'auth')));
    expect(findings.filter(({ verdict }) => verdict === 'problem')).toEqual([]);
    expect(await readdir(place)).toEqual([]);
  });

  test('a file in its place, is a problem with what to type, and the last finding', async () => {
    await writeFile(join(place, 'auth'), 'x');
    const findings = await checkFolder(config(join(place, 'auth')));
    expect(findings.at(-1)).toMatchObject({
      check: 'session path',
      verdict: 'problem',
      action: expect.stringContaining('mv ') as string,
    });
  });
});

describe('data folder', () => {
  test('not there yet, can be made and is not', async () => {
    const finding = await checkDataFolder(join(place, 'data'));
    expect(finding).toMatchObject({ check: 'data folder' });
    expect(finding.verdict).not.toBe('problem');
    expect(await readdir(place)).toEqual([]);
  });

  test('a file in its place, is a problem', async () => {
    await writeFile(join(place, 'data'), 'x');
    expect(await checkDataFolder(join(place, 'data'))).toMatchObject({
      verdict: 'problem',
      message: expect.stringContaining('is a file and not a folder') as string,
    });
  });

  test.skipIf(process.geteuid!() !== 0)(
    'of somebody else (needs root), is a problem with the command',
    async () => {
      await chmod(place, 0o755);
      await mkdir(join(place, 'data'));
      await chown(join(place, 'data'), 12_345, 12_345);
      await writeFile(join(place, 'data/gateway.db'), '', { mode: 0o600 });
      const doctor = async () =>
        runCli('doctor', ['--offline'], {
          cwd: place,
          uid: 12_345,
          env: { PORT: '1', PUPPETEER_EXECUTABLE_PATH: '/nowhere/chromium' },
        });
      expect((await doctor()).stdout).toMatch(/^✗ data folder +Cannot write to .*gateway.db/m);
      await chown(join(place, 'data'), 0, 0);
      await chmod(join(place, 'data'), 0o755);
      const { code, stdout } = await doctor();
      expect(code).toBe(1);
      expect(stdout).toMatch(/^✗ data folder +Cannot write to .*data: permission/m);
      // In a container without a mount the volume line comes first: there a chown would not last.
      expect(stdout).toMatch(/fix-permissions|volumes:/);
    },
  );

  test.skipIf(WITHOUT_ROOT)('disk full (needs mounts), is a problem', async () => {
    await mkdir(join(place, 'data'));
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', join(place, 'data')]);
    try {
      expect(await checkDataFolder(join(place, 'data'))).toMatchObject({
        verdict: 'problem',
        message: expect.stringContaining('Too little space') as string,
      });
    } finally {
      await run('umount', [join(place, 'data')]);
    }
  });
});

describe('browser', () => {
  const config = (path = process.env['PUPPETEER_EXECUTABLE_PATH']) =>
    readConfig({ PUPPETEER_EXECUTABLE_PATH: path });

  /** Checks the browser while files for a moment go to `folder`. */
  async function checkWithTemporaryFilesIn(folder: string): Promise<Finding[]> {
    const { TMPDIR } = process.env;
    process.env['TMPDIR'] = folder;
    try {
      return await checkBrowser(config(), 1e9);
    } finally {
      if (TMPDIR === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = TMPDIR;
    }
  }

  test('one that works, is named with its version and leaves no profile and no process', async () => {
    const findings = await checkWithTemporaryFilesIn(place);
    expect(findings[0]).toMatchObject({ check: 'browser', verdict: 'ok' });
    expect(findings[0]?.message).toMatch(/Chrome\/\d+.*, \//);
    expect(findings[1]?.check).toBe('browser sandbox');
    expect(await readdir(place)).toEqual([]);
    expect(listProcesses().filter(({ argv }) => argv.some((word) => word.includes(place)))).toEqual([]);
  });

  test('no place for temporary files, is a problem that names it', async () => {
    const [finding] = await checkWithTemporaryFilesIn(join(place, 'nothing'));
    expect(finding).toMatchObject({
      check: 'browser',
      verdict: 'problem',
      message: expect.stringContaining('The browser has no place for temporary files: ENOENT') as string,
      action: expect.stringContaining(`${place}/nothing`) as string,
    });
  });

  test('a path that is wrong, is a problem that names the variable', async () => {
    const [finding] = await checkBrowser(config('/nowhere/chromium'), 1e9);
    expect(finding).toMatchObject({ check: 'browser', verdict: 'problem' });
    expect(`${finding?.message} ${finding?.action}`).toContain('PUPPETEER_EXECUTABLE_PATH');
  });

  test('one that does not start, is a problem with its last words', async () => {
    const broken = join(place, 'chromium-headless-shell');
    const version = 'case "$*" in *--version*) echo "Chromium 156.0.0.0"; exit 0;; esac';
    await writeFile(
      broken,
      `#!/bin/sh\n${version}\necho "[1:2:3/4.5:FATAL:x.cc(1)] the words of the browser" >&2\nexit 7\n`,
    );
    await chmod(broken, 0o755);
    const [finding] = await checkBrowser(config(broken), 1e9);
    expect(finding).toMatchObject({ check: 'browser', verdict: 'problem' });
    expect(finding?.message).toMatch(/\(exit 7\): the words of the browser$/);
  });

  test('little memory, is not started and says so', async () => {
    expect(await checkBrowser(config(), 100e6)).toEqual([
      expect.objectContaining({
        check: 'browser',
        verdict: 'warning',
        message: expect.stringContaining('not tried: too little memory is free') as string,
      }),
    ]);
  });
});

describe('memory', () => {
  const GB = 1e9;
  const facts = (changes: Partial<MemoryFacts>): MemoryFacts => ({
    total: 8 * GB,
    available: 4 * GB,
    limit: null,
    used: 0,
    ...changes,
  });

  test.each([
    ['a machine with much', facts({}), false, 'ok', '4000 MB of 8000 MB free'],
    ['a machine with some', facts({ available: 0.5 * GB }), false, 'warning', '500 MB of 8000 MB free'],
    ['a machine with little', facts({ available: 0.3 * GB }), false, 'problem', '300 MB of 8000 MB free'],
    [
      'a container with much',
      facts({ limit: 1.07 * GB, used: 0.1 * GB }),
      false,
      'ok',
      '970 MB of 1070 MB free (the limit of the container)',
    ],
    [
      'a container with little, before the browser runs',
      facts({ limit: 0.5 * GB, used: 0.2 * GB }),
      false,
      'problem',
      '300 MB of 500 MB free (the limit of the container)',
    ],
    [
      'a container with little, beside the running browser',
      facts({ limit: 1.07 * GB, used: 0.7 * GB }),
      true,
      'ok',
      '370 MB of 1070 MB free (the limit of the container), beside the running browser',
    ],
    [
      'a container that is nearly full',
      facts({ limit: GB, used: 0.9 * GB }),
      true,
      'warning',
      '100 MB of 1000 MB',
    ],
    ['a container over its limit', facts({ limit: GB, used: 1.1 * GB }), true, 'problem', '0 MB of 1000 MB'],
    [
      'a container on a machine with less than its limit',
      facts({ available: 0.2 * GB, limit: GB, used: 0 }),
      false,
      'problem',
      '200 MB of 1000 MB free',
    ],
  ] as const)('%s, is judged by what can still be had', (_, given, browserRuns, verdict, message) => {
    const finding = judgeMemory(given, browserRuns);
    expect(finding.verdict).toBe(verdict);
    expect(finding.message).toContain(message);
    expect(finding.action === null).toBe(verdict === 'ok');
  });

  test('short, names what to change: the limit where that is short, else the machine', () => {
    expect(judgeMemory(facts({ limit: 0.5 * GB }), false).action).toMatch(
      /^Raise mem_limit in the compose file/,
    );
    expect(judgeMemory(facts({ available: 0.2 * GB, limit: GB }), false).action).toMatch(
      /^Stop other programs/,
    );
    expect(judgeMemory(facts({ available: 0.2 * GB }), false).action).toMatch(/^Stop other programs/);
  });

  /** Writes files as the kernel shows them. */
  async function kernel(files: Record<string, string>): Promise<MemoryFacts> {
    const all = {
      'proc/meminfo': 'MemTotal:  8000000 kB\nMemFree: 1 kB\nMemAvailable:  4000000 kB\n',
      ...files,
    };
    for (const [name, text] of Object.entries(all)) {
      await mkdir(dirname(join(place, name)), { recursive: true });
      await writeFile(join(place, name), text);
    }
    return readMemory(place);
  }
  const machine = { total: 8_192_000_000, available: 4_096_000_000 };

  test('cgroups version 2, the limit is read and caches of files do not count as used', async () => {
    const read = await kernel({
      'sys/fs/cgroup/memory.max': '1073741824\n',
      'sys/fs/cgroup/memory.current': '900000000\n',
      'sys/fs/cgroup/memory.stat': 'anon 1\nfile 2\ninactive_file 500000000\nactive_file 3\n',
    });
    expect(read).toEqual({ ...machine, limit: 1_073_741_824, used: 400_000_000 });
  });

  test('cgroups version 1, the same', async () => {
    const read = await kernel({
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '1073741824\n',
      'sys/fs/cgroup/memory/memory.usage_in_bytes': '900000000\n',
      'sys/fs/cgroup/memory/memory.stat': 'inactive_file 7\ntotal_inactive_file 500000000\n',
    });
    expect(read).toEqual({ ...machine, limit: 1_073_741_824, used: 400_000_000 });
  });

  test.each([
    ['version 2', { 'sys/fs/cgroup/memory.max': 'max\n', 'sys/fs/cgroup/memory.current': '1\n' }],
    ['version 1', { 'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n' }],
    ['none', {}],
  ])('cgroups %s without a limit, the machine counts', async (_, files) => {
    expect(await kernel(files)).toEqual({ ...machine, limit: null, used: 0 });
  });

  test('no procfs, what Node knows counts', async () => {
    const read = await readMemory(join(place, 'nothing'));
    expect(read.total).toBeGreaterThan(0);
    expect(read.available).toBeGreaterThan(0);
  });
});

describe('network', () => {
  const check = (url: string, chromiumArgs: string[] = []) =>
    checkNetwork({ url, chromiumArgs, timeoutMs: 500 });

  test.each([
    [200, 'ok'],
    [302, 'ok'],
    [403, 'warning'],
    [503, 'warning'],
  ])('an answer with HTTP %i, is %s', async (status, verdict) => {
    const port = await listen(createHttpServer((_request, response) => response.writeHead(status).end()));
    expect(await check(`http://127.0.0.1:${port}/`)).toMatchObject({
      check: 'WhatsApp',
      verdict,
      message: `127.0.0.1 (127.0.0.1) answers, HTTP ${status}`,
    });
  });

  test('nothing listens, is a problem', async () => {
    expect(await check('http://127.0.0.1:1/')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(/^127.0.0.1 cannot be reached: /) as string,
    });
  });

  test('no answer, is a problem after the deadline', async () => {
    const server = createHttpServer(() => undefined);
    const port = await listen(server);
    expect(await check(`http://127.0.0.1:${port}/`)).toMatchObject({
      verdict: 'problem',
      message: '127.0.0.1 cannot be reached: no answer in time',
    });
    server.closeAllConnections();
  });

  test('a name that is not known, is a problem of DNS', async () => {
    expect(await check('https://nowhere.invalid/')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(/the name is not known \((ENOTFOUND|EAI_AGAIN)\)/) as string,
      action: 'Check DNS: nslookup nowhere.invalid',
    });
  });

  test('a certificate that nobody trusts, is a problem of clock or proxy', async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }]);
    const port = await listen(createHttpsServer({ key, cert }, (_request, response) => response.end()));
    expect(await check(`https://127.0.0.1:${port}/`)).toMatchObject({
      verdict: 'problem',
      message: expect.stringContaining('its certificate is not trusted') as string,
      action: expect.stringContaining('clock') as string,
    });
  });

  test.each([
    '--proxy-server=http://10.0.0.2:3128',
    '--proxy-pac-url=http://10.0.0.2/x',
    '--host-resolver-rules=MAP * x',
  ])('a browser with %s, is not judged by the direct way', async (flag) => {
    expect(await check('http://127.0.0.1:1/', [flag])).toMatchObject({ verdict: 'ok' });
  });
});

describe('gateway', () => {
  test.each([
    ['none', null, 'ok', 'does not run now (nothing listens at http://x:1)'],
    ['ready', READY, 'ok', 'runs, ready: connected'],
    ['waiting for a scan', qrStatus(1), 'ok', 'runs, qr: QR code available, waiting for scan'],
    ['stopped', STOPPED, 'ok', 'runs, idle: Not connected'],
    [
      'failed',
      FAILED,
      'problem',
      'runs, error: The session folder /app/.wwebjs_auth is not writable by uid 1026',
    ],
    [
      'trying again',
      {
        ...STOPPED,
        message: 'web.whatsapp.com cannot be reached',
        reason: { ...FAILED.reason!, code: 'whatsapp_unreachable' },
      },
      'warning',
      'runs, idle: web.whatsapp.com cannot be reached',
    ],
  ] as const)('%s, is told', (_, status, verdict, message) => {
    const finding = judgeGateway(status, 'http://x:1');
    expect(finding).toMatchObject({ verdict, message });
    expect(finding.action === null).toBe(verdict === 'ok');
    expect(JSON.stringify(finding)).not.toMatch(/Ada|4915123456789|base64/);
  });
});

describe('table', () => {
  const findings: Finding[] = [
    { check: 'one', verdict: 'ok', message: 'fine', action: null },
    {
      check: 'another',
      verdict: 'warning',
      message: 'word '.repeat(30).trim(),
      action: `type ${'x'.repeat(150)}`,
    },
    { check: 'third', verdict: 'problem', message: 'bad', action: null },
  ];

  test('long messages, are broken and what is to be typed is not', () => {
    const lines = table(findings, 60).split('\n');
    expect(lines[0]).toBe('✓ one      fine');
    expect(lines[1]).toBe(`! another  ${'word '.repeat(10).trim()}`);
    expect(lines[2]).toBe(`           ${'word '.repeat(10).trim()}`);
    expect(lines).toContain(`           → type ${'x'.repeat(150)}`);
    for (const line of lines) if (!line.includes('→')) expect(line.length).toBeLessThanOrEqual(60);
    expect(lines.at(-1)).toBe('1 problem, 1 warning.');
  });

  test.each([
    [[findings[0]!], 'Nothing is wrong.'],
    [[findings[0]!, findings[1]!, findings[1]!], 'Nothing is wrong, 2 warnings.'],
    [[findings[2]!, findings[2]!], '2 problems.'],
  ])('%#, ends with the sum', (given, sum) => {
    expect(table(given, 100).split('\n').slice(-2)).toEqual(['', sum]);
  });
});

describe('npm run doctor', () => {
  const env = (changes: Record<string, string> = {}) => ({
    PORT: '1',
    WHATSAPP_SESSION_PATH: join(place, 'auth'),
    API_KEY: 'a-secret-of-the-tests',
    ...changes,
  });

  test('a bad configuration, exits 1 and names it', async () => {
    const { code, stdout } = await runCli('doctor', [], { cwd: place, env: env({ PORT: 'http' }) });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ configuration {2}PORT: expected a port number/);
    expect(stdout).toContain('1 problem.');
  });

  test('all is well, exits 0 and has made nothing', async () => {
    const { code, stdout, stderr } = await runCli('doctor', ['--json', '--offline'], {
      cwd: place,
      env: env(),
    });
    const report = JSON.parse(stdout) as { healthy: boolean; version: string; findings: Finding[] };
    expect({ code, stderr, healthy: report.healthy }).toEqual({ code: 0, stderr: '', healthy: true });
    expect(report.findings.map(({ check }) => check)).toEqual([
      'configuration',
      'API key',
      'session path',
      'session mount',
      'session space',
      'session folder',
      'data folder',
      'memory',
      'browser',
      'browser sandbox',
      'gateway',
    ]);
    expect(stdout).not.toContain('a-secret-of-the-tests');
    expect(await readdir(place)).toEqual([]);
  });

  test('several things are wrong, exits 1 with each and its remedy', async () => {
    await writeFile(join(place, 'auth'), 'x');
    const { code, stdout } = await runCli('doctor', ['--offline'], {
      cwd: place,
      env: env({ PUPPETEER_EXECUTABLE_PATH: '/nowhere/chromium' }),
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ session path .*is a file/m);
    expect(stdout).toMatch(/^✗ browser .*PUPPETEER_EXECUTABLE_PATH/m);
    expect(stdout).toContain('2 problems');
    expect((await stat(join(place, 'auth'))).isFile()).toBe(true);
  });

  test.skipIf(WITHOUT_ROOT)(
    'without a network (needs root), is a problem that --offline leaves out',
    async () => {
      const script = new URL('../../src/cli/doctor.ts', import.meta.url).pathname;
      const doctor = async (...args: string[]) =>
        run('unshare', ['--net', process.execPath, script, ...args], {
          cwd: place,
          env: { ...process.env, ...env({ PUPPETEER_EXECUTABLE_PATH: '/nowhere/chromium' }) },
        }).catch((error: unknown) => error as { stdout: string });
      expect((await doctor()).stdout).toMatch(/^✗ WhatsApp +web\.whatsapp\.com cannot be reached/m);
      expect((await doctor('--offline')).stdout).not.toContain('web.whatsapp.com');
    },
  );
});
