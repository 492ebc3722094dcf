import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { readConfig } from '../../src/config.ts';
import { Gateway } from '../../src/gateway.ts';
import type { Policy } from '../../src/session/policy.ts';
import type { PublicState } from '../../src/session/state.ts';
import type { StatusBody } from '../../src/session/status.ts';
import type { DriverDeadlines } from '../../src/whatsapp/wwebjs-driver.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../simulator/server.ts';
import { waitFor } from './wait-for.ts';
import { removeFolder } from './remove-folder.ts';

/** Short times where a test waits for them to pass; long where passing them would be a failure of the test. */
export const TEST_POLICY: Partial<Policy> = {
  retryMs: 50,
  retryMaxMs: 500,
  recheckMs: 100,
  probeMs: 300,
  probeAgainMs: 200,
};

export interface GatewayRig extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly gateway: Gateway;
  readonly sessionPath: string;
  readonly baseUrl: string;
  /** Parsed log lines so far. */
  readonly lines: Record<string, unknown>[];
  status(): StatusBody;
  /** Waits until the public state is `state`. */
  until(state: PublicState): Promise<StatusBody>;
  /** Stops the gateway and starts a new one on the same session folder. */
  restartProcess(): Promise<void>;
}

export interface GatewayRigOptions {
  readonly simulator?: Partial<SimulatorOptions>;
  readonly policy?: Partial<Policy>;
  readonly deadlines?: Partial<DriverDeadlines>;
  readonly env?: Record<string, string>;
  /** Given: the rig is there as soon as the gateway listens. Left out: once every part of it is loaded. */
  readonly browserFirstMs?: number;
}

/** The whole gateway in this process, with a real browser, on a simulated WhatsApp and a folder of its own. */
export async function startGatewayRig(options: GatewayRigOptions = {}): Promise<GatewayRig> {
  const sessionPath = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-session-'));
  const dataPath = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-data-'));
  const simulator = await startSimulator(options.simulator);
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'debug' },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const config = readConfig({
    HOST: '127.0.0.1',
    PORT: '0',
    WHATSAPP_SESSION_PATH: sessionPath,
    DATA_PATH: dataPath,
    SEND_RATE_PER_MINUTE: '0',
    CHROMIUM_ARGS: simulator.chromiumArgsLine,
    ...(process.env['PUPPETEER_EXECUTABLE_PATH'] !== undefined && {
      PUPPETEER_EXECUTABLE_PATH: process.env['PUPPETEER_EXECUTABLE_PATH'],
    }),
    ...options.env,
  });
  const start = async () => {
    const gateway = new Gateway({
      config,
      log,
      browserFirstMs: options.browserFirstMs ?? 0,
      policy: { ...TEST_POLICY, ...options.policy },
      ...(options.deadlines !== undefined && { deadlines: options.deadlines }),
    });
    const started = gateway.start();
    if (options.browserFirstMs === undefined) await started;
    else await Promise.race([started, gateway.listening]);
    return gateway;
  };
  let gateway = await start();
  return {
    simulator,
    sessionPath,
    lines,
    get gateway() {
      return gateway;
    },
    get baseUrl() {
      return `http://127.0.0.1:${gateway.port}`;
    },
    status: () => gateway.session.status(),
    until: async (state) =>
      waitFor(
        () => {
          const status = gateway.session.status();
          return status.status === state ? status : null;
        },
        { what: `state ${state}`, timeoutMs: 45_000 },
      ),
    restartProcess: async () => {
      await gateway.stop();
      gateway = await start();
    },
    [Symbol.asyncDispose]: async () => {
      await gateway.stop();
      await simulator.stop();
      await removeFolder(sessionPath);
      await removeFolder(dataPath);
    },
  };
}
