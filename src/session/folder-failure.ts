import { basename } from 'node:path';

import { GatewayError, type ErrorCode } from '../errors.ts';
import {
  hostWord,
  idsInWords,
  isInContainerOnly,
  mountInWords,
  shellWord,
  volumeAdvice,
  type Advice,
  type FolderPath,
} from './folder-advice.ts';
import type { Host } from './folder-host.ts';
import { permissionAdvice } from './folder-permission.ts';
import { mountOf } from './mount-info.ts';

/** A file or folder as the file system describes it. */
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
  /** Whether it happened to the profile or in it. */
  readonly inProfile: boolean;
  /** Whose owner and mode decided: the first that said no. Null when it cannot be seen. */
  readonly blocker: Entry | null;
  /** How many more like it there are. */
  readonly others?: number;
}

/** Says in words why the file system refused, and what to type. Pure, so that the whole table can be held as data. */
export function explainFailure(failure: Failure, host: Host): GatewayError {
  return new GatewayError({ ...diagnosis(failure, host), retryable: TRANSIENT.has(failure.errno) });
}

/** The folder behind a bind mount, or the one that was there a moment ago, is gone. */
export function deletedFolder(folder: FolderPath, host: Host): GatewayError {
  return new GatewayError(deleted(folder, host));
}

/** Errors that can pass without anybody's doing. */
const TRANSIENT = new Set(['EMFILE', 'ENFILE', 'EIO', 'ESTALE', 'EAGAIN', 'EBUSY', 'ETIMEDOUT']);

const VERB = {
  reach: 'reach',
  create: 'create',
  write: 'write to',
  link: 'make a symbolic link in',
} as const;

interface Diagnosis extends Advice {
  readonly code: ErrorCode;
}

function diagnosis(failure: Failure, host: Host): Diagnosis {
  const { errno, operation, path, folder, blocker, others = 0 } = failure;
  const wanted = `${VERB[operation]} ${path}${others === 0 ? '' : ` (and ${others} more like it)`}`;
  const place = mountInWords(mountOf(host.mounts, folder.realPath));
  const culprit = blocker?.path ?? path;
  if (operation === 'link' && LINKS_REFUSED.has(errno)) {
    return {
      code: 'session_path_unusable',
      message: `The file system of ${folder.path}${place} cannot hold symbolic links, which Chromium needs`,
      action: 'Set WHATSAPP_SESSION_PATH to a folder on a local disk.',
    };
  }
  switch (errno) {
    case 'EACCES':
      return { code: permissionCode(failure), ...permissionAdvice(failure, `Cannot ${wanted}`, host) };
    case 'EPERM':
      return {
        code: permissionCode(failure),
        message: `Cannot ${wanted}: not permitted, and not for its permission bits; it may be marked immutable`,
        action: `Look with: lsattr -d ${hostWord(culprit, host)}  and where it shows an i: sudo chattr -i ${hostWord(culprit, host)}`,
      };
    case 'EROFS':
      return {
        code: 'session_path_read_only',
        message: `Cannot ${wanted}: the file system${place} is read-only`,
        action: readOnlyAction(folder, host),
      };
    case 'ENOSPC':
      return {
        code: 'session_path_no_space',
        message: `Cannot ${wanted}: no space or no inodes are left`,
        action: spaceAction(folder.path),
      };
    case 'EDQUOT':
      return {
        code: 'session_path_no_space',
        message: `Cannot ${wanted}: the disk quota of ${idsInWords(host.uid, host.gid, host)} is used up`,
        action:
          'Raise the quota of this user or of the shared folder (on a Synology: Control Panel, User or Shared Folder, Quota), or free space.',
      };
    case 'ENOENT':
      // What the kernel says there about a folder that nobody has deleted.
      if (operation === 'create' && mountOf(host.mounts, folder.realPath)?.type === 'proc') {
        return {
          code: 'session_path_not_creatable',
          message: `Cannot ${wanted}: nothing can be kept there${place}`,
          action: 'Set WHATSAPP_SESSION_PATH to a folder on a disk.',
        };
      }
      return blocker?.kind === 'link' ? danglingLink(blocker, folder) : deleted(folder, host);
    case 'ENOTDIR':
      return {
        code: 'session_path_not_a_directory',
        message: `Cannot use ${folder.path}: ${culprit} is a file and not a folder`,
        action: `Move it away: mv ${shellWord(culprit)} ${shellWord(`${culprit}.old`)}`,
      };
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
      return {
        code: 'session_path_unusable',
        message: `Cannot ${wanted}: the file system${place} answers ${errno}`,
        action: `Check the disk or share under ${folder.path}, or set WHATSAPP_SESSION_PATH to another folder.`,
      };
  }
}

/** Chromium's lock is a symbolic link. What file systems without them answer: CIFS and FAT EPERM, others the rest (symlink(2)). */
const LINKS_REFUSED = new Set(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS']);

function permissionCode(failure: Failure): ErrorCode {
  if (failure.inProfile) return 'session_profile_not_writable';
  return failure.operation === 'create' ? 'session_path_not_creatable' : 'session_path_not_writable';
}

function readOnlyAction(folder: FolderPath, host: Host): string {
  if (isInContainerOnly(folder, host)) return volumeAdvice(folder, host);
  return host.inContainer
    ? 'Remove :ro from the line under volumes: in the compose file and create the container again; if there is none, the volume of the host is read-only (damaged or write-protected).'
    : 'Mount it writable, or set WHATSAPP_SESSION_PATH to another folder; a disk error also makes a file system read-only, see: dmesg';
}

/** How to find out what is full. */
export function spaceAction(path: string): string {
  return `Free space on the volume of ${path}; see: df -h ${shellWord(path)} && df -i ${shellWord(path)}`;
}

function danglingLink(link: Entry, folder: FolderPath): Diagnosis {
  return {
    code: 'session_path_dangling_link',
    message: `Cannot use ${folder.path}: ${link.path} is a link to ${String(link.target)}, which does not exist`,
    action: `Make its target, or remove the link: rm ${shellWord(link.path)}`,
  };
}

function deleted(folder: FolderPath, host: Host): Diagnosis {
  return host.inContainer
    ? {
        code: 'session_path_deleted',
        message: `${folder.path} has been deleted on the host while it was mounted; nothing can be written to it`,
        action:
          `On the host, in the folder of the compose file: mkdir -p ./${shellWord(basename(folder.path))} ` +
          '&& sudo ./fix-permissions.sh && docker compose up -d --force-recreate',
      }
    : {
        code: 'session_path_deleted',
        message: `${folder.path} has been deleted while it was in use; nothing can be written to it`,
        action: `mkdir -p ${shellWord(folder.path)}  (and where it is a bind mount, mount it again)`,
      };
}
