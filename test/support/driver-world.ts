import { expect } from 'vitest';
import type { DriverClient, DriverEvent } from '../../src/session/driver.ts';
import { waitFor } from './wait-for.ts';

/** Where a start can be held: before the launch, while the browser starts, while the page loads, and after that. */
export type StartStep = 'prepare' | 'launch' | 'load' | 'inject';

export const START_STEPS: readonly StartStep[] = ['prepare', 'launch', 'load', 'inject'];

/**
 * One driver with the world around it: WhatsApp, the phone, the browser's processes. A scenario that is written
 * against it runs over the scriptable driver and over the real one.
 */
export interface DriverWorld extends AsyncDisposable {
  /** Makes a client on this world's login. `react` is called with every event, as the session would be. */
  create(react?: (event: DriverEvent) => void): RecordedClient;
  /** The text of the QR that the phone would see now. */
  shownQr(): string | null;
  /** The phone scans the QR that is shown. */
  scan(): Promise<void>;
  /** Waits until WhatsApp has given the page another QR by itself. */
  rotateQr(): Promise<void>;
  enterPairingCode(code: string): Promise<void>;
  refusePairing(refused: boolean): Promise<void>;
  refuseLogout(refused: boolean): Promise<void>;
  /** The phone unlinks this device. */
  phoneLogout(): Promise<void>;
  /** The page loses its connection to WhatsApp, and has it back. */
  interrupt(): Promise<void>;
  restore(): Promise<void>;
  crashBrowser(): Promise<void>;
  crashPage(): Promise<void>;
  /** Nothing in the browser answers any more, and nothing says so. */
  freeze(): Promise<void>;
  /** From now on every start hangs at this step. */
  holdStart(step: StartStep): Promise<void>;
  /** Resolves once a start hangs there. */
  held(): Promise<void>;
  /** How many processes of the browser live. */
  processes(): Promise<number>;
}

/** A client with a record of what it said. */
export class RecordedClient {
  readonly events: DriverEvent[] = [];
  /** What it said when it was to be silent: inside `create`, after its last event, or after `stop` was called. */
  readonly untimely: DriverEvent[] = [];
  readonly client: DriverClient;
  #silent = true;

  constructor(
    create: (emit: (event: DriverEvent) => void) => DriverClient,
    react: (event: DriverEvent) => void = () => undefined,
  ) {
    const client = create((event) => {
      (this.#silent ? this.untimely : this.events).push(event);
      if (event.type === 'logged_out' || event.type === 'failed') this.#silent = true;
      react(event);
    });
    this.#silent = false;
    const stop = client.stop.bind(client);
    client.stop = async () => {
      this.#silent = true;
      await stop();
    };
    this.client = client;
  }

  /** Their types in order, without the ones named in `except`. */
  types(...except: DriverEvent['type'][]): DriverEvent['type'][] {
    return this.events.map(({ type }) => type).filter((type) => !except.includes(type));
  }

  all<Type extends DriverEvent['type']>(type: Type): Extract<DriverEvent, { type: Type }>[] {
    return this.events.filter((event) => event.type === type) as Extract<DriverEvent, { type: Type }>[];
  }

  /** Waits for the event of this type that has `count - 1` before it. */
  async until<Type extends DriverEvent['type']>(
    type: Type,
    count = 1,
  ): Promise<Extract<DriverEvent, { type: Type }>> {
    return await waitFor(() => this.all(type)[count - 1], {
      what: `event ${type}, after ${this.types().join()}`,
    });
  }

  /** Waits for a change of the connection after the first `seen` events. */
  async untilConnected(connected: boolean, seen: number): Promise<void> {
    await waitFor(
      () =>
        this.events.slice(seen).some((event) => event.type === 'connection' && event.connected === connected),
      { what: `connection ${connected}` },
    );
  }
}

/** The clients of a world: whoever of them speaks out of turn is found out at the end. */
export class RecordedClients {
  readonly #clients: RecordedClient[] = [];

  add(client: RecordedClient): RecordedClient {
    this.#clients.push(client);
    return client;
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#clients.map(({ client }) => client.stop()));
    expect(this.#clients.flatMap(({ untimely }) => untimely)).toEqual([]);
  }
}
