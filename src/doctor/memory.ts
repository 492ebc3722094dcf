import { readFile } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { ok, problem, warning, type Finding } from './finding.ts';

/** In bytes. */
export interface MemoryFacts {
  readonly total: number;
  /** What the kernel could give away, caches included. */
  readonly available: number;
  /** Of the container; null when it has none. */
  readonly limit: number | null;
  /** Of the limit, without file caches, which the kernel takes back. */
  readonly used: number;
}

/** A page of WhatsApp Web takes 300 to 600 MB in a headless shell. */
const ENOUGH = { toStart: 700e6, running: 150e6 };
const LITTLE = { toStart: 400e6, running: 50e6 };

/** @returns what can still be had, in bytes */
export function freeMemory({ available, limit, used }: MemoryFacts): number {
  return limit === null ? available : Math.max(0, Math.min(available, limit - used));
}

/** @param browserRuns whether the gateway's browser has its share already */
export function judgeMemory(facts: MemoryFacts, browserRuns: boolean): Finding {
  const limited = facts.limit !== null;
  const free = freeMemory(facts);
  const phase = browserRuns ? 'running' : 'toStart';
  const message =
    `${megabytes(free)} of ${megabytes(facts.limit ?? facts.total)} free` +
    `${limited ? ' (the limit of the container)' : ''}${browserRuns ? ', beside the running browser' : ''}`;
  if (free >= ENOUGH[phase]) return ok('memory', message);
  const action =
    limited && facts.available > free
      ? `Raise mem_limit in the compose file: the browser needs up to ${megabytes(ENOUGH.toStart)}`
      : 'Stop other programs or containers, or add memory';
  return (free >= LITTLE[phase] ? warning : problem)('memory', message, action);
}

/** @param root where procfs and the cgroup file system are mounted below; a seam for tests */
export async function readMemory(root = '/'): Promise<MemoryFacts> {
  const read = async (file: string) => readFile(join(root, file), 'utf8').catch(() => null);
  const info = (await read('proc/meminfo')) ?? '';
  const total = kilobytes(info, 'MemTotal') ?? totalmem();
  const available = kilobytes(info, 'MemAvailable') ?? freemem();
  for (const { folder, limit, used, cache } of CGROUPS) {
    const bytes = number(await read(`sys/fs/cgroup/${folder}${limit}`));
    // Without a limit version 1 says a number beyond all memory, and version 2 "max".
    if (bytes === null || bytes >= total) continue;
    const stat = (await read(`sys/fs/cgroup/${folder}memory.stat`)) ?? '';
    const cached = Number(new RegExp(`^${cache} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
    const current = number(await read(`sys/fs/cgroup/${folder}${used}`)) ?? 0;
    return { total, available, limit: bytes, used: Math.max(0, current - cached) };
  }
  return { total, available, limit: null, used: 0 };
}

/** Versions 2 and 1 of cgroups, as a container sees its own. */
const CGROUPS = [
  { folder: '', limit: 'memory.max', used: 'memory.current', cache: 'inactive_file' },
  {
    folder: 'memory/',
    limit: 'memory.limit_in_bytes',
    used: 'memory.usage_in_bytes',
    cache: 'total_inactive_file',
  },
] as const;

function number(text: string | null): number | null {
  return text !== null && /^\d+\s*$/.test(text) ? Number(text) : null;
}

function kilobytes(info: string, name: string): number | null {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(info)?.[1];
  return found === undefined ? null : Number(found) * 1024;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
