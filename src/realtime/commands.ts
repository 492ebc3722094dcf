import { z } from 'zod';

import { errorBody } from '../border/error-body.ts';
import { pairingRequest, validate } from '../border/validate.ts';
import { GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { SessionControl } from '../session/control.ts';

/** What a client may ask for, by the name of its event. Each gets the arguments as they came, and checks them. */
export type Commands = ReadonlyMap<string, (given: readonly unknown[]) => Promise<object>>;

const nothing = z.union(
  [z.tuple([]), z.tuple([z.union([z.null(), z.undefined(), z.record(z.string(), z.unknown())])])],
  { error: 'expected no arguments' },
);

const onePairingRequest = z.tuple([pairingRequest], { error: 'expected one argument, {"phoneNumber": "…"}' });

/** The commands over a session. Each throws GatewayError; what it returns becomes the acknowledgement. */
export function commandsOf(session: SessionControl): Commands {
  const without = (run: () => object | Promise<object>) => async (given: readonly unknown[]) => {
    validate(nothing, given);
    return await run();
  };
  return new Map([
    ['connect_whatsapp', without(() => ({ status: session.connect() }))],
    ['disconnect_whatsapp', without(async () => ({ status: await session.disconnect() }))],
    ['restart_whatsapp', without(() => ({ status: session.restart() }))],
    ['logout_whatsapp', without(async () => ({ ...(await session.logout()) }))],
    [
      'request_pairing_code',
      async (given) => {
        const [{ phoneNumber }] = validate(onePairingRequest, given);
        const { code, expiresAt } = await session.requestPairingCode(phoneNumber);
        return { code, expiresAt };
      },
    ],
  ]);
}

/**
 * Runs what a client asked for and acknowledges it, if the client wants to know. Never rejects: nothing that
 * a client sends may reach the process as an unhandled rejection.
 *
 * @param name of the event, as it came: Socket.IO lets strings and numbers through
 * @param args the arguments as they came; Socket.IO appends a function when the client wants an acknowledgement
 */
export async function runCommand(
  commands: Commands,
  name: unknown,
  args: readonly unknown[],
  log: Logger,
): Promise<void> {
  const last = args.at(-1);
  const ack = typeof last === 'function' ? (last as (answer: object) => void) : null;
  const command = typeof name === 'string' ? commands.get(name) : undefined;
  if (command === undefined) {
    // The name may be anything, a key included, and is not logged.
    log.debug({}, '[SOCKET] unknown event');
    ack?.({ success: false, error: errorBody(unknownEvent(commands)) });
    return;
  }
  const given = ack === null ? args : args.slice(0, -1);
  log.info({ event: name }, '[SOCKET] command');
  let answer: object;
  try {
    answer = { success: true, ...(await command(given)) };
  } catch (error) {
    if (error instanceof GatewayError)
      log.debug({ event: name, code: error.code }, '[SOCKET] command refused');
    else log.error({ event: name, err: error }, '[SOCKET] command failed');
    answer = { success: false, error: errorBody(error) };
  }
  ack?.(answer);
}

function unknownEvent(commands: Commands): GatewayError {
  return new GatewayError({
    code: 'not_found',
    message: 'There is no such event',
    action: `Use one of ${[...commands.keys()].join(', ')}`,
  });
}
