import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { GatewayError } from '../errors.ts';
import { holderInWords } from '../session/folder-verdicts.ts';
import { SessionFolder, type FolderWarning } from '../session/session-folder.ts';
import type { Phase } from '../session/state.ts';
import type { StatusBody } from '../session/status.ts';
import { SILENT_LOG } from '../silent-log.ts';
import { complain, say } from './command.ts';
import { RunningGateway } from './running-gateway.ts';

/** A login that no gateway starts a browser on. */
export interface ReservedLogin {
  readonly folder: SessionFolder;
  /** What a person should know of the folder. */
  readonly warnings: readonly FolderWarning[];
  /** What the gateway on this login was doing; null when none runs. */
  readonly status: StatusBody | null;
  /**
   * Has the gateway stop its browser, and wait for the login; harmless when it has none.
   * @throws GatewayError when it cannot, or when another browser uses the login
   */
  readonly stopBrowser: () => Promise<void>;
}

/**
 * Runs `work` while the login is reserved. A browser that `work` has had stopped is started again afterwards, also
 * when the work fails.
 * @throws GatewayError what the work throws; `profile_in_use` when another backup or restore is under way, or when the
 *   gateway on this login is not the one that this configuration reaches; one of `session_path_*`
 */
export async function withReservedLogin<T>(
  config: Config,
  work: (login: ReservedLogin) => Promise<T>,
): Promise<T> {
  const folder = new SessionFolder({ path: config.sessionPath, clientId: config.clientId, log: SILENT_LOG });
  const gateway = new RunningGateway(config);
  const browser = { stopped: false };
  try {
    const { lock, report } = await folder.reserve();
    const status = lock.state === 'held' ? null : await gateway.status();
    if (status === null && lock.state === 'busy') {
      throw new GatewayError({
        code: 'profile_in_use',
        message: `The login is in use by ${holderInWords(lock.holder)}, and no gateway answers at ${gateway.address}`,
        action: 'Stop that process, or set PORT to the one on which it listens',
      });
    }
    return await work({
      folder,
      warnings: report.warnings,
      status,
      stopBrowser: async () => {
        if (status !== null && status.phase !== 'stopped') {
          say('The gateway runs; stopping its browser');
          browser.stopped = true;
          await (lock.state === 'unsupported' ? gateway.disconnect() : haveItWait(gateway));
        }
        await assertUnused(folder);
      },
    });
  } finally {
    await folder.release();
    if (browser.stopped) await startAgain(gateway);
  }
}

/** A browser that its gateway has left behind, or that of another gateway than the one that was asked. */
async function assertUnused(folder: SessionFolder): Promise<void> {
  const { live } = await folder.clearStaleLocks();
  if (live === null) return;
  throw new GatewayError({
    code: 'profile_in_use',
    message: `A browser still uses this login: process ${live.pid} on ${live.host}`,
    action: `When it belongs to another gateway, stop that; when its gateway is gone: kill ${live.pid}`,
  });
}

/** Closing a browser, or killing one that hangs, takes half a minute at most. */
const STOP_MS = 60_000;
const LOOK_AGAIN_MS = 100;

/** What a gateway without a browser is in; it leaves these by itself when the reservation ends. */
const WAITS: ReadonlySet<Phase> = new Set(['failed', 'waiting', 'stopped']);
const RUNS: ReadonlySet<Phase> = new Set(['starting', 'qr', 'syncing', 'ready', 'reconnecting']);

/**
 * Has the gateway stop its browser and wait for the login: a restart, which finds the login reserved, and looks for the
 * end of that every few seconds. One call, so that there is no moment at which this process could be killed and leave
 * the gateway stopped. Only where locks work: elsewhere it would not wait.
 * @throws GatewayError when the browser does not end
 */
async function haveItWait(gateway: RunningGateway): Promise<void> {
  const late = performance.now() + STOP_MS;
  let status: StatusBody | null = await gateway.restart();
  while (status !== null && !WAITS.has(status.phase)) {
    if (status.phase === 'stuck' || performance.now() > late) throw stillRuns(status);
    await delay(LOOK_AGAIN_MS);
    status = await gateway.status();
    // It had looked at the login before that was reserved.
    if (status !== null && RUNS.has(status.phase)) status = await gateway.restart();
  }
}

function stillRuns({ reason, message }: StatusBody): GatewayError {
  return new GatewayError({
    code: reason?.code ?? 'browser_unresponsive',
    message: `The gateway does not stop its browser: ${message}`,
    action: reason?.action ?? 'Look at its log, and restart it',
  });
}

async function startAgain(gateway: RunningGateway): Promise<void> {
  try {
    await gateway.connect();
    say('The gateway connects again');
  } catch (error) {
    // What the work has to say is more important; this comes beside it.
    complain(error);
    say('The gateway is stopped: press Connect on its page, or restart it');
  }
}
