import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path, { join } from 'node:path';
import { expect, onTestFailed, onTestFinished, test } from 'vitest';
import type { StatusBody } from '../../src/session/status.ts';
import { remoteSimulator } from '../simulator/client.ts';
import { findProcessesUsingProfile } from '../../src/whatsapp/processes.ts';
import { freePort } from '../support/free-port.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const PROJECT = path.join(import.meta.dirname, '..', '..');

test(
  'demo, started and linked by its phone and ended, leaves nothing behind',
  { timeout: 150_000 },
  async () => {
    const port = await freePort();
    // As the README says, so that the signal goes the way through npm.
    const demo = spawn('npm', ['run', 'demo', '--silent'], {
      cwd: PROJECT,
      env: {
        ...process.env,
        PORT: String(port),
        PHONE_PORT: '0',
        NODE_ENV: 'production',
        API_KEY: 'not-for-the-demo!!',
      },
    });
    onTestFinished(() => {
      if (demo.exitCode === null) demo.kill('SIGTERM');
    });
    let output = '';
    onTestFailed(() => void process.stderr.write(output));
    for (const stream of [demo.stdout, demo.stderr]) {
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    }
    const phone = await waitFor(() => /(http:\/\/127\.0\.0\.1:\d+)\/phone/.exec(output)?.[1], {
      what: 'the phone',
      timeoutMs: 60_000,
    });
    expect(output).toContain(`http://127.0.0.1:${port}/whatsapp`);

    const simulator = remoteSimulator(phone);
    await waitFor(() => simulator.scan(), { what: 'a code to scan', timeoutMs: 60_000 });
    const status = async () =>
      (await (await fetch(`http://127.0.0.1:${port}/api/whatsapp/status`)).json()) as StatusBody;
    await waitFor(async () => (await status()).isReady);
    const pids = await simulator.browserPids();
    expect(pids).toHaveLength(1);
    const folder = /[^"\s]+whatsapp-gateway-demo-\w+/.exec(output)![0];
    expect(existsSync(folder)).toBe(true);

    demo.kill('SIGTERM');
    const [code] = (await once(demo, 'exit')) as [number | null];
    expect(code).toBe(0);
    expect(existsSync(folder)).toBe(false);
    expect(existsSync(`/proc/${pids[0]!}`)).toBe(false);
  },
);

test('demo, its terminal is gone, ends the gateway all the same', { timeout: 150_000 }, async () => {
  const port = await freePort();
  const demo = spawn(process.execPath, ['scripts/demo.ts'], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, PORT: String(port), PHONE_PORT: '0' },
  });
  onTestFinished(() => void demo.kill('SIGKILL'));
  const ended = once(demo, 'exit');
  // What reads its output leaves after the first line, as `head -1` does.
  await once(demo.stdout, 'data');
  demo.stdout.destroy();
  await ended;
  await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
});

test('demo, killed, takes its gateway along', { timeout: 150_000 }, async () => {
  const port = await freePort();
  const env = { ...process.env, PORT: String(port), PHONE_PORT: '0' };
  const demo = spawn(process.execPath, ['scripts/demo.ts'], {
    cwd: PROJECT,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void demo.kill('SIGTERM'));
  let output = '';
  demo.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await waitFor(() => output.includes('/phone'), { what: 'the phone', timeoutMs: 60_000 });
  const [folder = ''] = /[^"\s]+whatsapp-gateway-demo-\w+/.exec(output) ?? [];
  onTestFinished(() => removeFolder(folder));
  demo.kill('SIGKILL');
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/health`).then(
      () => true,
      () => false,
    );
  await waitFor(async () => !(await answers()), { what: 'the end of the gateway' });
  await waitFor(
    async () =>
      (await findProcessesUsingProfile(join(folder, 'session', 'session-whatsapp-client'))).length === 0,
  );
});

test.each(['abc', '70000', '-1'])(
  'demo, with %s for the port of its phone, says what is wrong with it',
  (given) => {
    const env = { ...process.env, PHONE_PORT: given };
    const { status, stderr } = spawnSync('npm', ['run', 'demo', '--silent'], { cwd: PROJECT, env });
    expect(String(stderr)).toBe('PHONE_PORT: expected a port, 0 to 65535; 0 takes a free one\n');
    expect(status).toBe(78);
  },
);
