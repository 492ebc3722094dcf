import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

const LEVELDB = 'https_web.whatsapp.com_0.indexeddb.leveldb';

/** Writes what a linked browser leaves in a profile, as far as backups care. @param mark tells one login from another */
export async function writeLogin(profile: string, mark: string): Promise<void> {
  const files = {
    [`Default/IndexedDB/${LEVELDB}/000003.log`]: `keys of ${mark}`,
    [`Default/IndexedDB/${LEVELDB}/CURRENT`]: 'MANIFEST-000001\n',
    [`Default/IndexedDB/${LEVELDB}/LOCK`]: '',
    'Default/Local Storage/leveldb/000003.log': `settings of ${mark}`,
    'Default/Preferences': '{}',
    'Default/Cache/data_0': 'cache',
    'Local State': '{}',
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(profile, name)), { recursive: true });
    await writeFile(join(profile, name), text);
  }
}

/** The files below a folder, by their paths. Empty when it is not there. */
export async function readFiles(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const files: Record<string, string> = {};
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files[relative(folder, path)] = await readFile(path, 'utf8');
  }
  return files;
}

/** What a backup of `writeLogin` holds. */
export async function loginFiles(profile: string): Promise<Record<string, string>> {
  const all = Object.entries(await readFiles(profile));
  return Object.fromEntries(all.filter(([name]) => /^Default\/(IndexedDB|Local Storage)\//.test(name)));
}
