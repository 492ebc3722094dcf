import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { codeOf, messageOf } from '../errors.ts';

/** Why an executable cannot be used: a clause without paths for the public, and the whole for the log. */
export interface BrowserProblem {
  /** Completes a sentence that begins with the name of what was tried. */
  readonly reason: string;
  readonly detail: string;
  /** The shared library that the loader did not find, when that is the reason. */
  readonly missingLibrary: string | null;
}

/** Generous: reading 200 MB of executable from a busy disk takes its time. */
const VERSION_TIMEOUT_MS = 30_000;

/** Whether a path is a file that this user may execute. */
export async function executableProblem(path: string): Promise<BrowserProblem | null> {
  const problem = (reason: string): BrowserProblem => ({ reason, detail: reason, missingLibrary: null });
  try {
    const found = await stat(path);
    if (found.isDirectory()) return problem('names a directory, not an executable');
    if (!found.isFile()) return problem('does not name a regular file');
  } catch (error) {
    const code = codeOf(error) ?? 'unknown error';
    return problem(
      code === 'ENOENT' || code === 'ENOTDIR'
        ? 'names a file that does not exist'
        : `names a file that cannot be looked at (${code})`,
    );
  }
  try {
    await access(path, constants.X_OK);
    return null;
  } catch {
    return problem('names a file that this user may not execute');
  }
}

/**
 * Whether a browser starts at all, by asking for its version: 20 ms, and it finds a missing library, the
 * wrong architecture, and a wrapper whose target is gone.
 *
 * @param env the whole environment of the process
 */
export async function startProblem(
  path: string,
  env: Record<string, string>,
): Promise<BrowserProblem | null> {
  // On Windows the flag opens a window instead.
  if (process.platform === 'win32') return null;
  for (let attempt = 1; ; attempt += 1) {
    const result = await run(path, ['--version'], env);
    if (result === null) return null;
    // A process forked elsewhere in this program holds, for a moment, the descriptor that wrote the file.
    if (result.code !== 'ETXTBSY' || attempt === 50) return problemOf(result);
    await delay(20);
  }
}

interface Failure {
  readonly code: string | number | null;
  readonly message: string;
  readonly stderr: string;
}

/** How much of what a browser complains about is kept, in characters. */
const KEPT = 64 * 1024;

/** A wrapper can start what it wraps as a child of its own and hang: all of it ends, with the time or this process. */
async function run(path: string, args: string[], env: Record<string, string>): Promise<Failure | null> {
  let child: ChildProcess;
  try {
    child = spawn(path, args, { env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    // Some errors, ETXTBSY among them, are thrown and not told as an event.
    return { code: codeOf(error), message: messageOf(error), stderr: '' };
  }
  return await new Promise((resolve) => {
    const kill = () => killGroup(child.pid);
    process.once('exit', kill);
    let stderr = '';
    // Not there when there are too many open files.
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < KEPT) stderr += text;
    });
    const done = (failure: Failure | null) => {
      clearTimeout(timer);
      process.off('exit', kill);
      child.stderr?.destroy();
      resolve(failure);
    };
    // What has left the group can hold the pipe open for ever: only the time counts.
    const timer = setTimeout(() => {
      kill();
      const message = `no answer within ${VERSION_TIMEOUT_MS / 1000} s`;
      done({ code: 'ETIMEDOUT', message, stderr });
    }, VERSION_TIMEOUT_MS);
    child.on('error', (error) => done({ code: codeOf(error), message: messageOf(error), stderr }));
    child.on('exit', (code) => {
      if (code === 0) done(null);
    });
    child.on('close', (code, signal) => {
      const message = `it ended with ${signal ?? `exit code ${code ?? 'unknown'}`}`;
      done({ code: code ?? signal, message, stderr });
    });
  });
}

/** Of a process that leads one. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function problemOf({ code, message, stderr }: Failure): BrowserProblem {
  const missing = /error while loading shared libraries: ([^\s:]+)/.exec(stderr)?.[1] ?? null;
  const said = stderr.trim() === '' ? message : stderr.trim();
  return {
    reason:
      missing === null
        ? `does not start (${code ?? 'no exit code'})`
        : `does not start: ${missing} is missing`,
    detail: said.slice(0, 500),
    missingLibrary: missing,
  };
}
