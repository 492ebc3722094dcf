import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { ConfigError, readConfig, type Config } from '../config.ts';
import { GatewayError, messageOf } from '../errors.ts';
import { SessionFolder } from '../session/session-folder.ts';
import type { SessionLog } from '../session/ports.ts';
import { BrowserPreparation } from '../whatsapp/prepare-browser.ts';
import { trialRun } from '../whatsapp/trial-run.ts';

/** One line of the doctor's table. */
export interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** What to do or to type; null when all is well. */
  readonly action: string | null;
}

const WHATSAPP_HOST = 'web.whatsapp.com';
/** A page of WhatsApp Web takes 300 to 600 MB in a headless shell, and node 100. */
const MEMORY_ENOUGH = 700e6;
const MEMORY_LITTLE = 400e6;
const NETWORK_MS = 10_000;

/** The configuration, and what is wrong with it. No value of a secret is in a finding. */
export function checkConfiguration(environment: Readonly<Record<string, string | undefined>>): {
  readonly config: Config | null;
  readonly findings: readonly Finding[];
} {
  try {
    const config = readConfig(environment);
    const open = config.apiKey === undefined;
    return {
      config,
      findings: [
        ok('configuration', `session path ${config.sessionPath}, port ${config.port}`),
        open
          ? {
              check: 'API key',
              verdict: 'warning',
              message: 'API_KEY is not set: everybody who reaches the port can link a phone',
              action: 'Set API_KEY in .env; make one with: openssl rand -hex 24',
            }
          : ok('API key', 'set'),
      ],
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const findings = error.problems.map(({ name, message }) =>
      problem('configuration', `${name}: ${message}`, `Correct ${name} in .env or in the environment`),
    );
    return { config: null, findings };
  }
}

/** The steps of the session folder's preflight. Nothing is made or kept, so that a gateway may run beside it. */
export async function checkFolder({ sessionPath, clientId }: Config): Promise<Finding[]> {
  const folder = new SessionFolder({ path: sessionPath, clientId, log: SILENT });
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

/** Finds the browser and loads a page of its own in it. */
export async function checkBrowser({ browserPath, chromiumArgs }: Config): Promise<Finding[]> {
  try {
    const browsers = new BrowserPreparation({
      executablePath: browserPath,
      extraArgs: chromiumArgs,
      log: SILENT,
    });
    const prepared = await browsers.get();
    const { version, sandbox } = await trialRun(prepared);
    return [
      ok('browser', `${version}, ${prepared.found.path}`),
      sandbox
        ? ok('browser sandbox', 'works')
        : {
            check: 'browser sandbox',
            verdict: 'warning',
            message: 'Chromium runs without its sandbox here (root, or a kernel without user namespaces)',
            action: 'Nothing to do in the container; elsewhere run the gateway as a user that is not root',
          },
    ];
  } catch (error) {
    return [failed('browser', error)];
  }
}

/** Memory that is left, the limit of a container included. */
export async function checkMemory(): Promise<Finding> {
  const limit = await readNumber('/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes');
  const used = await readNumber(
    '/sys/fs/cgroup/memory.current',
    '/sys/fs/cgroup/memory/memory.usage_in_bytes',
  );
  const available = (await availableMemory()) ?? freemem();
  const limited = limit !== null && limit < totalmem();
  const free = limited ? Math.min(available, limit - (used ?? 0)) : available;
  const total = limited ? limit : totalmem();
  const message = `${megabytes(free)} of ${megabytes(total)} free${limited ? ' (limit of the container)' : ''}`;
  if (free >= MEMORY_ENOUGH) return ok('memory', message);
  return {
    check: 'memory',
    // A gateway that runs has its share already; only very little is a problem by itself.
    verdict: free >= MEMORY_LITTLE ? 'warning' : 'problem',
    message,
    action: limited ? 'Raise mem_limit in the compose file to 1g' : 'Stop other containers, or add memory',
  };
}

/** Whether WhatsApp can be reached from here: name, then TLS and HTTP. */
export async function checkNetwork(): Promise<Finding> {
  try {
    const { address } = await lookup(WHATSAPP_HOST);
    const response = await fetch(`https://${WHATSAPP_HOST}/`, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(NETWORK_MS),
    });
    return ok('WhatsApp', `${WHATSAPP_HOST} (${address}) answers, HTTP ${response.status}`);
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    const code = (cause as NodeJS.ErrnoException).code ?? messageOf(cause);
    const dns = code === 'ENOTFOUND' || code === 'EAI_AGAIN';
    return problem(
      'WhatsApp',
      `${WHATSAPP_HOST} cannot be reached: ${code}`,
      dns
        ? `Check DNS: nslookup ${WHATSAPP_HOST}`
        : `Check firewall, proxy and clock: curl -I https://${WHATSAPP_HOST}`,
    );
  }
}

function ok(check: string, message: string): Finding {
  return { check, verdict: 'ok', message, action: null };
}

function problem(check: string, message: string, action: string | null): Finding {
  return { check, verdict: 'problem', message, action };
}

function failed(check: string, error: unknown): Finding {
  return problem(check, messageOf(error), error instanceof GatewayError ? error.action : null);
}

/** The first of the files that exists, as a number; null when none does, or when it says "max". */
async function readNumber(...files: string[]): Promise<number | null> {
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text !== null) return /^\d+\s*$/.test(text) ? Number(text) : null;
  }
  return null;
}

/** What the kernel could give away, caches included; `freemem` leaves those out. */
async function availableMemory(): Promise<number | null> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

const SILENT: SessionLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
