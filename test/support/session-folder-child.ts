import { geteuid } from 'node:process';
import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { FolderStep } from '../../src/session/session-folder.ts';

/** Why tests of permissions and mounts cannot run here, which is what a skipped test shows; or false. */
export const WITHOUT_ROOT = whyNot();

function whyNot(): string | false {
  if (geteuid?.() !== 0) return 'needs root: mounts and other user ids';
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'needs the right to make a mount namespace (unshare --mount)';
  }
}

export interface ChildOptions {
  path: string;
  clientId?: string;
  /** What the child claims about its surroundings; all else it finds out. */
  host?: { inContainer?: boolean };
  /** The ids to run as; default those of the test. */
  ids?: { uid: number; gid: number; groups?: number[] } | undefined;
  /** Shell commands that run first, as root, in a mount namespace of its own: mounts in it vanish with the child. */
  setup?: string;
  /** A command that the child is run by, such as `setpriv`. */
  wrapper?: string[];
  /** Done between the check and the question whether all is still well; without it the check is the question. */
  meanwhile?: () => Promise<void>;
  /** After that the login is to be removed, in place of the question. */
  removes?: boolean;
}

/** What the child is told on its command line. */
export interface ChildQuestion extends Pick<ChildOptions, 'path' | 'clientId' | 'host' | 'ids' | 'removes'> {
  waits?: boolean;
}

export interface ChildResult {
  steps: FolderStep[];
  code: string | null;
  message: string;
  action: string;
  warnings: { code: string; message: string; action: string }[];
}

/** Runs the preflight in a process of other rights or other mounts, and returns what it found. */
export async function checkElsewhere(options: ChildOptions): Promise<ChildResult> {
  const { setup = ':', wrapper = [], meanwhile, ...rest } = options;
  const question: ChildQuestion = { ...rest, waits: meanwhile !== undefined };
  const runner = fileURLToPath(new URL('session-folder-child-main.ts', import.meta.url));
  const child = spawn(
    'unshare',
    [
      '--mount',
      ...['sh', '-ec', `${setup}\nexec "$@"`, 'sh'],
      ...wrapper,
      ...[process.execPath, runner, JSON.stringify(question)],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output !== 'checked\n') return;
    output = '';
    void meanwhile?.().then(() => child.stdin.end('go on'));
  });
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`the child ended with ${String(code)}: ${errors}`);
  return JSON.parse(output) as ChildResult;
}
