import { readFile, readdir } from 'node:fs/promises';

/** A process as Linux's /proc shows it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parentPid: number;
  readonly groupId: number;
  readonly sessionId: number;
  /** `R`, `S`, `D`, `T`, `Z`, … as in proc(5). A zombie (`Z`) holds nothing any more. */
  readonly state: string;
  /** Start time in clock ticks since boot: with the pid it names one process for ever. */
  readonly startTime: string;
  /** The first 15 bytes of the executable's name. */
  readonly name: string;
  /** The command line; a single element when the process has rewritten its title, as Chromium's helpers do. */
  readonly argv: readonly string[];
}

/** Whether this platform shows its processes under /proc. */
export function processesAreVisible(): boolean {
  return process.platform === 'linux';
}

/** Parses `/proc/<pid>/stat`; the name in it may hold spaces and parentheses (proc(5)). */
export function parseStat(text: string): Omit<ProcessInfo, 'argv'> | null {
  const opening = text.indexOf('(');
  const closing = text.lastIndexOf(')');
  const fields = text
    .slice(closing + 2)
    .trim()
    .split(' ');
  const [state, parentPid, groupId, sessionId] = fields;
  // Field 22 of the line; the fields after the name begin with number 3.
  const startTime = fields[19];
  if (opening < 1 || closing < opening || state === undefined || startTime === undefined) return null;
  return {
    pid: Number(text.slice(0, opening)),
    name: text.slice(opening + 1, closing),
    state,
    parentPid: Number(parentPid),
    groupId: Number(groupId),
    sessionId: Number(sessionId),
    startTime,
  };
}

/** One process, or null when there is none of this number (or no /proc). */
export async function readProcess(pid: number): Promise<ProcessInfo | null> {
  if (!processesAreVisible()) return null;
  try {
    const parsed = parseStat(await readFile(`/proc/${pid}/stat`, 'utf8'));
    if (parsed === null) return null;
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return { ...parsed, argv: commandLine.replace(/\0$/, '').split('\0') };
  } catch {
    // Gone between two reads, or hidden from this user: as good as not there.
    return null;
  }
}

/** Every process that lives, zombies left out. Empty where there is no /proc. */
export async function listProcesses(): Promise<ProcessInfo[]> {
  if (!processesAreVisible()) return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const processes = await Promise.all(pids.map(readProcess));
  return processes.filter((entry) => entry !== null && isAlive(entry)) as ProcessInfo[];
}

/** Whether the process still runs: not gone, not a zombie, and not another one under the same number. */
export async function stillRuns({
  pid,
  startTime,
}: Pick<ProcessInfo, 'pid' | 'startTime'>): Promise<boolean> {
  const now = await readProcess(pid);
  return now !== null && isAlive(now) && now.startTime === startTime;
}

function isAlive({ state }: ProcessInfo): boolean {
  return state !== 'Z' && state !== 'X';
}
