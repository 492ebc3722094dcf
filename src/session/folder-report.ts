import { stat } from 'node:fs/promises';

import type { ErrorCode, GatewayError } from '../errors.ts';

import type { Host } from './folder-host.ts';
import { modeInWords } from './folder-permission.ts';
import { spaceOf } from './folder-verdicts.ts';
import { mountOf } from './mount-info.ts';

export type StepName =
  'path' | 'mount' | 'space' | 'folder' | 'lock' | 'restore' | 'profile' | 'write' | 'contents';

/** The result of one step of the preflight, as a table shows it. */
export interface FolderStep {
  readonly name: StepName;
  readonly verdict: 'ok' | 'warning' | 'problem';
  /** Null when all is well. */
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly action: string | null;
}

export interface FolderInspection {
  /** In order, up to and with the first problem. */
  readonly steps: readonly FolderStep[];
  readonly report: FolderReport;
  readonly problem: GatewayError | null;
}

/** Where the login is and who may do what there. */
export interface FolderReport {
  readonly path: string;
  readonly profile: string;
  /** Null while the folder does not exist or cannot be reached. Names where the system knows them. */
  readonly owner: {
    readonly uid: number;
    readonly gid: number;
    readonly user: string | null;
    readonly group: string | null;
  } | null;
  /** Four octal digits, such as `0700`. */
  readonly mode: string | null;
  /** Effective ids of this process. */
  readonly uid: number;
  readonly gid: number;
  /** Null where the platform does not tell. */
  readonly mount: {
    readonly point: string;
    readonly type: string;
    readonly source: string;
    readonly readOnly: boolean;
  } | null;
  readonly inContainer: boolean;
  /** For this user; null while the folder cannot be reached. */
  readonly freeBytes: number | null;
  /** Null also where the file system has no fixed number of them (btrfs). */
  readonly freeInodes: number | null;
  readonly warnings: readonly FolderWarning[];
}

/** Something that lets the gateway run and that a person should know. */
export interface FolderWarning {
  readonly code: ErrorCode;
  readonly message: string;
  readonly action: string;
}

/** Collects the report of a folder, whatever state it is in. Never throws. */
export async function reportOf(options: {
  path: string;
  realPath: string;
  profile: string;
  host: Host;
  warnings: FolderReport['warnings'];
}): Promise<FolderReport> {
  const { host } = options;
  const found = await stat(options.path).catch(() => null);
  const space = await spaceOf(options.path).catch(() => null);
  const mount = mountOf(host.mounts, options.realPath);
  return {
    path: options.path,
    profile: options.profile,
    owner:
      found === null
        ? null
        : {
            uid: found.uid,
            gid: found.gid,
            user: host.users.get(found.uid) ?? null,
            group: host.groupNames.get(found.gid) ?? null,
          },
    mode: found === null ? null : modeInWords(found.mode & 0o7777),
    uid: host.uid,
    gid: host.gid,
    mount:
      mount === null
        ? null
        : { point: mount.point, type: mount.type, source: mount.source, readOnly: mount.readOnly },
    inContainer: host.inContainer,
    freeBytes: space?.bytes ?? null,
    freeInodes: space?.inodes ?? null,
    warnings: options.warnings,
  };
}

/** The one line of the start-up log: where, whose, and on what. */
export function describeFolder(report: FolderReport): string {
  const { owner, mount } = report;
  const parts = [
    owner === null
      ? 'not there yet'
      : `owner ${owner.uid}:${owner.gid}${owner.user === null ? '' : ` (${owner.user}:${owner.group ?? owner.gid})`}, mode ${String(report.mode)}`,
    `running as ${report.uid}:${report.gid}`,
    mount === null
      ? 'mount unknown'
      : `on ${mount.point} (${mount.type} ${mount.source}${mount.readOnly ? ', read-only' : ''})`,
    ...(report.inContainer ? ['in a container'] : []),
    ...(report.freeBytes === null ? [] : [`${Math.floor(report.freeBytes / 1_000_000)} MB free`]),
  ];
  return `Session folder ${report.path}: ${parts.join(', ')}`;
}
