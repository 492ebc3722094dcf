import { parseArgs } from 'node:util';
import { unpackLogin } from '../backup/login-archive.ts';
import { EX_USAGE, readConfiguration, runCommand, say } from './command.ts';
import { withStoppedClient } from './stopped-client.ts';

const HELP = `Puts a WhatsApp login back: npm run restore -- FILE

FILE is one that npm run backup or deploy.sh has made. Stops the browser of a running gateway, exchanges the
login, and starts it again. The present login is lost: back it up first if it is worth something.
A browser that is older than the one of the backup deletes the login: restore image and backup together.`;

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h', default: false } },
  });
  const [file] = positionals;
  if (values.help || file === undefined) {
    say(HELP);
    return values.help ? 0 : EX_USAGE;
  }
  await withStoppedClient(readConfiguration(), say, (place) => unpackLogin(place, file));
  say(`The login of ${file} is in place`);
  return 0;
});
