import { once } from 'node:events';
import type { GatewayError } from '../../src/errors.ts';
import { readHost } from '../../src/session/folder-host.ts';
import { SessionFolder } from '../../src/session/session-folder.ts';
import type { ChildQuestion, ChildResult } from './session-folder-child.ts';

/** Everything is loaded by now: the repository need not be readable for the ids that follow. */
const {
  path,
  clientId = 'test',
  host = {},
  ids,
  waits = false,
  removes = false,
} = JSON.parse(process.argv[2]!) as ChildQuestion;
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
async function lateProblem() {
  await folder.check();
  process.stdout.write('checked\n');
  await once(process.stdin, 'data');
  process.stdin.destroy();
  const removal = () =>
    folder.remove().then(
      () => null,
      (error: unknown) => error as GatewayError,
    );
  const problem = await (removes ? removal() : folder.problem());
  return { steps: [], problem, report: { warnings: [] } };
}
const { steps, problem, report } = await (waits ? lateProblem() : folder.inspect('start'));
await folder.release();
const result: ChildResult = {
  steps: [...steps],
  code: problem?.code ?? null,
  message: problem?.message ?? '',
  action: problem?.action ?? '',
  warnings: [...report.warnings],
};
process.stdout.write(JSON.stringify(result));
