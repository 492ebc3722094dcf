import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, type TestContext } from 'vitest';

import { GatewayError } from '../../src/errors.ts';
import { readHost } from '../../src/session/folder-host.ts';
import { SessionFolder, type SessionFolderOptions } from '../../src/session/session-folder.ts';
import { removeFolder } from './remove-folder.ts';

export interface Line {
  level: string;
  fields: object;
  message: string;
}

/** A place on the disk per test, session folders in it, what they log, processes that pretend to be browsers. */
export interface FolderRig {
  /** A temporary folder, gone after the test. */
  readonly place: string;
  readonly lines: Line[];
  /** A session folder at `<place>/login` for the client id `test`; its lock is given back after the test. */
  open(options?: Partial<SessionFolderOptions>): SessionFolder;
  /** Starts a process that looks like a browser on a profile, to whoever reads command lines. */
  pretendBrowser(
    profile: string,
    moreFlags?: readonly string[],
  ): Promise<ChildProcess & { readonly pid: number }>;
}

/** Registers the hooks of the test file; the rig is good inside its tests. */
export function folderRig(): FolderRig {
  let place = '';
  const lines: Line[] = [];
  const opened: SessionFolder[] = [];
  const browsers: ChildProcess[] = [];

  beforeEach(async () => {
    place = await mkdtemp(join(tmpdir(), 'session-folder-'));
    lines.length = 0;
  });

  afterEach(async () => {
    for (const browser of browsers.splice(0)) await end(browser);
    for (const folder of opened.splice(0)) await folder.release();
    await removeFolder(place);
  });

  const write = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  return {
    get place() {
      return place;
    },
    lines,
    open(options = {}) {
      const folder = new SessionFolder({
        path: join(place, 'login'),
        clientId: 'test',
        log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
        // Where these tests run is no part of what they test.
        readHost: async () => ({ ...(await readHost()), inContainer: false }),
        ...options,
      });
      opened.push(folder);
      return folder;
    },
    async pretendBrowser(profile, moreFlags = []) {
      const script = 'process.stdout.write("up"); setInterval(() => 0, 60_000)';
      const browser = spawn(
        process.execPath,
        ['-e', script, '--', `--user-data-dir=${profile}`, ...moreFlags],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      browsers.push(browser);
      await once(browser.stdout, 'data');
      return Object.assign(browser, { pid: browser.pid! });
    },
  };
}

/** Ends a process and waits until it is gone. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** The error that a promise rejects with; fails the test when it does not, or with another kind. */
export async function failureOf(promise: Promise<unknown>): Promise<GatewayError> {
  const result = await promise.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  expect(result).toBeInstanceOf(GatewayError);
  return result as GatewayError;
}

/**
 * Makes a folder that this process cannot delete: as root a mount point, else one that it may not enter.
 * @returns what makes it deletable again; wants its path, where that has changed
 */
export async function undeletable(path: string, context: TestContext): Promise<(now?: string) => void> {
  await mkdir(path, { recursive: true });
  if (process.geteuid!() !== 0) {
    await writeFile(join(path, 'file'), 'x');
    await chmod(path, 0o000);
    return (now = path) => {
      chmodSync(now, 0o700);
    };
  }
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'none', path], { stdio: 'ignore' });
  } catch {
    context.skip('needs the right to mount');
  }
  return (now = path) => {
    execFileSync('umount', [now]);
  };
}
