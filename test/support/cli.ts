import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface CliOptions {
  readonly env: Readonly<Record<string, string>>;
  /** The working directory: where `.env` is read and `data/backups` is made. */
  readonly cwd: string;
  /** Run under another user; only root can. */
  readonly uid?: number;
}

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type CliName = 'backup' | 'restore' | 'doctor';

/** Starts a command as `npm run <name> -- <args>` does. */
export function startCli(
  name: CliName,
  args: readonly string[],
  options: CliOptions,
): { child: ChildProcess; result: Promise<CliResult> } {
  const script = fileURLToPath(new URL(`../../src/cli/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], {
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
    env: {
      PATH: process.env['PATH'],
      HOME: options.cwd,
      // Where the gateway keeps its compiled code too: half of a start is compiling.
      NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
      ...(process.env['PUPPETEER_EXECUTABLE_PATH'] !== undefined && {
        PUPPETEER_EXECUTABLE_PATH: process.env['PUPPETEER_EXECUTABLE_PATH'],
      }),
      ...options.env,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const result = new Promise<CliResult>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, result };
}

/** Runs a command to its end. */
export async function runCli(
  name: CliName,
  args: readonly string[],
  options: CliOptions,
): Promise<CliResult> {
  return startCli(name, args, options).result;
}
