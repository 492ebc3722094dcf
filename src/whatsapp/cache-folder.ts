import { chmod, lstat, realpath, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

import { ensureFolder } from '../ensure-folder.ts';

const NAME = 'whatsapp-gateway';

/**
 * Folders that may hold what this program unpacks, best first: the user's cache, and a folder of the
 * user's own among the temporary files, for users without a writable home.
 */
export function cacheFolders(env: NodeJS.ProcessEnv): string[] {
  // A relative value is to be ignored (XDG Base Directory Specification).
  const xdg = env['XDG_CACHE_HOME'];
  const home = env['HOME'] ?? homedir();
  const cache = xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.cache');
  return [join(cache, NAME), join(env['TMPDIR'] ?? tmpdir(), `${NAME}-${uid()}`)];
}

/**
 * Makes a folder that only this user can write to, and refuses one that somebody else could have prepared:
 * what lies in it is executed.
 *
 * @returns its real path
 * @throws Error saying what is wrong with it; the errors of the file system
 */
export async function privateFolder(path: string): Promise<string> {
  ensureFolder(path);
  const found = await lstat(path);
  if (!found.isDirectory()) throw new Error(`${path} is not a folder`);
  if (found.uid !== uid()) throw new Error(`${path} belongs to uid ${found.uid}, not to uid ${uid()}`);
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
  const real = await realpath(path);
  await refuseForeignAncestors(real);
  return real;
}

/** Whoever owns a folder above can put another one in its place; in a sticky one only the owner can. */
async function refuseForeignAncestors(path: string): Promise<void> {
  // In a user namespace the system's own folders belong to an unmapped uid.
  const trusted = new Set([0, uid(), (await stat('/')).uid]);
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { uid: owner, mode } = await stat(folder);
    if (!trusted.has(owner)) throw new Error(`${folder} belongs to uid ${owner}`);
    const openToAll = (mode & 0o002) !== 0;
    const sticky = (mode & 0o1000) !== 0;
    if (openToAll && !sticky) throw new Error(`${folder} is writable for everybody`);
    if (folder === dirname(folder)) return;
  }
}

function uid(): number {
  return process.getuid?.() ?? 0;
}
