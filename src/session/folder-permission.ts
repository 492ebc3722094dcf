import {
  chownAdvice,
  hostWord,
  idsInWords,
  isInContainerOnly,
  meantMount,
  shellWord,
  volumeAdvice,
  type Advice,
  type FolderPath,
} from './folder-advice.ts';
import type { Entry, Failure } from './folder-failure.ts';
import type { Host } from './folder-host.ts';
import { isWithin } from './mount-info.ts';

/**
 * Tells the causes of EACCES apart: the kernel gives one error for a wrong owner, an access control list, a
 * capability that is missing, an id that is not mapped. Each has its own remedy.
 * @param start the sentence so far: what could not be done
 */
export function permissionAdvice(failure: Failure, start: string, host: Host): Advice {
  const { blocker, folder, operation } = failure;
  const who = `the gateway runs as ${idsInWords(host.uid, host.gid, host)}`;
  const seen =
    blocker === null
      ? `${start}: permission denied; ${who}`
      : `${start}: permission denied; ${blocker.path === failure.path ? 'it' : blocker.path} belongs to ` +
        `${idsInWords(blocker.uid, blocker.gid, host)} with mode ${modeInWords(blocker.mode)}, and ${who}`;
  if (isInContainerOnly(folder, host)) {
    const mount = volumeAdvice(folder, host);
    // It would help until the container is created again; nothing is lost by it where there is no login on a mount.
    const isStopgap = blocker !== null && isOwn(blocker, folder) && meantMount(folder, host) === null;
    return {
      message: `${seen}. ${folder.path} is not on a mount of the container`,
      action: isStopgap
        ? `${mount}  (or, for as long as this container lives, as root in it: chown -R ${host.uid}:${host.gid} ${shellWord(folder.path)})`
        : mount,
    };
  }
  if (blocker === null) return { message: seen, action: chownAdvice(folder.path, host) };
  if (host.uid === 0 && !host.overridesPermissions) {
    return {
      message: `${seen}; it lacks the capability DAC_OVERRIDE, so permission bits bind it although it is root`,
      action: `Run it as the owner (in the compose file, user: "${blocker.uid}:${blocker.gid}") or give it the capability back (cap_add: [DAC_OVERRIDE])`,
    };
  }
  if (host.idsAreMapped && blocker.uid === OVERFLOW_ID) {
    return {
      message: `${seen}; that owner has no id in this user namespace`,
      action: `On the host, give the folder to the id that ${host.uid} stands for there (cat /proc/self/uid_map shows it); with rootless Podman: podman unshare chown -R ${host.uid}:${host.gid} ${hostWord(blocker.path, host)}`,
    };
  }
  if (!isOwn(blocker, folder)) {
    return operation === 'create'
      ? { message: seen, action: chownAdvice(folder.path, host, { create: true }) }
      : {
          message: `${seen}, so it may not enter that folder`,
          action: `sudo chmod a+x ${hostWord(blocker.path, host)}`,
        };
  }
  const action = chownAdvice(folder.path, host, { modes: true });
  if ((blocker.mode & 0o777) === 0) {
    return {
      message: `${seen}; mode 0000 is what a Synology share with an access control list gives to what root makes in it`,
      action,
    };
  }
  if (permits(blocker, host)) {
    return {
      message: `${seen}; the permission bits allow it, so an access control list or a security module refuses`,
      action: `${action}; on a Synology also: sudo synoacltool -add ${hostWord(folder.path, host)} user:${host.users.get(host.uid) ?? host.uid}:allow:rwxpdDaARWc--:fd--`,
    };
  }
  return { message: seen, action };
}

/** The id that stands for all that a user namespace does not map (user_namespaces(7)). */
const OVERFLOW_ID = 65_534;

/** Whether it is the session folder or in it: only there may a recursive chown be advised. */
function isOwn(entry: Entry, folder: FolderPath): boolean {
  return isWithin(folder.path, entry.path) || isWithin(folder.realPath, entry.path);
}

/** Whether the permission bits alone let the process read and write, and enter if it is a folder. */
export function permits(entry: Entry, host: Host): boolean {
  const wanted = entry.kind === 'folder' ? 0o7 : 0o6;
  const inGroup = entry.gid === host.gid || host.groups.includes(entry.gid);
  const shift = entry.uid === host.uid ? 6 : inGroup ? 3 : 0;
  return ((entry.mode >> shift) & wanted) === wanted;
}

/** Four octal digits. */
export function modeInWords(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
