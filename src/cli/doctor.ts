import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import type { Config } from '../config.ts';
import { readEnvFile } from '../env-file.ts';
import { checkBrowser, checkConfiguration, checkFolder, judgeGateway } from '../doctor/checks.ts';
import { checkDataFolder } from '../doctor/data-folder.ts';
import { failed, type Finding } from '../doctor/finding.ts';
import { freeMemory, judgeMemory, readMemory } from '../doctor/memory.ts';
import { checkNetwork } from '../doctor/network.ts';
import { table } from '../doctor/table.ts';
import { readHost } from '../session/folder-host.ts';
import type { StatusBody } from '../session/status.ts';
import { runCommand, say } from './command.ts';
import { RunningGateway } from './running-gateway.ts';

const HELP = `Examines what the gateway needs: npm run doctor [-- --json] [-- --offline]

Configuration, session folder and mount, data folder, memory, browser, and whether WhatsApp can be reached. Changes
nothing and may run beside the gateway. Exit code 1 when something is wrong.

--json      the same as JSON, without secrets: for support
--offline   leaves the network out`;

/** For a log or a mail, where nobody tells the width. */
const WIDTH = 100;

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

await runCommand(async (signal) => {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      json: { type: 'boolean', default: false },
      offline: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(HELP);
    return 0;
  }
  const { config, findings: first } = checkConfiguration(process.env, readEnvFile());
  const findings = [...first, ...(config === null ? [] : await examine(config, values.offline))];
  signal.throwIfAborted();
  const healthy = findings.every(({ verdict }) => verdict !== 'problem');
  if (values.json) {
    const { platform, arch, versions } = process;
    const { uid, gid, inContainer } = await readHost();
    const machine = { platform, arch, node: versions.node, uid, gid, inContainer };
    say(JSON.stringify({ version, healthy, machine, findings }, null, 2));
  } else {
    say(table(findings, process.stdout.isTTY ? Math.min(process.stdout.columns, WIDTH) : WIDTH));
  }
  return healthy ? 0 : 1;
});

async function examine(config: Config, offline: boolean): Promise<Finding[]> {
  const { status, finding } = await askGateway(config);
  const memory = await readMemory();
  const [folder, data, browser, network] = await Promise.all([
    checkFolder(config),
    checkDataFolder(config.dataPath),
    checkBrowser(config, freeMemory(memory)),
    offline ? [] : checkNetwork(config).then((found) => [found]),
  ]);
  const browserRuns =
    status !== null && ['starting', 'qr', 'syncing', 'ready', 'reconnecting'].includes(status.phase);
  return [...folder, data, judgeMemory(memory, browserRuns), ...browser, ...network, finding];
}

async function askGateway(config: Config): Promise<{ status: StatusBody | null; finding: Finding }> {
  const gateway = new RunningGateway(config);
  try {
    const status = await gateway.status();
    return { status, finding: judgeGateway(status, gateway.address) };
  } catch (error) {
    return { status: null, finding: failed('gateway', error) };
  }
}
