import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { readProcess } from '../../src/whatsapp/process-table.ts';
import { waitFor } from './wait-for.ts';

/**
 * A real process, ended with its group when the test is over. It inherits nothing: a test run waits for
 * whoever holds its output.
 */
export function start(
  command: string,
  args: string[],
  options: SpawnOptions = {},
): ChildProcess & { pid: number } {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], detached: true, ...options });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} does not start`);
  onTestFinished(() => {
    for (const target of [-pid, pid]) {
      try {
        process.kill(target, 'SIGKILL');
      } catch {
        // Ended by the test, as it should be.
      }
    }
  });
  return Object.assign(child, { pid });
}

/** A shell that runs a script. */
export const shell = (script: string) => start('/bin/sh', ['-c', script]);

/** What a child prints first. */
export async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no output');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return line;
}

/** Waits for the end of a process. */
export const gone = async (pid: number) =>
  await waitFor(() => readProcess(pid) === null, { what: `end of process ${pid}` });

/** Stands for a browser: it only carries the flag. `node -e … --` keeps arguments that it does not know. */
export const holderOf = (profile: string) => [
  '-e',
  'setInterval(() => {}, 1e6)',
  '--',
  `--user-data-dir=${profile}`,
];
