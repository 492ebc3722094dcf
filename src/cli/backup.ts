import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loginParts } from '../backup/login-parts.ts';
import { packLogin } from '../backup/pack-login.ts';
import { GatewayError } from '../errors.ts';
import { readConfiguration, runCommand, say, UsageError } from './command.ts';
import { withReservedLogin } from './reserved-login.ts';

const HELP = `Backs up the WhatsApp login: npm run backup [-- FILE]

Has a running gateway stop its browser for some seconds, packs the login, and has it started again.
FILE may be a file or a folder; without it the login goes to data/backups/login-<date>-<time>.tar.gz
(in DATA_PATH).
Whoever has that file can use the WhatsApp account: keep it safe.
Put it back with: npm run restore -- FILE`;

await runCommand(async (signal) => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h', default: false } },
  });
  if (values.help) {
    say(HELP);
    return 0;
  }
  if (positionals.length > 1) throw new UsageError('Expected one FILE; a path with spaces needs quotes');
  const config = readConfiguration();
  const profile = resolve(config.sessionPath, `session-${config.clientId}`);
  await assertLogin(profile);
  const file = await fileFor(positionals[0], config.dataPath);
  const bytes = await withReservedLogin(config, async ({ status, stopBrowser }) => {
    if (status?.status === 'qr') {
      throw new GatewayError({
        code: 'no_login',
        message: 'No phone is linked: the gateway shows a QR code, and there is no login to back up',
      });
    }
    await stopBrowser();
    return packLogin({ profile, file, signal });
  });
  say(`The login is in ${file} (${size(bytes)})`);
  return 0;
});

/** Without a login nothing is stopped, and nothing made. What cannot be seen is explained by the check of the folder. */
async function assertLogin(profile: string): Promise<void> {
  await loginParts(profile).catch((error: unknown) => {
    if (error instanceof GatewayError) throw error;
  });
}

async function fileFor(path: string | undefined, dataPath: string): Promise<string> {
  const name = `login-${stamp(new Date())}.tar.gz`;
  if (path === undefined) return resolve(dataPath, 'backups', name);
  const isFolder = path.endsWith('/') || (await stat(path).catch(() => null))?.isDirectory() === true;
  return resolve(isFolder ? join(path, name) : path);
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Local time as `20260131-235959`: names sort by it, and people know it. */
function stamp(time: Date): string {
  const digits = (value: number, length = 2) => String(value).padStart(length, '0');
  return (
    [digits(time.getFullYear(), 4), digits(time.getMonth() + 1), digits(time.getDate())].join('') +
    '-' +
    [digits(time.getHours()), digits(time.getMinutes()), digits(time.getSeconds())].join('')
  );
}
