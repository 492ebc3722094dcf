import { parseArgs } from 'node:util';
import { createRequire } from 'node:module';
import dotenv from 'dotenv';
import {
  checkBrowser,
  checkConfiguration,
  checkFolder,
  checkMemory,
  checkNetwork,
  type Finding,
} from '../doctor/checks.ts';
import { runCommand, say } from './command.ts';
import { RunningGateway } from './running-gateway.ts';

const HELP = `Examines what the gateway needs: npm run doctor [-- --json] [-- --offline]

Configuration, session folder and mount, browser, memory, and whether WhatsApp can be reached. Changes nothing and
may run beside the gateway. Exit code 1 when something is wrong.
--json      for support: the same as JSON, without secrets
--offline   leaves the network out`;

const MARK = { ok: '✓', warning: '!', problem: '✗' } as const;

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

await runCommand(async () => {
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
  dotenv.config({ quiet: true });
  const findings = await examine(values.offline);
  const healthy = findings.every(({ verdict }) => verdict !== 'problem');
  if (values.json) {
    const { platform, arch, versions } = process;
    const machine = { platform, arch, node: versions.node, uid: process.getuid?.() ?? null };
    say(JSON.stringify({ version, healthy, machine, findings }, null, 2));
  } else {
    say(table(findings));
  }
  return healthy ? 0 : 1;
});

async function examine(offline: boolean): Promise<Finding[]> {
  const { config, findings } = checkConfiguration(process.env);
  if (config === null) return [...findings, await checkMemory()];
  const [folder, browser, memory, network, gateway] = await Promise.all([
    checkFolder(config),
    checkBrowser(config),
    checkMemory(),
    offline ? [] : checkNetwork().then((finding) => [finding]),
    checkGateway(new RunningGateway(config)),
  ]);
  return [...findings, ...folder, ...browser, memory, ...network, gateway];
}

/** What a running gateway says of itself; none that runs is no fault. */
async function checkGateway(gateway: RunningGateway): Promise<Finding> {
  const check = 'gateway';
  try {
    const status = await gateway.status();
    if (status === null) return { check, verdict: 'ok', message: 'does not run here now', action: null };
    return {
      check,
      verdict: status.status === 'error' ? 'problem' : 'ok',
      message: `runs, ${status.status}: ${status.message}`,
      action: status.reason?.action ?? null,
    };
  } catch (error) {
    return {
      check,
      verdict: 'problem',
      message: (error as Error).message,
      action: 'Check PORT: another program may listen there',
    };
  }
}

function table(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, verdict, message, action }) => [
    `${MARK[verdict]} ${check.padEnd(width)}  ${message}`,
    ...(verdict !== 'ok' && action !== null ? [`  ${' '.repeat(width)}  → ${action}`] : []),
  ]);
  const problems = findings.filter(({ verdict }) => verdict === 'problem').length;
  const warnings = findings.filter(({ verdict }) => verdict === 'warning').length;
  const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;
  const verdict =
    problems === 0
      ? `Nothing is wrong${warnings === 0 ? '' : `, ${counted(warnings, 'warning')}`}.`
      : `${counted(problems, 'problem')}.`;
  return [...lines, '', verdict].join('\n');
}
