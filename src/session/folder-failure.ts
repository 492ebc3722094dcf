import { basename } from 'node:path';

import { GatewayError, type ErrorCode } from '../errors.ts';
import { chownAdvice, idsInWords, isInContainerOnly, shellWord, volumeAdvice } from './folder-advice.ts';
import type { Advice, FolderPath } from './folder-advice.ts';
import type { Host } from './folder-host.ts';
import { hostPathOf, mountOf } from './mount-info.ts';

/** A file or folder as lstat sees it. */
export interface Entry {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits, without the type. */
  readonly mode: number;
  readonly kind: 'folder' | 'file' | 'link';
  /** What a link says; null for all else. */
  readonly target: string | null;
}

/** Something that the file system refused, with what is needed to say why. */
export interface Failure {
  /** `reach`: to look at it. `create`: mkdir. `write`: make, fill or change files. `link`: make a symbolic link. */
  readonly operation: 'reach' | 'create' | 'write' | 'link';
  /** The error's code, such as EACCES. */
  readonly errno: string;
  /** What was operated on. */
  readonly path: string;
  readonly folder: FolderPath;
  /** Whether `path` is the profile or lies in it. */
  readonly inProfile: boolean;
  /** Whose owner and mode decided: the first that said no. Null when there is none to be seen. */
  readonly blocker: Entry | null;
  /** How many more like it there are. */
  readonly others?: number;
}

/** Says in words why the file system refused, and what to type. Pure: the whole table is testable as data. */
export function explainFailure(failure: Failure, host: Host): GatewayError {
  const { code, message, action } = diagnosis(failure, host);
  return new GatewayError({ code, message, action, retryable: TRANSIENT.has(failure.errno) });
}

/** Errors that can pass without anybody's doing. */
const TRANSIENT = new Set(['EMFILE', 'ENFILE', 'EIO', 'ESTALE', 'EAGAIN', 'EBUSY', 'ETIMEDOUT']);

interface Diagnosis extends Advice {
  readonly code: ErrorCode;
}

function diagnosis(failure: Failure, host: Host): Diagnosis {
  const { errno, operation, path, folder } = failure;
  const wanted = `${VERB[operation]} ${path}`;
  const mount = mountOf(host.mounts, folder.realPath);
  const lost = mount !== null && isInContainerOnly(mount, host);
  switch (errno) {
    case 'EACCES':
      return {
        code: permissionCode(failure),
        ...(lost ? offMount(failure, host) : permission(failure, host)),
      };
    case 'EPERM':
      if (operation === 'link') return noLinks(failure, host);
      return {
        code: permissionCode(failure),
        message: `Cannot ${wanted}: the operation is not permitted although the permission bits are not the reason; the folder may be marked immutable`,
        action: `Look with: lsattr -d ${shellWord(failure.blocker?.path ?? path)}  and where it shows i, remove it with: sudo chattr -i ${shellWord(failure.blocker?.path ?? path)}`,
      };
    case 'EROFS':
      return {
        code: 'session_path_read_only',
        message: `Cannot ${wanted}: the file system${mount === null ? '' : ` at ${mount.point}`} is read-only`,
        action: readOnlyAction(failure, host, lost),
      };
    case 'ENOSPC':
      return {
        code: 'session_path_no_space',
        message: `Cannot ${wanted}: no space or no inodes are left`,
        action: `Free space on the volume of ${folder.path}; see: df -h ${shellWord(folder.path)} && df -i ${shellWord(folder.path)}`,
      };
    case 'EDQUOT':
      return {
        code: 'session_path_no_space',
        message: `Cannot ${wanted}: the disk quota of ${idsInWords(host.uid, host.gid, host)} is used up`,
        action:
          'Raise the quota of this user or of the shared folder (on a Synology: Control Panel, User or Shared Folder, Quota), or free space.',
      };
    case 'ENOENT':
      return failure.blocker?.kind === 'link' ? danglingLink(failure.blocker, folder) : deleted(folder, host);
    case 'ENOTDIR':
    case 'EEXIST':
      return {
        code: 'session_path_not_a_directory',
        message: `Cannot use ${folder.path}: ${failure.blocker?.path ?? path} is a file and not a folder`,
        action: `Move it away: mv ${shellWord(failure.blocker?.path ?? path)} ${shellWord(`${failure.blocker?.path ?? path}.old`)}`,
      };
    case 'EOPNOTSUPP':
    case 'ENOTSUP':
    case 'ENOSYS':
      if (operation === 'link') return noLinks(failure, host);
      break;
    case 'ELOOP':
      return {
        code: 'session_path_unusable',
        message: `Cannot ${wanted}: its symbolic links lead in a circle`,
        action: `Look with: ls -ld ${shellWord(path)}  and set WHATSAPP_SESSION_PATH to a real folder.`,
      };
    case 'ENAMETOOLONG':
      return {
        code: 'session_path_unusable',
        message: `Cannot ${wanted}: the name is too long for the file system`,
        action: 'Set WHATSAPP_SESSION_PATH to a shorter path.',
      };
    default:
  }
  return {
    code: 'session_path_unusable',
    message: `Cannot ${wanted}: the file system answers ${errno}`,
    action: `Check the disk or share under ${folder.path}${mount === null ? '' : ` (${mount.type} at ${mount.point})`}, or set WHATSAPP_SESSION_PATH to another folder.`,
  };
}

