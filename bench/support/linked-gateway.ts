import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startSimulator, type Simulator, type SimulatorOptions } from '../../test/simulator/server.ts';
import { GatewayProcess } from '../../test/support/gateway-process.ts';

export interface LinkedGateway extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly process: GatewayProcess;
  readonly url: string;
}

export interface LinkedGatewayOptions {
  readonly simulator?: Partial<SimulatorOptions>;
  readonly env?: Readonly<Record<string, string>>;
  /** Called before the account is linked. @param url of the gateway, which shows a QR by then */
  readonly before?: (simulator: Simulator, url: string) => unknown;
}

/** A gateway as a process of its own, linked and ready, on a simulated WhatsApp in this process. */
export async function startLinkedGateway(options: LinkedGatewayOptions = {}): Promise<LinkedGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-bench-'));
  const simulator = await startSimulator(options.simulator);
  const process = new GatewayProcess({
    env: {
      WHATSAPP_SESSION_PATH: folder,
      CHROMIUM_ARGS: simulator.chromiumArgsLine,
      SEND_RATE_PER_MINUTE: '0',
      LOG_LEVEL: 'info',
      ...options.env,
    },
  });
  const end = async () => {
    await process.end();
    await simulator.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await process.until(({ hasQr }) => hasQr, 'a QR');
    const url = await process.url();
    await options.before?.(simulator, url);
    await simulator.scan();
    await process.until(({ isReady }) => isReady, 'ready');
    return { simulator, process, url, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}
