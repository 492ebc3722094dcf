import { SessionFolder } from '../../src/session/session-folder.ts';

/** `node hold-session-folder.ts PATH CLIENT_ID`: takes the folder as a gateway does, says `held`, and keeps it until it is killed. */
const [path = '', clientId = ''] = process.argv.slice(2);
const quiet = () => undefined;
const folder = new SessionFolder({
  path,
  clientId,
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
});
await folder.check();
process.stdout.write('held\n');
setInterval(() => folder.root, 60_000);
