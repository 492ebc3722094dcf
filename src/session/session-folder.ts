import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

import { GatewayError, messageOf } from '../errors.ts';
import { shellWord } from './folder-advice.ts';
import { readHost, type Host } from './folder-host.ts';
import { asGatewayError, inspectFolder, type InspectionOptions } from './folder-inspection.ts';
import { FolderLock, type LockResult } from './folder-lock.ts';
import { describeFolder, type FolderInspection, type FolderReport } from './folder-report.ts';
import { holderInWords, judgeLock } from './folder-verdicts.ts';
import { mountOf } from './mount-info.ts';
import type { LoginStore, SessionLog } from './ports.ts';
import { exchangeProfile, recoverExchange } from './profile-exchange.ts';
import { profileUse, removeSingletons, type SingletonOwner } from './profile-locks.ts';
import { judgeSpace, spaceOf } from './folder-verdicts.ts';
import { ProfileWatch } from './profile-watch.ts';
import { isLink, removeCaches, removeLeftovers, removeProfile, type Leftover } from './profile-removal.ts';

export {
  describeFolder,
  type FolderInspection,
  type FolderReport,
  type FolderStep,
} from './folder-report.ts';
export type { FolderWarning } from './folder-report.ts';
export type { SingletonOwner } from './profile-locks.ts';

export interface SessionFolderOptions {
  /** `WHATSAPP_SESSION_PATH`; resolved against the working directory. */
  readonly path: string;
  readonly clientId: string;
  readonly log: SessionLog;
  /** How long a check may take before the disk or share is called dead, in milliseconds. Default 15 s. */
  readonly deadlineMs?: number;
  /** Seam for tests: the facts about process, container and mounts. */
  readonly readHost?: () => Promise<Host>;
  /** Seam for tests: opens the lock file. */
  readonly openLock?: (path: string) => DatabaseSync;
  /** Seam for tests: where procfs is. */
  readonly proc?: string;
}

/** The removal of a login may take four times as long: a profile has thousands of files, and a NAS may be slow. */
const REMOVAL_SHARE = 4;

/** A stop has 10 s in all; a dead share must not take them. */
const RELEASE_WAIT_MS = 2_000;

type Purpose = InspectionOptions['purpose'];

/** The folder of the login: proved usable before a browser starts in it, held by one process, removed after a log-out. */
export class SessionFolder implements LoginStore {
  /** Absolute. Links in it are not resolved. */
  readonly root: string;
  /** `<root>/session-<client id>`, the name that whatsapp-web.js gives it. */
  readonly profile: string;
  readonly #log: SessionLog;
  readonly #deadlineMs: number;
  readonly #removeMs: number;
  readonly #readHost: () => Promise<Host>;
  readonly #proc: string;
  readonly #lock: FolderLock;
  readonly #reservation: FolderLock;
  readonly #watch: ProfileWatch;
  #running: { readonly purpose: Purpose; readonly result: Promise<FolderInspection> } | null = null;
  #removal: Promise<void> | null = null;
  #clearing: ReturnType<SessionFolder['clearStaleLocks']> | null = null;
  /** Where logins have been put since the last check, to be deleted. */
  readonly #outOfUse = new Set<string>();
  #described = '';

  constructor(options: SessionFolderOptions) {
    this.root = resolve(options.path);
    this.profile = join(this.root, `session-${options.clientId}`);
    this.#watch = new ProfileWatch(this.profile);
    this.#log = options.log;
    this.#deadlineMs = options.deadlineMs ?? 15_000;
    this.#removeMs = this.#deadlineMs * REMOVAL_SHARE;
    this.#readHost = options.readHost ?? (() => readHost());
    this.#proc = options.proc ?? '/proc';
    const lock = (file: string, holder: string) =>
      new FolderLock({
        path: join(this.root, `.session-${options.clientId}.${file}`),
        holderPath: join(this.root, `.session-${options.clientId}.${holder}`),
        ...(options.openLock === undefined ? {} : { open: options.openLock }),
      });
    this.#lock = lock('lock', 'holder');
    this.#reservation = lock('reserved', 'reserved-by');
  }

  /**
   * The whole preflight: makes what is missing, takes the folder lock and keeps it, proves that Chromium will
   * be able to write. May be called as often as one likes. Logs one line about the folder when it is new or has changed.
   * @throws GatewayError one of `session_path_*`, `session_profile_not_writable`, `profile_in_use`
   */
  async check(): Promise<FolderReport> {
    const { problem, report } = await this.inspect('start');
    const line = describeFolder({ ...report, freeBytes: null });
    if (line !== this.#described) {
      this.#described = line;
      this.#log.info({ folder: report }, describeFolder(report));
      for (const { code, message, action } of report.warnings) this.#log.warn({ code, action }, message);
    }
    if (problem !== null) throw problem;
    this.#outOfUse.clear();
    // Where the share does not answer, there is nothing to compare with.
    await withDeadline(this.#watch.remember(), this.#deadlineMs, () => this.#noAnswer()).catch(
      () => undefined,
    );
    return report;
  }

