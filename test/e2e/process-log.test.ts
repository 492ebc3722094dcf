import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { expect, onTestFinished, test } from 'vitest';

import { freePort } from '../support/free-port.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** @param stdout where the log goes: a file descriptor, or a pipe that nobody reads yet */
function start(port: number, stdout: number | 'pipe') {
  const folder = tempFolder();
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: PROJECT,
    stdio: ['ignore', stdout, 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      HOST: '127.0.0.1',
      PORT: String(port),
      API_KEY: '',
      WHATSAPP_AUTO_CONNECT: 'false',
      WHATSAPP_SESSION_PATH: `${folder}/auth`,
      DATA_PATH: `${folder}/data`,
      LOG_LEVEL: 'trace',
    },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function answers(child: ChildProcess, base: string): Promise<void> {
  const health = () =>
    fetch(`${base}/health`).then(
      ({ status }) => status,
      () => 0,
    );
  await waitFor(async () => child.exitCode !== null || (await health()) === 200, { what: 'an answer' });
}

function fullDisk(): number {
  const full = openSync('/dev/full', 'w');
  onTestFinished(() => {
    closeSync(full);
  });
  return full;
}

test('a log on a full disk, a gateway that cannot listen ends all the same', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  const child = start((taken.address() as AddressInfo).port, fullDisk());
  expect(await once(child, 'exit')).toEqual([1, null]);
});

test('a log that nobody reads for a while, the gateway answers, obeys and ends cleanly; what it said first is there', async () => {
  const port = await freePort();
  const child = start(port, 'pipe');
  const exited = once(child, 'exit');
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const base = `http://127.0.0.1:${port}`;
  await answers(child, base);
  // More than a pipe holds and the gateway keeps.
  for (let command = 0; command < 700; command += 1) {
    await fetch(`${base}/api/whatsapp/disconnect`, { method: 'POST' });
  }
  await answers(child, base);
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
  // Nothing more is said meanwhile: what waits comes by itself, beyond the 65,536 bytes that a pipe holds.
  await waitFor(() => said.length > 100_000, { what: 'what waited to be read' });
  child.stdout?.pause();
  for (let command = 0; command < 700; command += 1) {
    await fetch(`${base}/api/whatsapp/disconnect`, { method: 'POST' });
  }
  child.kill('SIGTERM');
  child.stdout?.resume();
  const closed = once(child, 'close');
  expect(await exited).toEqual([0, null]);
  await closed;
  expect(stderr).toBe('');
  const lines = said.trimEnd().split('\n');
  expect(lines[0]).toContain('"level":');
  for (const line of lines) JSON.parse(line);
});

test('a log on a full disk, the gateway says so once on stderr, answers, obeys and ends cleanly', async () => {
  const port = await freePort();
  const child = start(port, fullDisk());
  const exited = once(child, 'exit');
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const base = `http://127.0.0.1:${port}`;
  await answers(child, base);
  expect(stderr).toBe(
    'The log cannot be written (ENOSPC: no space left on device, write); the gateway goes on without it\n',
  );
  for (let command = 0; command < 20; command += 1) {
    const answer = await fetch(`${base}/api/whatsapp/disconnect`, { method: 'POST' });
    expect(answer.status).toBe(200);
  }
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  expect(stderr.match(/cannot be written/g)).toHaveLength(1);
});
