import dotenv from 'dotenv';
import { ConfigError, readConfig, type Config } from '../config.ts';
import { GatewayError, messageOf } from '../errors.ts';

/** Bad words on the command line (EX_USAGE of sysexits.h), and a bad configuration (EX_CONFIG). */
export const EX_USAGE = 64;
const EX_CONFIG = 78;

/** Writes one line for a person. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The configuration as the gateway reads it: `.env` in the working directory, then the environment. @throws ConfigError */
export function readConfiguration(): Config {
  dotenv.config({ quiet: true });
  return readConfig(process.env);
}

/** Runs a command line program: what it throws becomes words and an exit code, never a stack trace. */
export async function runCommand(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.exitCode = complain(error);
  }
}

function complain(error: unknown): number {
  if (error instanceof ConfigError) {
    for (const { name, message } of error.problems) process.stderr.write(`${name}: ${message}\n`);
    return EX_CONFIG;
  }
  process.stderr.write(`${messageOf(error)}\n`);
  if (error instanceof GatewayError && error.action !== null) process.stderr.write(`  → ${error.action}\n`);
  const { code } = error as NodeJS.ErrnoException;
  return code?.startsWith('ERR_PARSE_ARGS') === true ? EX_USAGE : 1;
}
