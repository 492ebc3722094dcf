import type { Config } from '../config.ts';
import { GatewayError } from '../errors.ts';
import { holderInWords } from '../session/folder-verdicts.ts';
import { SessionFolder, type FolderWarning } from '../session/session-folder.ts';
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
          await gateway.disconnect();
        }
        await assertUnused(folder);
        if (browser.stopped && lock.state !== 'unsupported') await haveItWait(gateway);
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

/**
 * Has the gateway connect while the login is reserved: it looks for the end of the reservation every few seconds and then
 * goes on, also when this process is killed and nobody is left to have it started. Only where locks work: elsewhere it
 * would not wait.
 */
async function haveItWait(gateway: RunningGateway): Promise<void> {
  // It is asked once more at the end, and a failure is told there.
  await gateway.connect().catch(() => undefined);
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
