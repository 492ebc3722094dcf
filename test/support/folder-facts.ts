import type { Entry, Failure } from '../../src/session/folder-failure.ts';
import type { Host } from '../../src/session/folder-host.ts';
import { parseMountInfo, type Mount } from '../../src/session/mount-info.ts';

/** A process 1026:100 on a plain Linux machine. */
export function host(changes: Partial<Host> = {}): Host {
  return {
    uid: 1026,
    gid: 100,
    groups: [],
    hostname: 'nas',
    inContainer: false,
    mounts: [mount({ point: '/' })],
    overridesPermissions: false,
    idsAreMapped: false,
    users: new Map([
      [0, 'root'],
      [1026, 'admin'],
    ]),
    groupNames: new Map([
      [0, 'root'],
      [100, 'users'],
    ]),
    ...changes,
  };
}

export function mount(changes: Partial<Mount> = {}): Mount {
  return {
    point: '/app/.wwebjs_auth',
    root: '/srv/wa/.wwebjs_auth',
    type: 'ext4',
    source: '/dev/sda1',
    readOnly: false,
    options: ['rw'],
    ...changes,
  };
}

export const FOLDER = { path: '/app/.wwebjs_auth', realPath: '/app/.wwebjs_auth' };

export function entry(changes: Partial<Entry> = {}): Entry {
  return { path: FOLDER.path, uid: 0, gid: 0, mode: 0o755, kind: 'folder', target: null, ...changes };
}

export function failure(changes: Partial<Failure> = {}): Failure {
  return {
    operation: 'write',
    errno: 'EACCES',
    path: FOLDER.path,
    folder: FOLDER,
    inProfile: false,
    blocker: entry(),
    ...changes,
  };
}

/** mountinfo of a Docker container on a Synology with one volume, as the kernel writes it. */
export const SYNOLOGY_CONTAINER = parseMountInfo(
  [
    '1210 1000 0:120 / / rw,relatime - overlay overlay rw,lowerdir=/a:/b,upperdir=/c,workdir=/d',
    '1211 1210 0:122 / /proc rw,nosuid - proc proc rw',
    '1212 1210 0:123 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755',
    '1213 1212 0:124 / /dev/shm rw,nosuid - tmpfs shm rw,size=65536k',
    '1214 1210 0:45 /@syno/@docker/containers/1f/hosts /etc/hosts rw - btrfs /dev/mapper/cachedev_0 rw,synoacl',
    '1215 1210 0:45 /@syno/docker/whatsapp-server/.wwebjs_auth /app/.wwebjs_auth rw,relatime shared:12 - btrfs /dev/mapper/cachedev_0 rw,synoacl,subvol=/@syno/docker',
  ].join('\n'),
);