const VERB = {
  reach: 'reach',
  create: 'create',
  write: 'write to',
  link: 'make a symbolic link in',
} as const;

function permissionCode(failure: Failure): ErrorCode {
  if (failure.inProfile) return 'session_profile_not_writable';
  return failure.operation === 'create' ? 'session_path_not_creatable' : 'session_path_not_writable';
}

/** In the container's own file system a chown would help until the next deployment only. */
function offMount(failure: Failure, host: Host): Advice {
  return {
    message: `${refusal(failure, host)}. ${failure.folder.path} is not on a mount of the container`,
    action: volumeAdvice(failure.folder, host),
  };
}

function permission(failure: Failure, host: Host): Advice {
  const { blocker, folder } = failure;
  const message = refusal(failure, host);
  if (blocker === null) {
    return { message, action: chownAdvice(folder.path, host) };
  }
  const outside = !isOwnFolder(blocker.path, folder);
  if (host.uid === 0 && !host.overridesPermissions) {
    return {
      message: `${message}; it runs as root without the capability DAC_OVERRIDE, so permission bits bind it`,
      action: `Run it as the owner (user: "${blocker.uid}:${blocker.gid}" in the compose file) or give it back: cap_add: [DAC_OVERRIDE]`,
    };
  }
  if (host.idsAreMapped && blocker.uid === OVERFLOW_ID) {
    return {
      message: `${message}; its owner has no id inside this user namespace`,
      action: `On the host, give the folder to the id that ${host.uid} stands for there (see /proc/self/uid_map); with rootless Podman: podman unshare chown -R ${host.uid}:${host.gid} FOLDER`,
    };
  }
  if (outside && failure.operation !== 'create') {
    return {
      message: `${message}, so it may not enter that folder`,
      action: `sudo chmod a+x ${shellWord(blocker.path)}`,
    };
  }
  if (outside) {
    return { message, action: chownAdvice(folder.path, host, { create: true }) };
  }
  if ((blocker.mode & 0o777) === 0) {
    return {
      message: `${message}; mode 0000 is what a Synology share with an ACL gives to folders that root makes in it`,
      action: chownAdvice(blocker.path, host, { modes: true }),
    };
  }
  if (permits(blocker, host)) {
    return {
      message: `${message}; the permission bits allow it, so an access control list or a security module refuses`,
      action: `${chownAdvice(folder.path, host, { modes: true })}; on a Synology also: sudo synoacltool -add FOLDER user:${host.users.get(host.uid) ?? 'USER'}:allow:rwxpdDaARWc--:fd--`,
    };
  }
  return {
    message,
    action: chownAdvice(isOwnFolder(blocker.path, folder) ? folder.path : blocker.path, host, {
      modes: true,
    }),
  };
}

