import { readdirSync, readFileSync } from 'node:fs';

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All processes of this machine that can be read. Linux only. */
function processes(): Process[] {
  const found: Process[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      found.push({ pid: Number(name), parent: Number(parent), command });
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

/** The browsers that were started with this simulator's flags: their main processes. */
export function browserPids(port: number): number[] {
  return browsers(processes(), port).map(({ pid }) => pid);
}

/** The renderers of those browsers, the pages' processes. */
export function rendererPids(port: number): number[] {
  const all = processes();
  const roots = new Set(browsers(all, port).map(({ pid }) => pid));
  return all
    .filter(({ command }) => command.includes('--type=renderer'))
    .filter((renderer) => ancestors(all, renderer).some((pid) => roots.has(pid)))
    .map(({ pid }) => pid);
}

function browsers(all: readonly Process[], port: number): Process[] {
  return all.filter(
    ({ command }) => command.includes(`MAP web.whatsapp.com 127.0.0.1:${port},`) && isBrowser(command),
  );
}

/** A browser's own process: has a profile, and no `--type`. */
function isBrowser(command: string): boolean {
  return command.includes('--user-data-dir=') && !command.includes('--type=');
}

function ancestors(all: readonly Process[], child: Process): number[] {
  const parent = all.find(({ pid }) => pid === child.parent);
  return parent ? [parent.pid, ...ancestors(all, parent)] : [];
}
