import { spawnSync } from 'node:child_process';

import { expect, test } from 'vitest';

test.each([
  ['gateway', [], 'SIGTERM', 0],
  ['gateway', [], 'SIGHUP', 0],
  ['check of the configuration, which has not answered', ['--check-config'], 'SIGTERM', 143],
  ['check of the configuration, which has not answered', ['--check-config'], 'SIGINT', 130],
])('%s, asked to end while it is being loaded by %s %s, exit code %d', (_what, args, signal, code) => {
  const program = `
    const { catchStopSignals } = await import(${JSON.stringify(new URL('../../src/signals.ts', import.meta.url).href)});
    catchStopSignals();
    setTimeout(() => process.exit(99), 10_000);
    process.kill(process.pid, '${signal}');
  `;
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', program, '--', ...args]);
  expect(status).toBe(code);
});