/** The id that stands for all that a user namespace does not map (user_namespaces(7)). */
const OVERFLOW_ID = 65_534;

function refusal({ operation, path, blocker, others = 0 }: Failure, host: Host): string {
  const who = `the gateway runs as ${idsInWords(host.uid, host.gid, host)}`;
  if (blocker === null) return `Cannot ${VERB[operation]} ${path}: permission denied; ${who}`;
  const subject = blocker.path === path ? 'it' : blocker.path;
  const more = others === 0 ? '' : ` (and ${others} more like it)`;
  return (
    `Cannot ${VERB[operation]} ${path}${more}: permission denied; ${subject} belongs to ` +
    `${idsInWords(blocker.uid, blocker.gid, host)} with mode ${modeInWords(blocker.mode)}, and ${who}`
  );
}

function isOwnFolder(path: string, folder: FolderPath): boolean {
  return [folder.path, folder.realPath].some((own) => path === own || path.startsWith(`${own}/`));
}

/** Whether the permission bits alone let the process write, and enter if it is a folder. */
export function permits(entry: Entry, host: Host): boolean {
  const wanted = entry.kind === 'folder' ? 0o3 : 0o2;
  const shift =
    entry.uid === host.uid ? 6 : entry.gid === host.gid || host.groups.includes(entry.gid) ? 3 : 0;
  return ((entry.mode >> shift) & wanted) === wanted;
}

export function modeInWords(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function readOnlyAction(failure: Failure, host: Host, lost: boolean): string {
  if (lost) return volumeAdvice(failure.folder, host);
  return host.inContainer
    ? 'Remove :ro from the line under volumes: in the compose file and create the container again; if it has none, the volume on the host is read-only (full, damaged or write-protected).'
    : `Mount it writable (sudo mount -o remount,rw …) or set WHATSAPP_SESSION_PATH to another folder; a disk error also makes a file system read-only, see: dmesg`;
}

function danglingLink(link: Entry, folder: FolderPath): Diagnosis {
  return {
    code: 'session_path_dangling_link',
    message: `Cannot use ${folder.path}: ${link.path} is a link to ${String(link.target)}, which does not exist`,
    action: `Make its target, or remove the link: rm ${shellWord(link.path)}`,
  };
}

/** The folder behind a bind mount, or the one that was there a moment ago, is gone. */
export function deletedFolder(folder: FolderPath, host: Host): GatewayError {
  return new GatewayError(deleted(folder, host));
}

function deleted(folder: FolderPath, host: Host): Diagnosis {
  const mount = mountOf(host.mounts, folder.realPath);
  const onHost = (mount === null ? null : hostPathOf(mount, folder.realPath)) ?? `./${basename(folder.path)}`;
  return {
    code: 'session_path_deleted',
    message: `${folder.path} has been deleted${host.inContainer ? ' on the host' : ''} while it was in use; nothing can be written to it`,
    action: host.inContainer
      ? `On the host, in the folder of the compose file: mkdir -p ${shellWord(onHost)} && sudo ./fix-permissions.sh && docker compose up -d --force-recreate`
      : `mkdir -p ${shellWord(folder.path)}  (and mount it again if it is a bind mount)`,
  };
}

/** Chromium's lock is a symbolic link: without them it does not start. CIFS shares often have none. */
function noLinks(failure: Failure, host: Host): Diagnosis {
  const mount = mountOf(host.mounts, failure.folder.realPath);
  return {
    code: 'session_path_unusable',
    message: `The file system of ${failure.folder.path}${mount === null ? '' : ` (${mount.type} at ${mount.point})`} cannot hold symbolic links, which Chromium needs`,
    action: 'Set WHATSAPP_SESSION_PATH to a folder on a local disk.',
  };
}
