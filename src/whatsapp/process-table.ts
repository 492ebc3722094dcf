import { readFileSync, readdirSync } from 'node:fs';

/** A process as Linux's /proc shows it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parentPid: number;
  readonly groupId: number;
  /** `R`, `S`, `D`, `T`, `Z`, … as in proc(5). */
  readonly state: string;
  /** Start time in clock ticks since boot: with the pid it names one process for ever. */
  readonly startTime: string;
  /** The first 15 bytes of the executable's name. */
  readonly name: string;
  /** The command line; a single element when the process has rewritten its title, as Chromium's helpers do. */
  readonly argv: readonly string[];
}

/*
 * Read synchronously: /proc is memory, and a whole table takes 2 to 10 ms so; by way of the thread pool it
 * is 20 to 70 ms, and a table that was ten times as long in the making is ten times as wrong.
 */

/** Whether this platform shows its processes under /proc. Where not, every list of this module is empty. */
export function processesAreVisible(): boolean {
  return process.platform === 'linux';
}

/** Parses `/proc/<pid>/stat`, in which the name may hold spaces and parentheses (proc(5)). Null for anything else. */
export function parseStat(text: string): Omit<ProcessInfo, 'argv'> | null {
  const opening = text.indexOf('(');
  const closing = text.lastIndexOf(')');
  const fields = text.slice(closing + 2).split(' ');
  const [state, parentPid, groupId] = fields;
  // Field 22 of the line; the first one after the name is number 3.
  const startTime = fields[19];
  if (opening < 1 || closing < opening || state === undefined || startTime === undefined) return null;
  return {
    pid: Number(text.slice(0, opening)),
    name: text.slice(opening + 1, closing),
    state,
    parentPid: Number(parentPid),
    groupId: Number(groupId),
    startTime,
  };
}

/** A process that lives, or null: there is none of this number, it is a zombie, or there is no /proc. */
export function readProcess(pid: number): ProcessInfo | null {
  if (!processesAreVisible()) return null;
  try {
    const parsed = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    // A zombie holds nothing any more, and stays for ever below an init that does not reap.
    if (parsed === null || parsed.state === 'Z' || parsed.state === 'X') return null;
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return { ...parsed, argv: commandLine.replace(/\0$/, '').split('\0') };
  } catch {
    // Gone between two reads, or hidden from this user: as good as not there.
    return null;
  }
}

/** Every process that lives. */
export function listProcesses(): ProcessInfo[] {
  if (!processesAreVisible()) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((entry) => entry !== null);
}

/** The living members of a process group, also when its leader is gone. */
export function processGroupMembers(groupId: number): ProcessInfo[] {
  return listProcesses().filter((entry) => entry.groupId === groupId);
}

/** `roots` with all that descend from them or belong to a group that one of them leads; each once. */
export function withDescendants(all: readonly ProcessInfo[], roots: readonly ProcessInfo[]): ProcessInfo[] {
  const found = new Map(roots.map((entry) => [entry.pid, entry]));
  for (let size = -1; size !== found.size;) {
    size = found.size;
    for (const entry of all) {
      if (found.has(entry.parentPid) || found.get(entry.groupId)?.groupId === entry.groupId) {
        found.set(entry.pid, entry);
      }
    }
  }
  return [...found.values()];
}
