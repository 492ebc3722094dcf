import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DriverEvent } from '../../src/session/driver.ts';
import { BrowserPreparation, type PreparedBrowser } from '../../src/whatsapp/prepare-browser.ts';
import { findProcessesUsingProfile } from '../../src/whatsapp/processes.ts';
import type { PageClient } from '../../src/whatsapp/page-client.ts';
import {
  type DriverDeadlines,
  WwebjsDriver,
  type WwebjsDriverOptions,
} from '../../src/whatsapp/wwebjs-driver.ts';
import type { Faults } from '../simulator/faults.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator/server.ts';
import { isMain, isRenderer, signalBrowser } from './browser-processes.ts';
import { type DriverWorld, RecordedClient, RecordedClients, type StartStep } from './driver-world.ts';
import { RecordingLog } from './session-rig.ts';
import { waitFor } from './wait-for.ts';
import { removeFolder } from './remove-folder.ts';

export interface RealWorldOptions {
  readonly simulator?: Partial<SimulatorOptions>;
  readonly deadlines?: Partial<DriverDeadlines>;
  /** Beside the simulator's own; the last one of a name wins. */
  readonly chromiumArgs?: readonly string[];
}

/** A browser that starts and never answers. It carries the flags of a browser, and so is found by its profile. */
const MUTE_BROWSER = '#!/bin/sh\nwhile :; do sleep 1; done\n';

const HOLDING_FAULT = { load: 'hangHeaders', inject: 'stuckOpening' } as const satisfies Partial<
  Record<StartStep, keyof Faults>
>;

/** The real driver: whatsapp-web.js in a real browser on a simulated WhatsApp Web, with a profile of its own. */
export class RealDriverWorld implements DriverWorld {
  readonly simulator: Simulator;
  readonly profile: string;
  readonly log = new RecordingLog();
  readonly #driverOptions: WwebjsDriverOptions;
  readonly #clients = new RecordedClients();
  readonly #libraries = new Map<RecordedClient, PageClient>();
  readonly #browsers: BrowserPreparation;
  readonly #muteBrowser: string;
  /** Hears of each library as soon as it is made, which is in the middle of a start. */
  onLibrary: ((library: PageClient) => void) | null = null;
  #hold: StartStep | null = null;
  #prepares = 0;

  private constructor(
    simulator: Simulator,
    profile: string,
    { deadlines, chromiumArgs = [] }: RealWorldOptions,
  ) {
    this.simulator = simulator;
    this.profile = profile;
    this.#muteBrowser = `${profile}-mute-browser`;
    this.#browsers = new BrowserPreparation({
      executablePath: process.env['PUPPETEER_EXECUTABLE_PATH'],
      extraArgs: [...simulator.chromiumArgs, ...chromiumArgs],
      log: this.log,
    });
    this.#driverOptions = {
      browser: () => this.#prepare(),
      profile,
      log: this.log,
      ...(deadlines !== undefined && { deadlines }),
    };
  }

  static async create(options: RealWorldOptions = {}): Promise<RealDriverWorld> {
    const simulator = await startSimulator(options.simulator);
    return new RealDriverWorld(simulator, await mkdtemp(join(tmpdir(), 'whatsapp-gateway-world-')), options);
  }

  create(react?: (event: DriverEvent) => void): RecordedClient {
    const recorded: RecordedClient = new RecordedClient((emit) => {
      const driver = new WwebjsDriver({
        ...this.#driverOptions,
        onClient: (library) => {
          this.#libraries.set(recorded, library);
          this.onLibrary?.(library);
        },
      });
      return driver.create(emit);
    }, react);
    return this.#clients.add(recorded);
  }

  /** A client that has been started. */
  async started(): Promise<RecordedClient> {
    const recorded = this.create();
    await recorded.client.start();
    return recorded;
  }

  /** A client that is ready; it scans when it has to. */
  async ready(): Promise<RecordedClient> {
    const recorded = await this.started();
    if (recorded.all('qr').length > 0) await this.scan();
    await recorded.until('ready');
    return recorded;
  }

  /** The library behind a client, for what only messages show. */
  library(recorded: RecordedClient): PageClient {
    const library = this.#libraries.get(recorded);
    if (library === undefined) throw new Error('a client of another world, or one that has not started');
    return library;
  }

  shownQr(): string | null {
    return this.simulator.currentQr()?.text ?? null;
  }

  async scan(): Promise<void> {
    await this.simulator.scan();
  }

  async rotateQr(): Promise<void> {
    const issued = this.simulator.issuedQrs().length;
    await waitFor(() => this.simulator.issuedQrs().length > issued, { what: 'another QR' });
  }

  async enterPairingCode(code: string): Promise<void> {
    await this.simulator.enterPairingCode(code);
  }

  async refusePairing(refused: boolean): Promise<void> {
    await this.simulator.setFault('pairingRefused', refused);
  }

  async refuseLogout(refused: boolean): Promise<void> {
    await this.simulator.setFault('logoutFails', refused);
  }

  async phoneLogout(): Promise<void> {
    await this.simulator.phoneLogout();
  }

  async interrupt(): Promise<void> {
    await this.simulator.setFault('offline', true);
  }

  async restore(): Promise<void> {
    await this.simulator.setFault('offline', false);
  }

  async crashBrowser(): Promise<void> {
    await signalBrowser(this.profile, 'SIGKILL', isMain);
  }

  async crashPage(): Promise<void> {
    await signalBrowser(this.profile, 'SIGKILL', isRenderer);
  }

  async freeze(): Promise<void> {
    await signalBrowser(this.profile, 'SIGSTOP');
  }

  async holdStart(step: StartStep): Promise<void> {
    this.#hold = step;
    if (step === 'load' || step === 'inject') await this.simulator.setFault(HOLDING_FAULT[step], true);
  }

  async held(): Promise<void> {
    const { simulator } = this;
    await waitFor(
      async () => {
        switch (this.#hold) {
          case 'prepare':
            return this.#prepares > 0;
          case 'launch':
            return (await this.processes()) > 0;
          case 'load':
            return simulator.pageLoads > 0;
          case 'inject':
            return simulator.pages().length > 0;
          case null:
            return true;
        }
      },
      { what: `a start that hangs at ${this.#hold}` },
    );
  }

  async processes(): Promise<number> {
    return (await findProcessesUsingProfile(this.profile)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#clients.stopAll();
    await this.simulator.stop();
    await removeFolder(this.profile);
    await rm(this.#muteBrowser, { force: true });
  }

  async #prepare(): Promise<PreparedBrowser> {
    this.#prepares += 1;
    if (this.#hold === 'prepare') return new Promise(() => undefined);
    const prepared = await this.#browsers.get();
    if (this.#hold !== 'launch') return prepared;
    await writeFile(this.#muteBrowser, MUTE_BROWSER);
    await chmod(this.#muteBrowser, 0o755);
    return { ...prepared, found: { ...prepared.found, path: this.#muteBrowser } };
  }
}
