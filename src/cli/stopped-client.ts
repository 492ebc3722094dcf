import type { Config } from '../config.ts';
import { GatewayError } from '../errors.ts';
import type { SessionLog } from '../session/ports.ts';
import { SessionFolder } from '../session/session-folder.ts';
import type { LoginPlace } from '../backup/login-archive.ts';
import { RunningGateway } from './running-gateway.ts';

/**
 * Runs `work` on the login while no browser uses it. A gateway that runs is told to stop its browser and to
 * start it again afterwards, also when the work fails; where none runs, the folder's lock keeps one out.
 * @param say one line for a person on each step
 * @throws GatewayError what the work throws; `wrong_state` when somebody has started the browser meanwhile
 */
export async function withStoppedClient<T>(
  config: Config,
  say: (line: string) => void,
  work: (place: LoginPlace) => Promise<T>,
): Promise<T> {
  const folder = new SessionFolder({ path: config.sessionPath, clientId: config.clientId, log: SILENT });
  const place = { root: folder.root, clientId: config.clientId };
  const gateway = new RunningGateway(config);
  const before = await gateway.status();
  if (before === null) {
    await folder.check();
    try {
      return await work(place);
    } finally {
      await folder.release();
    }
  }
  const wasOn = before.phase !== 'stopped';
  if (wasOn) say('The gateway runs; stopping its browser');
  await gateway.disconnect();
  try {
    const result = await work(place);
    const after = await gateway.status();
    if (after !== null && after.phase !== 'stopped') {
      throw new GatewayError({
        code: 'wrong_state',
        message: `Somebody has connected the gateway meanwhile (${after.phase}): the login may not be whole`,
        action: 'Run the command again, and press nothing on the page until it is done',
      });
    }
    return result;
  } finally {
    if (wasOn) {
      await gateway.connect();
      say('The gateway connects again');
    }
  }
}

const SILENT: SessionLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
