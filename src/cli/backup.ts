import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packLogin } from '../backup/login-archive.ts';
import { readConfiguration, runCommand, say } from './command.ts';
import { withStoppedClient } from './stopped-client.ts';

const HELP = `Backs up the WhatsApp login: npm run backup [-- FILE]

Stops the browser of a running gateway for some seconds, packs the login, and starts it again.
FILE defaults to data/backups/login-<date>-<time>.tar.gz. Whoever has that file can use the account: keep it safe.
Put it back with: npm run restore -- FILE`;

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h', default: false } },
  });
  if (values.help) {
    say(HELP);
    return 0;
  }
  const file = positionals[0] ?? join('data', 'backups', `login-${stamp(new Date())}.tar.gz`);
  const bytes = await withStoppedClient(readConfiguration(), say, (place) => packLogin(place, file));
  say(`The login is in ${file} (${(bytes / 1e6).toFixed(1)} MB)`);
  return 0;
});

/** Local time as `20260131-235959`: names sort by it, and people know it. */
function stamp(time: Date): string {
  const digits = (value: number, length = 2) => String(value).padStart(length, '0');
  return (
    [digits(time.getFullYear(), 4), digits(time.getMonth() + 1), digits(time.getDate())].join('') +
    '-' +
    [digits(time.getHours()), digits(time.getMinutes()), digits(time.getSeconds())].join('')
  );
}
