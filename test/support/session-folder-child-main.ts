import { readHost } from '../../src/session/folder-host.ts';
import { SessionFolder } from '../../src/session/session-folder.ts';
import type { ChildOptions, ChildResult } from './session-folder-child.ts';

/** Everything is loaded by now: the repository need not be readable for the ids that follow. */
const { path, clientId = 'test', host = {}, ids } = JSON.parse(process.argv[2]!) as ChildOptions;
if (ids !== undefined) {
  process.setgroups!(ids.groups ?? []);
  process.setgid!(ids.gid);
  process.setuid!(ids.uid);
}
const quiet = () => undefined;
const folder = new SessionFolder({
  path,
  clientId,
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  readHost: async () => ({ ...(await readHost()), inContainer: false, ...host }),
});
const { steps, problem, report } = await folder.inspect('start');
await folder.release();
const result: ChildResult = {
  steps: [...steps],
  code: problem?.code ?? null,
  message: problem?.message ?? '',
  action: problem?.action ?? '',
  warnings: [...report.warnings],
};
process.stdout.write(JSON.stringify(result));
