import { access, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

import { mountOf, parseMountInfo, type Mount } from './mount-info.ts';

/** What the diagnosis has to know of the process and the machine it runs on. */
export interface Host {
  /** Effective ids; -1 where the platform has none. */
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly hostname: string;
  readonly inContainer: boolean;
  /** Empty where the platform has no mountinfo. */
  readonly mounts: readonly Mount[];
  /** Whether permission bits do not bind this process: root with CAP_DAC_OVERRIDE. */
  readonly overridesPermissions: boolean;
  /** Whether a user namespace translates ids, so that the ones seen here are not those of the host. */
  readonly idsAreMapped: boolean;
  readonly users: ReadonlyMap<number, string>;
  readonly groupNames: ReadonlyMap<number, string>;
}

/** Where the facts are read. */
export interface HostFiles {
  readonly mountInfo: string;
  readonly status: string;
  readonly uidMap: string;
  readonly passwd: string;
  readonly group: string;
  /** Files that a container engine leaves at the root: Docker's and Podman's. */
  readonly containerMarks: readonly string[];
}

export const HOST_FILES: HostFiles = {
  mountInfo: '/proc/self/mountinfo',
  status: '/proc/self/status',
  uidMap: '/proc/self/uid_map',
  passwd: '/etc/passwd',
  group: '/etc/group',
  containerMarks: ['/.dockerenv', '/run/.containerenv'],
};

/** Reads the facts anew: mounts and capabilities can change while the process runs. Never throws. */
export async function readHost(
  files: HostFiles = HOST_FILES,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Host> {
  const mounts = parseMountInfo(await textOf(files.mountInfo));
  const ids = idsOf(process);
  return {
    ...ids,
    hostname: hostname(),
    mounts,
    inContainer:
      environmentOfContainer(environment) || rootIsOverlay(mounts) || (await anyExists(files.containerMarks)),
    overridesPermissions: overridesPermissions(await textOf(files.status), ids.uid),
    idsAreMapped: idsAreMapped(await textOf(files.uidMap)),
    users: namesOf(await textOf(files.passwd)),
    groupNames: namesOf(await textOf(files.group)),
  };
}

/** The ids that decide what this process may do. Windows has none. */
export function idsOf(
  process: Pick<NodeJS.Process, 'geteuid' | 'getegid' | 'getgroups'>,
): Pick<Host, 'uid' | 'gid' | 'groups'> {
  return {
    uid: process.geteuid?.() ?? -1,
    gid: process.getegid?.() ?? -1,
    groups: process.getgroups?.() ?? [],
  };
}

/** Kubernetes sets the first; systemd-nspawn and Podman the second. */
export function environmentOfContainer(environment: Readonly<Record<string, string | undefined>>): boolean {
  return environment['KUBERNETES_SERVICE_HOST'] !== undefined || environment['container'] !== undefined;
}

/** Engines without a mark of their own still lay the image's layers over each other. On btrfs (some NAS) they do not. */
function rootIsOverlay(mounts: readonly Mount[]): boolean {
  return mountOf(mounts, '/')?.type === 'overlay';
}

/**
 * @param status text of `/proc/self/status`. CAP_DAC_OVERRIDE is bit 1 of the effective capabilities
 *   (capabilities(7)); without the line, root is taken to have it
 */
export function overridesPermissions(status: string, uid: number): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective === undefined ? uid === 0 : (BigInt(`0x${effective}`) & 2n) !== 0n;
}

/** @param uidMap text of `/proc/self/uid_map`; the identity is `0 0 4294967295` (user_namespaces(7)) */
export function idsAreMapped(uidMap: string): boolean {
  return !/^\s*(0\s+0\s+4294967295)?\s*$/.test(uidMap);
}

/** Names by id from the text of `/etc/passwd` or `/etc/group`; of two names for one id the first, as the system takes it. */
export function namesOf(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':');
    if (name !== undefined && id !== undefined && !names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}

/** Where a file cannot be read (another platform, a hardened /proc) the fact is missing and the default is taken. */
async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

async function anyExists(paths: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
