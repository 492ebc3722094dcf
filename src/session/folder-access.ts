import { lstat, readlink, stat } from 'node:fs/promises';
import { dirname, join, parse, resolve } from 'node:path';

import { codeOf } from '../errors.ts';
import type { Entry, Failure } from './folder-failure.ts';

/** What the file system refused, as far as the place where it happened knows it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly failure: Omit<Failure, 'folder' | 'inProfile'>;

  constructor(failure: Omit<Failure, 'folder' | 'inProfile'>) {
    super(`${failure.operation} ${failure.path}: ${failure.errno}`);
    this.failure = failure;
  }
}

/**
 * Runs one operation of the file system.
 * @throws Refusal with the owner and mode of the folder that decides: for `create` the one above `path`, else `path` itself
 */
export async function attempt<T>(
  operation: Failure['operation'],
  path: string,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const blocker = await entryOf(operation === 'create' ? dirname(path) : path);
    throw new Refusal({ operation, errno: errnoOf(error), path, blocker });
  }
}

/** The error's code, such as EACCES; its text when it has none. */
export function errnoOf(error: unknown): string {
  return codeOf(error) ?? String(error);
}

/** Owner and mode of what a path leads to; null when it cannot be seen. */
export async function entryOf(path: string): Promise<Entry | null> {
  try {
    const found = await stat(path);
    const kind = found.isDirectory() ? 'folder' : 'file';
    return { path, uid: found.uid, gid: found.gid, mode: found.mode & 0o7777, kind, target: null };
  } catch {
    return null;
  }
}

export interface Located {
  /** The deepest part of the path that exists, a folder. */
  readonly existing: string;
  /** The names below it that do not. */
  readonly missing: readonly string[];
}

/**
 * Follows an absolute path from the root, so that what fails is named and not only the end.
 * @throws Refusal for a file in the way, a link that leads nowhere, a folder that may not be entered
 */
export async function locate(path: string): Promise<Located> {
  const { root } = parse(path);
  const names = path
    .slice(root.length)
    .split('/')
    .filter((name) => name !== '');
  let existing = root;
  for (const [index, name] of names.entries()) {
    const next = join(existing, name);
    const found = await lstatOrNull(next, existing);
    if (found === null) return { existing, missing: names.slice(index) };
    if (found.isSymbolicLink()) await follow(next);
    else if (!found.isDirectory()) throw await fileInTheWay(next);
    existing = next;
  }
  return { existing, missing: [] };
}

async function lstatOrNull(path: string, parent: string) {
  try {
    return await lstat(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return null;
    throw new Refusal({ operation: 'reach', errno, path, blocker: await entryOf(parent) });
  }
}

async function follow(link: string): Promise<void> {
  try {
    const found = await stat(link);
    if (found.isDirectory()) return;
  } catch (error) {
    const errno = errnoOf(error);
    const target = await readlink(link);
    // What is in the way of the target is the better reason, where there is something.
    if (errno !== 'ELOOP') await locate(resolve(dirname(link), target));
    const { uid, gid, mode } = await lstat(link);
    const blocker: Entry = { path: link, uid, gid, mode: mode & 0o7777, kind: 'link', target };
    throw new Refusal({ operation: 'reach', errno, path: link, blocker });
  }
  throw await fileInTheWay(link);
}

async function fileInTheWay(path: string): Promise<Refusal> {
  return new Refusal({ operation: 'reach', errno: 'ENOTDIR', path, blocker: await entryOf(path) });
}
