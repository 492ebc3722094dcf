import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';

/** Fetching Debian, Node and every dependency over a slow line, and unpacking them on a busy disk. */
const TIMEOUT_MS = 15 * 60_000;

test(
  'bare machine, Node 20 and npm and nothing else, npm ci and npm start are enough',
  { timeout: TIMEOUT_MS },
  async ({ skip }) => {
    const run = spawn('bash', [join(import.meta.dirname, '../bare/run.sh')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // It takes its chroot and everything in it along.
    onTestFinished(async () => {
      if (run.exitCode !== null || run.signalCode !== null) return;
      run.kill('SIGTERM');
      await once(run, 'exit');
    });
    const closed = once(run, 'close');
    const [said, complained] = await Promise.all([text(run.stdout), text(run.stderr)]);
    await closed;
    const skipped = /^SKIPPED: (.*)$/m.exec(said)?.[1];
    if (skipped !== undefined) skip(skipped);
    expect(run.exitCode, said + complained).toBe(0);
    expect(said).toContain('PASSED');
  },
);
