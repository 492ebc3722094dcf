import { basename } from 'node:path';

/** One line of `/proc/self/mountinfo` (proc_pid_mountinfo(5)), as far as it says where files really are. */
export interface Mount {
  /** Where it is in this process' tree. */
  readonly point: string;
  /** The folder of the mounted file system that is shown there; for a bind mount, the path on its own file system. */
  readonly root: string;
  readonly type: string;
  /** The device or share. */
  readonly source: string;
  readonly readOnly: boolean;
  readonly options: readonly string[];
}

/** Reads the text of mountinfo. A line of another form is left out. */
export function parseMountInfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root, point, options] = left.split(' ');
    const [type, source, superOptions] = right.split(' ');
    if (point === undefined || root === undefined || options === undefined) return [];
    if (type === undefined || source === undefined || superOptions === undefined) return [];
    const all = [...options.split(','), ...superOptions.split(',')];
    return [
      {
        point: unescape(point),
        root: unescape(root),
        type,
        source: unescape(source),
        readOnly: all.includes('ro'),
        options: all,
      },
    ];
  });
}

/** The mount that an absolute path without links lies on: the longest prefix, and of equal ones the last, which covers the others. */
export function mountOf(mounts: readonly Mount[], path: string): Mount | null {
  let found: Mount | null = null;
  for (const mount of mounts) {
    if (isWithin(mount.point, path) && mount.point.length >= (found?.point.length ?? 0)) found = mount;
  }
  return found;
}

/** Whether `path` is `folder` or lies below it. Both are absolute and normalised. */
export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** Whether the folder behind a bind mount has been deleted: nothing can be made in it any more. */
export function isDeleted(mount: Mount): boolean {
  return mount.root.endsWith('//deleted');
}

/** Whether what is written there is gone with the machine's memory. */
export function isInMemory(mount: Mount): boolean {
  return mount.type === 'tmpfs' || mount.type === 'ramfs';
}

export function isNetworkShare(mount: Mount): boolean {
  return /^(nfs4?|cifs|smb3?|smbfs|9p|virtiofs|fuse\..+|afpfs|glusterfs|ceph)$/.test(mount.type);
}

const KERNEL_TYPES =
  /^(proc|sysfs|devpts|devtmpfs|tmpfs|ramfs|mqueue|cgroup2?|securityfs|debugfs|tracefs|bpf|nsfs|configfs|efivarfs|fusectl|hugetlbfs|pstore|rpc_pipefs|binfmt_misc|autofs|squashfs)$/;
/** Layers of images: where a container engine runs inside, it mounts one for every container of its own. */
const LAYER_TYPES = /^(overlay|overlayfs|fuse-overlayfs|fuse\.fuse-overlayfs|aufs)$/;
const KERNEL_FOLDERS = ['/proc', '/sys', '/dev'];
/** Single files that container engines mount into every container. */
const ENGINE_FILES =
  /^(hosts|hostname|resolv\.conf|\.containerenv|docker-init|podman-init|catatonit|tini|init)$/;
/** Where engines keep their own images and containers, by the folders' names: `/var/lib/docker`, `/x/storage/overlay`. */
const ENGINE_FOLDERS =
  /(^|\/)(var\/lib\/(docker|containers|containerd)|@docker|overlay2?|overlay-containers)(\/|$)/;

/** The mounts that a person has made on purpose: volumes and bind mounts, without what kernel and engine add. */
export function volumesOf(mounts: readonly Mount[]): Mount[] {
  return mounts.filter(
    (mount) =>
      mount.point !== '/' &&
      !KERNEL_TYPES.test(mount.type) &&
      !LAYER_TYPES.test(mount.type) &&
      !KERNEL_FOLDERS.some((folder) => isWithin(folder, mount.point)) &&
      !ENGINE_FILES.test(basename(mount.point)) &&
      !ENGINE_FOLDERS.test(mount.point),
  );
}

/**
 * What a path inside the container is called on the host, as far as mountinfo tells; null when it does not.
 * The kernel names it from the root of its own file system. On a Synology (recognised by the `synoacl`
 * option or the `@syno` subvolume) that is a volume whose number is not told: `/volume*` lets the shell find it.
 */
export function hostPathOf(mount: Mount, path: string): string | null {
  const folder = mount.root.replace(/\/\/deleted$/, '');
  if (folder === '/') return null;
  const inside = path.slice(mount.point === '/' ? 0 : mount.point.length);
  if (folder.startsWith('/@syno/')) return `/volume*${folder.slice('/@syno'.length)}${inside}`;
  return `${mount.options.includes('synoacl') ? '/volume*' : ''}${folder}${inside}`;
}

/** mountinfo writes space, tab, newline and backslash as three octal digits. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
