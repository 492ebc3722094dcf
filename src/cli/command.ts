import { ConfigError, readConfig, type Config } from '../config.ts';
import { readEnvFile } from '../env-file.ts';
import { codeOf, GatewayError, messageOf } from '../errors.ts';

/** Bad words on the command line (EX_USAGE of sysexits.h), and a bad configuration (EX_CONFIG). */
export const EX_USAGE = 64;
const EX_CONFIG = 78;

/** A shell's way of saying that a signal has ended a program: 128 and the signal's number. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Writes one line for a person. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Writes what is wrong, and what to do about it. */
export function complain(error: unknown): void {
  process.stderr.write(`${messageOf(error)}\n`);
  if (error instanceof GatewayError && error.action !== null) process.stderr.write(`  → ${error.action}\n`);
}

/** Words on the command line that the program does not take. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The configuration as the gateway reads it: `.env` in the working directory, then the environment. @throws ConfigError */
export function readConfiguration(): Config {
  const problems = readEnvFile();
  return readConfig(process.env, problems);
}

/**
 * Runs a command line program: what it throws becomes words and an exit code, never a stack trace. A signal aborts
 * `signal`, so that the program can put back what it has changed; a second one ends it at once.
 */
export async function runCommand(main: (signal: AbortSignal) => Promise<number>): Promise<void> {
  // Files of a login are for nobody else, whatever the shell's mask.
  process.umask(0o077);
  const interrupted = new AbortController();
  let signalCode = 0;
  for (const [name, code] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      if (interrupted.signal.aborted) process.exit(code);
      signalCode = code;
      process.stderr.write('\nInterrupted; ending in order…\n');
      interrupted.abort(new Error('Interrupted; nothing was changed'));
    });
  }
  try {
    process.exitCode = await main(interrupted.signal);
  } catch (error) {
    process.exitCode = interrupted.signal.aborted ? signalCode : exitCodeOf(error);
    if (error instanceof ConfigError) complainOfConfiguration(error);
    else complain(error);
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EX_CONFIG;
  if (error instanceof UsageError) return EX_USAGE;
  return codeOf(error)?.startsWith('ERR_PARSE_ARGS') === true ? EX_USAGE : 1;
}

function complainOfConfiguration({ problems }: ConfigError): void {
  process.stderr.write('The configuration is not valid. Put this right, in the environment or in .env:\n');
  for (const { name, message } of problems) process.stderr.write(`  ${name}: ${message}\n`);
}
