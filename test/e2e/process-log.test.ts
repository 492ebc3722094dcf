import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, onTestFinished, test } from 'vitest';

import { freePort } from '../support/free-port.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

test('a log on a full disk, the gateway says so once on stderr, answers, obeys and ends cleanly', async () => {
  const folder = tempFolder();
  const port = await freePort();
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: PROJECT,
    stdio: ['ignore', full, 'pipe'],
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
  closeSync(full);
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const base = `http://127.0.0.1:${port}`;
  const health = () =>
    fetch(`${base}/health`).then(
      ({ status }) => status,
      () => 0,
    );
  await waitFor(async () => child.exitCode !== null || (await health()) === 200, { what: 'an answer' });
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