  /**
   * The preflight as a table. With `look` nothing is made or kept, so that a doctor may run beside the gateway.
   * @throws GatewayError `session_path_unusable` when the disk does not answer; nothing else
   */
  async inspect(purpose: Purpose): Promise<FolderInspection> {
    // One at a time: two would take each other's lock, and on a dead share every further one would be one more
    // thread that never comes back.
    if (this.#running?.purpose !== purpose) {
      const before = this.#running?.result ?? Promise.resolve();
      // A removal that nobody waits for any more still goes on, and would take the next login with it.
      const removal = purpose === 'look' ? undefined : this.#removal?.catch(() => undefined);
      const result = before.then(() => removal).then(() => this.#inspect(purpose));
      const running = { purpose, result };
      this.#running = running;
      const done = () => {
        if (this.#running === running) this.#running = null;
      };
      result.then(done, done);
    }
    return withDeadline(this.#running.result, this.#deadlineMs, () => this.#noAnswer());
  }

  /**
   * Keeps the login for a backup or a restore: until `release()`, or the end of this process, no gateway starts a
   * browser on it. One that runs already has to be stopped by other means. Makes the folder when it is missing. Call
   * `release()` also when it throws.
   * @returns `lock`: `held` where no gateway uses the folder, `busy` with its name where one does, `unsupported` where
   *   nobody can tell
   * @throws GatewayError one of `session_path_*`; `profile_in_use` when another backup or restore is under way
   */
  async reserve(): Promise<{ readonly lock: LockResult; readonly report: FolderReport }> {
    const { problem, report } = await this.inspect('reserve');
    if (problem !== null) throw problem;
    await removeLeftovers(this.profile);
    const noLocks = report.warnings.find(({ code }) => code === 'session_path_unusable');
    const lock: LockResult =
      noLocks === undefined ? this.#lock.acquire() : { state: 'unsupported', reason: noLocks.message };
    return { lock, report };
  }

  /**
   * Puts a whole profile in the place of the present one, which is deleted. Only after `reserve()`, and while no browser
   * runs. Interrupted, it leaves the old one in its place, or the next check puts the new one there.
   * @param fresh on the same file system, flushed to the disk
   * @throws GatewayError `backup_failed`
   */
  async replace(fresh: string): Promise<void> {
    try {
      await exchangeProfile(fresh, this.profile);
    } catch (error) {
      const { message, action } = asGatewayError(error, {
        ...this.#context(),
        host: await this.#readHost(),
      });
      throw new GatewayError({
        code: 'backup_failed',
        message: `The login could not be put in its place: ${message}`,
        action,
        cause: error,
      });
    }
  }

  /**
   * Whether the profile that the browser has open is the one that its next start will find, and can use.
   * @returns `session_path_deleted` when it was deleted, moved or replaced since the last check; what `check()` would
   *   throw when it cannot be written any more, or the disk is full by now. Never rejects
   */
  async problem(): Promise<GatewayError | null> {
    const look = async () => {
      try {
        const problem = await this.#watch.problem();
        if (problem !== null) return problem;
        const space = await spaceOf(this.root).catch(() => null);
        if (space !== null) judgeSpace(space, this.root);
        return null;
      } catch (error) {
        return asGatewayError(error, { ...this.#context(), host: await this.#readHost() });
      }
    };
    // Of a share that does not answer nobody knows what is on it. The look goes on; the next one joins it.
    return withDeadline(look(), this.#deadlineMs, () => this.#noAnswer()).catch(() => null);
  }

  /** Gives the folder lock and the reservation up. Only after the browser is gone. Never rejects. */
  async release(): Promise<void> {
    // A check that is under way would take the lock after it was given up.
    if (this.#running !== null) {
      await withDeadline(this.#running.result, RELEASE_WAIT_MS, () => this.#noAnswer()).catch(
        () => undefined,
      );
    }
    void this.#watch.forget();
    this.#lock.release();
    this.#reservation.release();
  }

  /**
   * Removes Chromium's own locks that nobody stands behind: of another host (a container that was re-created), of a
   * dead process, of a process that is no Chromium on this profile. Call it after `check()`, which holds the folder
   * lock, and before the browser starts.
   * @returns the names that were removed; or the living owner, and then nothing was touched
   * @throws GatewayError when a stale one cannot be removed
   */
  async clearStaleLocks(): Promise<{
    readonly removed: readonly string[];
    readonly live: SingletonOwner | null;
  }> {
    // One at a time: an earlier one that is answered late would take the locks of a browser that runs by then.
    this.#clearing ??= this.#clearStaleLocks().finally(() => {
      this.#clearing = null;
    });
    return withDeadline(this.#clearing, this.#deadlineMs, () => this.#noAnswer());
  }

  async #clearStaleLocks(): ReturnType<SessionFolder['clearStaleLocks']> {
    const { hostname, ...host } = await this.#readHost();
    const use = await profileUse({ profile: this.profile, hostname, proc: this.#proc });
    if (use.kind === 'live') return { removed: [], live: use.owner };
    try {
      const removed = await removeSingletons(this.profile);
      const owner = use.kind === 'stale' ? use.owner : null;
      if (removed.length > 0) this.#log.info({ removed, owner }, 'Removed stale locks of an earlier browser');
      return { removed, live: null };
    } catch (error) {
      throw asGatewayError(error, { ...this.#context(), host: { ...host, hostname } });
    }
  }

  /**
   * Removes the stored login: at once out of sight, then from the disk. What an interruption leaves is
   * removed by the next `check()`. Harmless when there is none. Takes the folder lock and keeps it, as `check()` does.
   * One at a time: whoever asks while it is at work waits for the same.
   * @throws GatewayError `login_not_removed`; also where another gateway uses the folder, and where it takes so long
   *   that the disk seems not to answer
   */
  async remove(): Promise<void> {
    this.#removal ??= this.#remove().finally(() => {
      this.#removal = null;
    });
    return withDeadline(this.#removal, this.#removeMs, () => {
      const { message, action } = this.#noAnswer(this.#removeMs);
      return this.#notRemoved(message, action);
    });
  }

  async #remove(): Promise<void> {
    await this.#watch.forget();
    if (await isLink(this.profile))
      throw this.#notRemoved('it is a link', `Remove it by hand: ${this.profile}`);
    const host = await this.#readHost();
    this.#refuseWhileReserved();
    this.#claim(host);
    const use = await profileUse({ profile: this.profile, hostname: host.hostname, proc: this.#proc });
    if (use.kind === 'live') {
      throw this.#notRemoved(
        `the browser (process ${use.owner.pid}) still runs on it`,
        `kill ${use.owner.pid}`,
      );
    }
    let left: Leftover[];
    try {
      await recoverExchange(this.profile);
      const removed = await removeProfile(this.profile);
      if (removed.moved !== null) this.#outOfUse.add(removed.moved);
      ({ left } = removed);
    } catch (error) {
      const { message, action } = asGatewayError(error, { ...this.#context(), host });
      throw this.#notRemoved(message, action, error);
    }
    for (const { path, errno } of left) {
      // What is left of an earlier login is no reason to keep anybody from this one's end, nor from the next: `check()`
      // warns of it.
      if (!this.#outOfUse.has(path)) continue;
      throw this.#notRemoved(
        `it is out of use, and still on the disk: ${path} (${errno})`,
        `sudo rm -r ${shellWord(path)}`,
      );
    }
    this.#outOfUse.clear();
    this.#log.info({ profile: this.profile }, 'Removed the stored login');
  }

  /**
   * Deletes the browser's caches in the profile. Only while no browser runs on it; with a living one it does nothing.
   * @returns the names of the caches that were there
   */
  async pruneCaches(): Promise<readonly string[]> {
    const { hostname } = await this.#readHost();
    const use = await profileUse({ profile: this.profile, hostname, proc: this.#proc });
    if (use.kind === 'live') return [];
    try {
      return await removeCaches(this.profile);
    } catch (error) {
      this.#log.warn({ error: messageOf(error) }, 'The caches of the browser could not be removed');
      return [];
    }
  }

  async #inspect(purpose: Purpose): Promise<FolderInspection> {
    const host = await this.#readHost();
    return inspectFolder({
      path: this.root,
      profile: this.profile,
      lock: this.#lock,
      reservation: this.#reservation,
      host,
      purpose,
    });
  }

  #refuseWhileReserved(): void {
    if (this.#reservation.held || !existsSync(this.#reservation.path)) return;
    const result = this.#reservation.acquire();
    this.#reservation.release();
    if (result.state !== 'busy') return;
    throw this.#notRemoved(
      `a backup or restore is under way (${holderInWords(result.holder)})`,
      'Log out again when it has ended.',
    );
  }

  /** A gateway that was refused the folder, or has never asked for it, must not remove what another one uses. */
  #claim({ mounts }: Host): void {
    const { folder } = this.#context();
    try {
      judgeLock(this.#lock.acquire(), {
        folder,
        lockPath: this.#lock.path,
        mount: mountOf(mounts, folder.realPath),
        purpose: 'start',
      });
    } catch (error) {
      // What forbids to make the lock file forbids the removal too, and there it is told with its remedy.
      if (error instanceof GatewayError) throw this.#notRemoved(error.message, error.action, error);
    }
  }

  #context() {
    return { folder: { path: this.root, realPath: this.root }, profile: this.profile };
  }

  #noAnswer(waitedMs = this.#deadlineMs): GatewayError {
    return new GatewayError({
      code: 'session_path_unusable',
      message: `The disk or share under ${this.root} does not answer (waited ${waitedMs / 1_000} s)`,
      action: 'Check the network share or the disk; a NAS may be waking it up.',
      retryable: true,
    });
  }

  #notRemoved(reason: string, action: string | null, cause?: unknown): GatewayError {
    return new GatewayError({
      code: 'login_not_removed',
      message: `The stored login ${this.profile} could not be removed: ${reason}`,
      action,
      cause,
    });
  }
}

async function withDeadline<T>(promise: Promise<T>, ms: number, late: () => GatewayError): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(late());
    }, ms);
  });
  return Promise.race([promise, deadline]).finally(() => {
    clearTimeout(timer);
  });
}
