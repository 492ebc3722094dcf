import { ConfigError, readConfig, type Config, type ConfigProblem } from './config.ts';
import { messageOf } from './errors.ts';
import { Gateway } from './gateway.ts';
import { createLogger, type Logger } from './log.ts';
import type { StopHandler } from './signals.ts';
import type { FoundBrowser } from './whatsapp/browser.ts';

/** EX_CONFIG of sysexits.h: a supervisor can tell a bad configuration from a crash. */
const EX_CONFIG = 78;

/** How long a clean stop may take, in milliseconds. Container engines kill after 10 s unless told otherwise. */
const STOP_MS = 9_000;

/**
 * Signals so soon after the first one are the same request, in milliseconds: of one Ctrl+C the terminal tells the
 * whole group, npm among them, which passes it on.
 */
const ONE_REQUEST_MS = 1_000;

/** What has begun before the rest of the program was read. */
export interface Begun {
  /** One that is looked for already. */
  readonly browser: Promise<FoundBrowser> | null;
  /** What kept `.env` from being read. */
  readonly problems: readonly ConfigProblem[];
  /** Takes over the signals that ask the process to end. */
  readonly onStopSignal: (handler: StopHandler) => void;
}

/**
 * Runs the gateway in this process until a signal ends it: configuration, gateway, signals, exit code.
 * With `--check-config` it only says whether the configuration is valid, once every part of the program has been
 * loaded: none is missing, and where there is a compile cache, all of them are in it.
 */
export async function run({ browser, problems, onStopSignal }: Begun): Promise<void> {
  const config = loadConfig(problems);
  if (process.argv.includes('--check-config')) {
    await loadEverything();
    process.stdout.write('The configuration is valid.\n');
    return;
  }
  const log = createLogger({ level: config.logLevel, terminal: process.stdout.isTTY });
  const gateway = new Gateway({ config, log, browser });
  const stop = stopper(gateway, log);

  process.on('unhandledRejection', (reason) => {
    // whatsapp-web.js leaves promises of its own unawaited. What they are about is measured by the gateway's
    // probes; a stray rejection is no reason to drop a working connection.
    log.error({ error: messageOf(reason) }, 'a promise was rejected and nobody listened');
  });
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'unexpected error; the gateway ends');
    void stop(1);
  });
  let askedAt: number | null = null;
  onStopSignal((signal) => {
    const now = performance.now();
    if (askedAt !== null && now - askedAt < ONE_REQUEST_MS) return;
    askedAt ??= now;
    log.info({ signal }, 'stopping');
    void stop(0);
  });

  try {
    await gateway.start();
  } catch (error) {
    const { what, action } = startFailure(error, config);
    log.fatal({ error: messageOf(error), action }, what);
    await stop(1);
  }
}

/** What the gateway loads late. */
async function loadEverything(): Promise<void> {
  await Promise.all([
    import('./borders.ts'),
    import('./messaging.ts'),
    import('./qr-images.ts'),
    import('./whatsapp/load-library.ts').then(({ loadClient }) => loadClient()),
  ]);
}

/** Ends in order; a second call, or a hang, ends at once. Chromium goes with the process: it hangs on its pipe. */
function stopper(gateway: Gateway, log: Logger): (exitCode: number) => Promise<void> {
  let stopping = false;
  return async (exitCode) => {
    if (stopping) {
      log.warn({}, 'forced to stop');
      process.exit(1);
    }
    stopping = true;
    setTimeout(() => {
      log.error({}, 'the stop hangs and is forced');
      process.exit(1);
    }, STOP_MS).unref();
    await gateway.stop();
    log.info({}, 'stopped');
    process.exit(exitCode);
  };
}

function loadConfig(problems: readonly ConfigProblem[]): Config {
  try {
    return readConfig(process.env, problems);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(
      `The configuration is not valid. Put this right, in the environment or in .env:\n${error.problems
        .map(({ name, message }) => `  ${name}: ${message}\n`)
        .join('')}`,
    );
    return process.exit(EX_CONFIG);
  }
}

function startFailure(error: unknown, { port }: Config): { what: string; action: string } {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') {
    return {
      what: 'a part of the gateway cannot be loaded',
      action: 'Install the dependencies again: npm ci',
    };
  }
  const what = 'the gateway cannot listen';
  if (code === 'EADDRINUSE')
    return { what, action: `Port ${port} is taken: stop the other program or set PORT` };
  if (code === 'EACCES') return { what, action: `Port ${port} needs root: set PORT to 1024 or more` };
  return { what, action: 'Check HOST and PORT' };
}
