import type { CONTROLS } from './server/control.ts';
import { SimulatorError } from './server/wire.ts';
import type { HeldSends, SendStep, Simulator } from './server.ts';

type Control = (typeof CONTROLS)[number];

/** The controls of a simulator that runs in another process; each answers as the method of the same name. */
export type RemoteSimulator = {
  readonly [Name in Control]: (
    ...args: Parameters<Simulator[Name]>
  ) => Promise<Awaited<ReturnType<Simulator[Name]>>>;
} & { hold(step: SendStep): Promise<HeldSends> };

/**
 * Speaks to a simulator over its control port.
 * @param controlUrl its `controlUrl`
 */
export function remoteSimulator(controlUrl: string): RemoteSimulator {
  const call = async (name: string, args: unknown[]): Promise<unknown> => {
    const response = await fetch(`${controlUrl}/control/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(args),
    });
    const answer = (await response.json()) as { result?: unknown; error?: { code: string; message: string } };
    if (answer.error) throw new SimulatorError(answer.error.code, answer.error.message);
    return answer.result;
  };
  const hold = async (step: SendStep): Promise<HeldSends> => {
    const id = (await call('hold', [step])) as string;
    return {
      id,
      reached: async (count = 1) => (await call('reached', [id, count])) as string[],
      release: () => void call('release', [id]),
    };
  };
  return new Proxy({} as RemoteSimulator, {
    get: (_target, name: string) => (name === 'hold' ? hold : (...args: unknown[]) => call(name, args)),
  });
}
