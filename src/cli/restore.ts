import { mkdtemp } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { ownerFor } from '../backup/login-parts.ts';
import { openBackup, unpackLogin } from '../backup/unpack-login.ts';
import { removeTree, unpackingPrefix } from '../session/profile-removal.ts';
import { readConfiguration, runCommand, say, UsageError } from './command.ts';
import { withReservedLogin } from './reserved-login.ts';

const HELP = `Puts a WhatsApp login back: npm run restore -- FILE

FILE is one that npm run backup or deploy.sh has made. It is unpacked and checked first; then a running gateway stops
its browser for a moment, the login takes the place of the present one, and the gateway connects again.
The present login is lost: back it up first if it is worth something.
A browser that is older than the one of the backup deletes the login: restore image and backup together.`;

await runCommand(async (signal) => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h', default: false } },
  });
  if (values.help) {
    say(HELP);
    return 0;
  }
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) {
    throw new UsageError(`Expected one FILE; a path with spaces needs quotes\n\n${HELP}`);
  }
  const config = readConfiguration();
  // Without a backup nothing is reserved, and nothing made.
  await using archive = await openBackup(file);
  await withReservedLogin(config, async ({ folder, warnings, status, stopBrowser }) => {
    for (const { message, action } of warnings) say(`Note: ${message}\n  → ${action}`);
    const into = await mkdtemp(unpackingPrefix(folder.profile));
    try {
      const owner = await ownerFor(folder.root);
      const profile = basename(folder.profile);
      const login = await unpackLogin({ archive, file, into, profile, owner, signal });
      await stopBrowser();
      signal.throwIfAborted();
      await folder.replace(login);
    } finally {
      await removeTree(into);
    }
    say(`The login of ${file} is in place`);
    if (status?.phase === 'stopped')
      say('The gateway is stopped, as it was before: press Connect on its page');
  });
  return 0;
});
