import { GatewayError } from './errors.ts';
import type { Logger } from './log.ts';
import type { SessionFolder } from './session/session-folder.ts';
import type { BrowserPreparation } from './whatsapp/prepare-browser.ts';
import { reapOrphans } from './whatsapp/processes.ts';

/** What must be right before a browser starts, in the order in which a fault of one hides the next. */
export function preflight(
  folder: SessionFolder,
  browsers: BrowserPreparation,
  log: Logger,
): () => Promise<void> {
  return async () => {
    await folder.check();
    // The folder's lock is ours by now: a browser on this profile belongs to a gateway that is dead.
    await reap(folder.profile, log);
    const { live } = await folder.clearStaleLocks();
    if (live !== null) {
      throw new GatewayError({
        code: 'profile_in_use',
        message: `A browser still uses this login: process ${live.pid} on ${live.host}`,
        action: `End it: kill ${live.pid}`,
        retryable: true,
      });
    }
    await browsers.get();
  };
}

/** Ends the browser of a gateway that was killed. @throws GatewayError `profile_in_use` when somebody alive owns it */
async function reap(profile: string, log: Logger): Promise<void> {
  const result = await reapOrphans(profile);
  switch (result.outcome) {
    case 'unsupported':
    case 'none':
      return;
    case 'reaped':
      log.warn({ pids: result.pids }, 'ended a browser that a killed gateway had left behind');
      return;
    case 'busy':
      throw new GatewayError({
        code: 'profile_in_use',
        message: `Another browser uses this login; process ${result.busyBy} has started it`,
        action: `End that program (ps -p ${result.busyBy}), or give this gateway a WHATSAPP_SESSION_PATH of its own`,
        retryable: true,
      });
    case 'survived':
      throw new GatewayError({
        code: 'profile_in_use',
        message: `A browser of an earlier gateway uses this login and cannot be ended (process ${result.pids.join(', ')})`,
        action: `End it as its owner or as root: sudo kill -9 ${result.pids.join(' ')}`,
        retryable: true,
      });
  }
}
