import { statfs } from 'node:fs/promises';

import { GatewayError } from '../errors.ts';
import { shellWord, volatileFolder, type FolderPath } from './folder-advice.ts';
import { deletedFolder, explainFailure, spaceAction } from './folder-failure.ts';
import type { Host } from './folder-host.ts';
import type { LockHolder, LockResult } from './folder-lock.ts';
import type { FolderWarning } from './folder-report.ts';
import { isDeleted, isNetworkShare, mountOf, type Mount } from './mount-info.ts';

/**
 * Whether what is mounted under the folder can hold a login.
 * @param nlink how many names the deepest existing folder has; 0 says that it has been deleted
 * @throws GatewayError `session_path_deleted`, `session_path_read_only`
 */
export function judgeMount(nlink: number, folder: FolderPath, host: Host): string | FolderWarning {
  const mount = mountOf(host.mounts, folder.realPath);
  // btrfs counts no names of a folder, and mountinfo is not everywhere: either sign is enough.
  if (nlink === 0 || (mount !== null && isDeleted(mount))) throw deletedFolder(folder, host);
  if (mount?.readOnly === true) {
    const failure = { operation: 'write', errno: 'EROFS', path: folder.path, inProfile: false } as const;
    throw explainFailure({ ...failure, folder, blocker: null }, host);
  }
  const volatile = volatileFolder(folder, host);
  if (volatile !== null) return { code: 'session_path_not_mounted', ...volatile };
  return mount === null ? 'the platform does not tell' : `${mount.point} (${mount.type} ${mount.source})`;
}

/** Free space as statfs tells it. */
export interface Space {
  /** Null where the file system does not count (ramfs, some FUSE): it says 0 of 0, and takes files all the same. */
  readonly bytes: number | null;
  /** Null where the file system has no fixed number of them (btrfs). */
  readonly inodes: number | null;
}

/** @throws the file system's error */
export async function spaceOf(path: string): Promise<Space> {
  const { blocks, bavail, bsize, files, ffree } = await statfs(path);
  return { bytes: blocks === 0 ? null : bavail * bsize, inodes: files === 0 ? null : ffree };
}

/** Below this a start would fill the disk before the QR is shown, and a full disk damages the stored login. */
export const MIN_FREE_BYTES = 50_000_000;
export const LOW_FREE_BYTES = 500_000_000;
/** A fresh profile of Chromium 156 has 240 files and folders (measured), one with a login more. */
export const MIN_FREE_INODES = 500;
export const LOW_FREE_INODES = 5_000;

/** @throws GatewayError `session_path_no_space` */
export function judgeSpace(space: Space, path: string): string | FolderWarning {
  const action = spaceAction(path);
  const bytes = space.bytes ?? Infinity;
  const inodes = space.inodes ?? Infinity;
  const counted = [
    ...(space.bytes === null ? [] : [`${Math.floor(bytes / 1_000_000)} MB`]),
    ...(space.inodes === null ? [] : [`${inodes} inodes`]),
  ];
  if (counted.length === 0) return 'the file system does not tell';
  const free = `${counted.join(' and ')} free`;
  if (bytes < MIN_FREE_BYTES || inodes < MIN_FREE_INODES) {
    throw new GatewayError({
      code: 'session_path_no_space',
      message: `Too little space for ${path}: ${free}, at least ${MIN_FREE_BYTES / 1_000_000} MB and ${MIN_FREE_INODES} inodes are needed`,
      action,
    });
  }
  if (bytes < LOW_FREE_BYTES || inodes < LOW_FREE_INODES) {
    return { code: 'session_path_no_space', message: `Space for ${path} is getting low: ${free}`, action };
  }
  return free;
}

/** What is known where a lock was asked for. */
export interface LockContext {
  readonly folder: FolderPath;
  readonly lockPath: string;
  readonly mount: Mount | null;
  readonly purpose: 'start' | 'look' | 'reserve';
}

/** @throws GatewayError `profile_in_use`, `session_path_unusable` */
export function judgeLock(result: LockResult, context: LockContext): string | FolderWarning {
  const { folder, purpose } = context;
  switch (result.state) {
    case 'held':
      return 'no other process uses the folder';
    case 'busy': {
      const unsure = notReallyBusy(result.holder, context);
      if (unsure !== null) return unsure;
      const who = holderInWords(result.holder);
      if (purpose !== 'start') return `in use by ${who}`;
      throw new GatewayError({
        code: 'profile_in_use',
        message: `The session folder ${folder.path} is in use by another gateway: ${who}`,
        action:
          'Stop the other one (docker ps shows containers on the same folder), or give this one its own WHATSAPP_SESSION_PATH or WHATSAPP_CLIENT_ID.',
        retryable: true,
      });
    }
    case 'unsupported':
      return noLocks(folder, result.reason);
    case 'refused':
    case 'broken':
      throw unusableLock(result, context, 'no other gateway runs on this folder');
  }
}

/**
 * Whether a backup or restore keeps the login to itself.
 * @returns null when it is free; what a table says, or a warning where locks do not work
 * @throws GatewayError `profile_in_use`, `session_path_unusable`
 */
export function judgeReservation(result: LockResult, context: LockContext): string | FolderWarning | null {
  const { folder, purpose } = context;
  switch (result.state) {
    case 'held':
      return null;
    case 'busy': {
      const unsure = notReallyBusy(result.holder, context);
      if (unsure !== null) return unsure;
      const who = holderInWords(result.holder);
      if (purpose === 'look') return `a backup or restore is under way: ${who}`;
      throw new GatewayError({
        code: 'profile_in_use',
        message: `A backup or restore of this login is under way: ${who}`,
        action:
          purpose === 'start'
            ? 'Wait until it has ended; the gateway then goes on by itself.'
            : 'Wait until it has ended, and run the command again.',
        retryable: true,
      });
    }
    case 'unsupported':
      return noLocks(folder, result.reason);
    case 'refused':
    case 'broken':
      throw unusableLock(result, context, 'no backup or restore is under way');
  }
}

/** SQLite reports a share that cannot lock (ENOLCK) as busy too; a real holder has left its name. */
function notReallyBusy(holder: LockHolder | null, { folder, mount }: LockContext): FolderWarning | null {
  if (holder !== null || mount === null || !isNetworkShare(mount)) return null;
  return noLocks(folder, `${mount.type} at ${mount.point}`);
}

/** `process 7 on nas, since 2026-01-01T00:00:00.000Z` */
export function holderInWords(holder: LockHolder | null): string {
  return holder === null
    ? 'another process'
    : `process ${holder.pid} on ${holder.host}, since ${holder.since}`;
}

function unusableLock(
  result: Extract<LockResult, { state: 'refused' | 'broken' }>,
  { lockPath }: LockContext,
  condition: string,
): GatewayError {
  return new GatewayError({
    code: 'session_path_unusable',
    message: `The lock file ${lockPath} cannot be used${result.state === 'broken' ? `: ${result.reason}` : ''}`,
    action: `When ${condition}, remove it: rm -r ${shellWord(lockPath)}`,
  });
}

function noLocks(folder: FolderPath, reason: string): FolderWarning {
  return {
    code: 'session_path_unusable',
    message: `The file system of ${folder.path} does not lock files (${reason}): a second gateway on it would not be noticed and would damage the login`,
    action: 'Set WHATSAPP_SESSION_PATH to a folder on a local disk.',
  };
}
