import { ConfigError, readConfig, type Config, type ConfigProblem } from '../config.ts';
import { ENV_FILE } from '../env-file.ts';
import { GatewayError, messageOf } from '../errors.ts';
import { readHost } from '../session/folder-host.ts';
import { SessionFolder } from '../session/session-folder.ts';
import type { StatusBody } from '../session/status.ts';
import { SILENT_LOG } from '../silent-log.ts';
import { BrowserPreparation } from '../whatsapp/prepare-browser.ts';
import { trialRun } from '../whatsapp/trial-run.ts';
import { failed, ok, problem, warning, type Finding } from './finding.ts';

/** The configuration, and what is wrong with it. No value of a secret is in a finding. */
export function checkConfiguration(
  environment: Readonly<Record<string, string | undefined>>,
  before: readonly ConfigProblem[] = [],
): {
  readonly config: Config | null;
  readonly findings: readonly Finding[];
} {
  try {
    const config = readConfig(environment, before);
    return {
      config,
      findings: [
        ok(
          'configuration',
          `session path ${config.sessionPath}, client id ${config.clientId}, port ${config.port}`,
        ),
        config.apiKey === undefined
          ? warning(
              'API key',
              'API_KEY is not set: everybody who reaches the port can link a phone and use the account',
              'Set API_KEY in .env; make one with: openssl rand -hex 24',
            )
          : ok('API key', 'set'),
      ],
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const findings = error.problems.map(({ name, message }) =>
      problem(
        'configuration',
        `${name}: ${message}`,
        name === ENV_FILE ? 'Then ask again' : `Correct ${name} in .env or in the environment`,
      ),
    );
    return { config: null, findings };
  }
}

/** The steps of the session folder's preflight. Nothing is made or kept, so that a gateway may run beside it. */
export async function checkFolder({ sessionPath, clientId }: Config): Promise<Finding[]> {
  const folder = new SessionFolder({ path: sessionPath, clientId, log: SILENT_LOG });
  try {
    const { steps } = await folder.inspect('look');
    return steps.map(({ name, verdict, message, action }) => ({
      check: `session ${name}`,
      verdict,
      message,
      action,
    }));
  } catch (error) {
    return [failed('session path', error)];
  }
}

/** A second browser for a moment must not cost the gateway's own its memory. */
const TRIAL_BYTES = 250e6;

/** Finds the browser and loads a page of its own in it. @param freeBytes of memory */
export async function checkBrowser(config: Config, freeBytes: number): Promise<Finding[]> {
  try {
    const browsers = new BrowserPreparation({
      executablePath: config.browserPath,
      extraArgs: config.chromiumArgs,
      log: SILENT_LOG,
    });
    const prepared = await browsers.get();
    const { path } = prepared.found;
    if (freeBytes < TRIAL_BYTES) {
      return [warning('browser', `${path}, not tried: too little memory is free for a second browser`, null)];
    }
    const { version, sandbox } = await trialRun(prepared);
    return [ok('browser', `${version}, ${path}`), await judgeSandbox(sandbox)];
  } catch (error) {
    const finding = failed('browser', error);
    const words = error instanceof GatewayError && error.cause !== undefined ? lastWords(error.cause) : null;
    return [words === null ? finding : { ...finding, message: `${finding.message}: ${words}` }];
  }
}

/** What a browser that has ended said last; it says more than its exit code. */
function lastWords(cause: unknown): string | null {
  const [, ...lines] = messageOf(cause).split('\n');
  // Without Chromium's log prefix: process, time and line number.
  const words = lines.map((line) => line.replace(/^\[[^\]]*\]\s*/, '').trim()).filter((line) => line !== '');
  return words.at(-1)?.slice(0, 300) ?? null;
}

async function judgeSandbox(works: boolean): Promise<Finding> {
  const check = 'browser sandbox';
  if (works) return ok(check, 'works');
  if ((await readHost()).inContainer) return ok(check, 'none: the container takes its place');
  return process.getuid?.() === 0
    ? warning(check, 'none: Chromium has none for root', 'Run the gateway as a user that is not root')
    : warning(
        check,
        'none: this system does not let an ordinary user make one',
        'Allow user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0',
      );
}

/** What a running gateway says of itself; none that runs is no fault. No name and no number of the account is told. */
export function judgeGateway(status: StatusBody | null, address: string): Finding {
  const check = 'gateway';
  if (status === null) return ok(check, `does not run now (nothing listens at ${address})`);
  const { reason, isReady, message } = status;
  const said = `runs, ${status.status}: ${isReady ? 'connected' : message}`;
  if (status.status === 'error') return problem(check, said, reason?.action ?? null);
  return reason === null || reason.code === 'stopped' ? ok(check, said) : warning(check, said, reason.action);
}
