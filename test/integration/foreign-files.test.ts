import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { tempFolder } from '../support/temp-folder.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const SOMEBODY = 12_345;

/** Runs a program of the gateway in a folder, as somebody. */
function run(
  program: string,
  args: readonly string[],
  cwd: string,
  { uid, ...more }: { uid?: number; HOME?: string; PORT?: string; API_KEY?: string } = {},
) {
  const env = { PATH: process.env['PATH'], PORT: 'http', ...more };
  const ids = uid === undefined ? {} : { uid, gid: uid };
  const file = join(PROJECT, 'src', program);
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { cwd, env, ...ids });
  return { status, said: String(stdout) + String(stderr) };
}

test.runIf(process.getuid?.() === 0)(
  'a .env of somebody else (needs root), named with the command that helps, and nothing is started without it',
  () => {
    const folder = tempFolder();
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, '.env'), 'API_KEY=a-key-that-nobody-may-see\n', { mode: 0o600 });
    const line =
      `.env: ${folder}/.env cannot be read (EACCES); give it to the user of the gateway: ` +
      `sudo chown ${SOMEBODY}:${SOMEBODY} '${folder}/.env'`;
    for (const args of [[], ['--check-config']]) {
      const { status, said } = run('main.ts', args, folder, { uid: SOMEBODY });
      expect(said).toBe(
        `The configuration is not valid. Put this right, in the environment or in .env:\n  ${line}\n` +
          '  PORT: expected a port number from 0 to 65535\n',
      );
      expect(status).toBe(78);
    }
    const doctor = run('cli/doctor.ts', ['--json'], folder, { uid: SOMEBODY });
    expect(doctor.status).toBe(1);
    expect(JSON.parse(doctor.said)).toMatchObject({
      healthy: false,
      findings: expect.arrayContaining([expect.objectContaining({ message: line })]) as unknown,
    });
  },
);

test.runIf(process.getuid?.() === 0)(
  'a home folder of somebody else, as after a change of user (needs root), is no reason not to load',
  () => {
    const [folder, home] = [tempFolder(), tempFolder()];
    chmodSync(folder, 0o755);
    chmodSync(home, 0o700);
    const { status, said } = run('main.ts', ['--check-config'], folder, {
      uid: SOMEBODY,
      HOME: home,
      PORT: '0',
    });
    expect(said).toBe('The configuration is valid.\n');
    expect(status).toBe(0);
  },
);

test.each([
  ['a link to nothing', '', 78],
  ['a link to nothing, beside a key in the environment', 'a-key-of-sixteen-characters', 0],
])('a .env that is %s', (_what, key, code) => {
  const folder = tempFolder();
  symlinkSync(join(folder, 'nowhere'), join(folder, '.env'));
  const { status, said } = run('main.ts', ['--check-config'], folder, { PORT: '0', API_KEY: key });
  expect(status).toBe(code);
  expect(said.includes('is a link to what does not exist')).toBe(code === 78);
});

test('a folder in the place of .env, as Docker makes it, named', () => {
  const folder = tempFolder();
  mkdirSync(join(folder, '.env'));
  const { status, said } = run('main.ts', ['--check-config'], folder);
  expect(status).toBe(78);
  expect(said).toContain(`.env: ${folder}/.env is a folder; remove it (rmdir '${folder}/.env')`);
});
