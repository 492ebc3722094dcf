import { existsSync } from 'node:fs';
import { access, constants, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { GatewayError } from '../errors.ts';
import { attempt, errnoOf, locate, Refusal, type Located } from './folder-access.ts';
import { shellWord, type FolderPath } from './folder-advice.ts';
import { assertProfileWritable, assertUsable, makeFolders, probeFolder } from './folder-contents.ts';
import { explainFailure, type Failure } from './folder-failure.ts';
import type { Host } from './folder-host.ts';
import type { FolderLock, LockResult } from './folder-lock.ts';
import {
  reportOf,
  type FolderInspection,
  type FolderStep,
  type FolderWarning,
  type StepName,
} from './folder-report.ts';
import { judgeLock, judgeMount, judgeReservation, judgeSpace, spaceOf } from './folder-verdicts.ts';
import { isWithin, mountOf } from './mount-info.ts';
import { recoverExchange } from './profile-exchange.ts';
import { isLink, removeLeftovers } from './profile-removal.ts';

export interface InspectionOptions {
  readonly path: string;
  readonly profile: string;
  readonly lock: FolderLock;
  /** Held by a backup or restore: no gateway starts a browser meanwhile. */
  readonly reservation: FolderLock;
  readonly host: Host;
  /**
   * `start` makes what is missing and keeps the lock. `look` makes no folder, gives the lock back, and takes a lock
   * that another process holds for fine: it is the running gateway's. `reserve` takes and keeps the reservation,
   * and the lock too where no gateway holds it; it makes and proves nothing of the profile.
   */
  readonly purpose: 'start' | 'look' | 'reserve';
}

/** What the steps know and find out for the later ones. */
interface Ground extends InspectionOptions {
  folder: FolderPath;
  located: Located;
  profileExists: boolean;
}

/** A step says what it found, or what to warn of, or null where it does not apply; for a problem it throws. */
type Step = (ground: Ground) => Promise<string | FolderWarning | null>;

/** In the order in which the error of a later step would hide the reason that an earlier one names. */
const STEPS: readonly (readonly [StepName, Step])[] = [
  ['path', followPath],
  ['mount', lookAtMount],
  ['space', lookAtSpace],
  ['folder', makeFolder],
  ['lock', takeLock],
  ['restore', finishRestore],
  ['profile', makeProfile],
  ['write', probe],
  ['contents', lookAtContents],
];

const STEPS_TO_RESERVE: readonly StepName[] = ['path', 'mount', 'folder', 'lock', 'restore'];

/** The preflight of the session folder, step by step up to the first problem. Never rejects. */
export async function inspectFolder(options: InspectionOptions): Promise<FolderInspection> {
  const { path, profile, host, lock, purpose } = options;
  const wanted = STEPS.filter(([name]) => purpose !== 'reserve' || STEPS_TO_RESERVE.includes(name));
  const ground: Ground = {
    ...options,
    folder: { path, realPath: path },
    located: { existing: '/', missing: [] },
    profileExists: false,
  };
  // The gateway itself may look while it holds the lock.
  const keepLock = purpose !== 'look' || lock.held;
  const steps: FolderStep[] = [];
  const warnings: FolderWarning[] = [];
  let problem: GatewayError | null = null;
  for (const [name, step] of wanted) {
    try {
      const outcome = await step(ground);
      if (outcome === null) continue;
      if (typeof outcome === 'string') {
        steps.push({ name, verdict: 'ok', code: null, message: outcome, action: null });
      } else {
        steps.push({ name, verdict: 'warning', ...outcome });
        warnings.push(outcome);
      }
    } catch (error) {
      problem = asGatewayError(error, ground);
      const { code, message, action } = problem;
      steps.push({ name, verdict: 'problem', code, message, action });
      break;
    }
  }
  if (!keepLock) lock.release();
  const report = await reportOf({ path, realPath: ground.folder.realPath, profile, host, warnings });
  return { steps, report, problem };
}

async function followPath(ground: Ground): Promise<string> {
  const { path, profile } = ground;
  const { existing, missing } = await locate(path);
  ground.located = { existing, missing };
  ground.folder = { path, realPath: join(await realpath(existing), ...missing) };
  if (await isLink(profile)) {
    throw new GatewayError({
      code: 'session_path_unusable',
      message: `${profile} is a link; the gateway follows none there, because it removes the login after a log-out`,
      action: `Move the folder itself there, or set WHATSAPP_SESSION_PATH to the folder that holds it. To remove the link: rm ${shellWord(profile)}`,
    });
  }
  ground.profileExists = await stat(profile).then(
    () => true,
    () => false,
  );
  return missing.length === 0
    ? `${path} exists`
    : `${path} does not exist yet; it will be made in ${existing}`;
}

async function lookAtMount({ folder, host, located }: Ground): Promise<string | FolderWarning> {
  const { nlink } = await stat(located.existing);
  return judgeMount(nlink, folder, host);
}

async function lookAtSpace({ located, folder }: Ground): Promise<string | FolderWarning> {
  return judgeSpace(await spaceOf(located.existing), folder.path);
}

async function makeFolder({ located, path, purpose }: Ground): Promise<string> {
  const { existing, missing } = located;
  const [first] = missing;
  if (first === undefined || purpose !== 'look') {
    await makeFolders(existing, missing);
    await assertUsable(path);
    return `${path} can be written to`;
  }
  await attempt('create', join(existing, first), () => access(existing, constants.W_OK | constants.X_OK));
  return `${path} can be made`;
}

async function takeLock(ground: Ground): Promise<string | FolderWarning | null> {
  const { located, lock, reservation, purpose } = ground;
  if (purpose === 'look' && located.missing.length > 0) return null;
  const kept = purpose === 'reserve' || reservation.held;
  // Where there is no file nobody holds it, and a gateway that looks every few seconds need not make one.
  if (purpose === 'reserve' || existsSync(reservation.path)) {
    const result = await acquire(reservation, ground);
    if (!kept) reservation.release();
    const verdict = judgeReservation(result, lockContext(reservation, ground));
    if (verdict !== null) return verdict;
  }
  const result = await acquire(lock, ground);
  return judgeLock(result, lockContext(lock, ground));
}

async function acquire(lock: FolderLock, { path }: Ground): Promise<LockResult> {
  const result = await attempt('write', path, () => Promise.resolve(lock.acquire()));
  if (result.state === 'refused') {
    await attempt('write', lock.path, () => access(lock.path, constants.R_OK | constants.W_OK));
  }
  return result;
}

function lockContext(lock: FolderLock, { folder, host, purpose }: Ground) {
  return { folder, lockPath: lock.path, mount: mountOf(host.mounts, folder.realPath), purpose };
}

async function finishRestore(ground: Ground): Promise<string | null> {
  const { profile, purpose } = ground;
  if (purpose === 'look') return null;
  const recovered = await recoverExchange(profile);
  if (!recovered) return null;
  ground.profileExists = true;
  return `a restore that was interrupted has been finished: ${profile}`;
}

async function makeProfile(ground: Ground): Promise<string | null> {
  const { profile, purpose, profileExists } = ground;
  if (!profileExists && purpose === 'look') return null;
  const { existing, missing } = await locate(profile);
  await makeFolders(existing, missing);
  await assertUsable(profile);
  return profileExists ? `${profile} exists` : `${profile} has been made`;
}

async function probe({ profile, path, profileExists, purpose, located }: Ground) {
  const target = profileExists || purpose === 'start' ? profile : path;
  if (purpose === 'look' && located.missing.length > 0) return null;
  await probeFolder(target);
  if (purpose === 'look') return `a probe file was written to ${target} and removed`;
  const [left] = await removeLeftovers(profile);
  if (left === undefined) return `a probe file was written to ${target} and removed`;
  return {
    code: 'login_not_removed' as const,
    message: `A login that was logged out is still on the disk: ${left.path} (${left.errno})`,
    action: `sudo rm -r ${shellWord(left.path)}`,
  };
}

async function lookAtContents({ profile, profileExists }: Ground): Promise<string | null> {
  if (!profileExists) return null;
  await assertProfileWritable(profile);
  return 'every file of the stored profile can be changed';
}

function refusal(failure: Pick<Failure, 'errno' | 'path'>): Refusal {
  return new Refusal({ operation: 'write', blocker: null, ...failure });
}

/** Turns whatever a step has thrown into the program's error, with reason and remedy. */
export function asGatewayError(
  error: unknown,
  context: { folder: FolderPath; profile: string; host: Host },
): GatewayError {
  if (error instanceof GatewayError) return error;
  const { folder, profile, host } = context;
  const { failure } =
    error instanceof Refusal ? error : refusal({ errno: errnoOf(error), path: pathOf(error) ?? folder.path });
  const inProfile = isWithin(profile, failure.blocker?.path ?? failure.path);
  return explainFailure({ ...failure, folder, inProfile }, host);
}

/** What the file system's error is about, where it says so. */
function pathOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).path : undefined;
}
