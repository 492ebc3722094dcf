import { basename } from 'node:path';

import type { Host } from './folder-host.ts';
import { hostPathOf, isInMemory, mountOf, volumesOf, type Mount } from './mount-info.ts';

/** What is wrong in a sentence, and what to type. */
export interface Advice {
  readonly message: string;
  readonly action: string;
}

/** The folder of the login, as configured and as it really is when links are followed. */
export interface FolderPath {
  readonly path: string;
  readonly realPath: string;
}

/**
 * Whether what is written to the folder would be lost although the write succeeds: in a container and on no
 * mount of it, or in memory. Null when it would stay.
 */
export function volatileFolder(folder: FolderPath, host: Host): Advice | null {
  if (isInContainerOnly(folder, host)) {
    return {
      message:
        `${folder.path} is inside the container and not on a mount: the login is lost with the container. ` +
        existingMounts(host),
      action: volumeAdvice(folder, host),
    };
  }
  const mount = mountOf(host.mounts, folder.realPath);
  if (mount === null || !isInMemory(mount)) return null;
  return {
    message: `${folder.path} is in memory (${mount.type} at ${mount.point}): the login is lost at the next restart`,
    action: host.inContainer
      ? volumeAdvice(folder, host)
      : 'Set WHATSAPP_SESSION_PATH to a folder on a disk.',
  };
}

/**
 * Whether the folder would vanish with the container. The mount point decides and not the type: on a NAS the root
 * of a container may be btrfs.
 */
export function isInContainerOnly(folder: FolderPath, host: Host): boolean {
  return host.inContainer && mountOf(host.mounts, folder.realPath)?.point === '/';
}

/** ` (ext4 at /data)`, or nothing where the platform does not tell. */
export function mountInWords(mount: Mount | null): string {
  return mount === null ? '' : ` (${mount.type} at ${mount.point})`;
}

function existingMounts(host: Host): string {
  const points = volumesOf(host.mounts).map((mount) => mount.point);
  if (points.length === 0) return 'The container has no data mounts';
  const more = points.length - SHOWN_MOUNTS;
  return `Mounted are: ${points.slice(0, SHOWN_MOUNTS).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

const SHOWN_MOUNTS = 4;

/**
 * A mount with the same last name as the folder is most likely the one that was meant: `/app/data/.wwebjs_auth`
 * configured and `/app/.wwebjs_auth` mounted. Null when there is none.
 */
export function meantMount(folder: FolderPath, host: Host): Mount | null {
  const isMeant = (mount: Mount) =>
    mount.point !== folder.path && basename(mount.point) === basename(folder.path);
  return volumesOf(host.mounts).find(isMeant) ?? null;
}

/** The two ways to bring path and mount together. */
export function volumeAdvice(folder: FolderPath, host: Host): string {
  if (folder.path === '/')
    return 'Set WHATSAPP_SESSION_PATH to a folder of its own, such as /app/.wwebjs_auth';
  const line = `- ./${basename(folder.path)}:${folder.path}`;
  const meant = meantMount(folder, host);
  return meant === null
    ? `Add this line under volumes: in the compose file and create the container again:  ${line}`
    : `Set WHATSAPP_SESSION_PATH=${meant.point} (that is where the folder is mounted), or change the line under volumes: to  ${line}`;
}

/** The command that gives `path` and what is below it to this process, to be typed where the files really are. */
export function chownAdvice(
  path: string,
  host: Host,
  options: { create?: boolean; modes?: boolean } = {},
): string {
  const word = hostWord(path, host);
  const commands = [
    ...(options.create === true ? [`sudo mkdir -p ${word}`] : []),
    `sudo chown -R ${host.uid}:${host.gid} ${word}`,
    ...(options.modes === true ? [`sudo chmod -R u+rwX ${word}`] : []),
  ].join(' && ');
  return host.inContainer
    ? `On the host, in the folder of the compose file: sudo ./fix-permissions.sh  (or: ${commands})`
    : `sudo ./fix-permissions.sh  (or: ${commands})`;
}

/** A path as one word of a shell where the files really are: on the host, when that is known. */
export function hostWord(path: string, host: Host): string {
  const mount = host.inContainer ? mountOf(host.mounts, path) : null;
  return shellWord((mount === null ? null : hostPathOf(mount, path)) ?? path);
}

/** A path as one word of a shell; `/volume*` at its beginning stays a pattern. */
export function shellWord(path: string): string {
  const pattern = path.startsWith('/volume*/') ? '/volume*' : '';
  const rest = path.slice(pattern.length);
  return pattern + (/^[\w@%+=:,./-]*$/.test(rest) ? rest : `'${rest.replaceAll("'", `'\\''`)}'`);
}

/** Ids with names where the system knows them: `1026:100 (admin:users)`. */
export function idsInWords(uid: number, gid: number, host: Host): string {
  const user = host.users.get(uid);
  const group = host.groupNames.get(gid);
  return user === undefined && group === undefined
    ? `${uid}:${gid}`
    : `${uid}:${gid} (${user ?? uid}:${group ?? gid})`;
}
