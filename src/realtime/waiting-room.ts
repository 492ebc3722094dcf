import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * Keeps requests and upgrades that come before anybody can answer them, and hands them on, in their order, once
 * somebody can. Those whose client has left meanwhile are dropped.
 */
export class WaitingRoom {
  readonly #server: Server;
  readonly #onArrival: () => void;
  readonly #requests: { readonly request: IncomingMessage; readonly response: ServerResponse }[] = [];
  readonly #upgrades: {
    readonly request: IncomingMessage;
    readonly connection: Duplex;
    readonly head: Buffer;
  }[] = [];

  /**
   * @param server has no listeners of its own yet
   * @param onArrival called with each arrival
   */
  constructor(server: Server, onArrival: () => void) {
    this.#server = server;
    this.#onArrival = onArrival;
    server.on('request', this.#keepRequest);
    server.on('upgrade', this.#keepUpgrade);
  }

  /** Has others listen instead, and gives them what has waited. @param listen adds their listeners to the server */
  open(listen: () => void): void {
    this.#leave();
    listen();
    for (const { request, response } of this.#requests.splice(0)) {
      if (!request.destroyed) this.#server.emit('request', request, response);
    }
    for (const { request, connection, head } of this.#upgrades.splice(0)) {
      connection.off('error', ignore);
      if (!connection.destroyed) this.#server.emit('upgrade', request, connection, head);
    }
  }

  /** Nobody is going to answer: cuts what waits, and what comes from now on. Does nothing once it is open. */
  close(): void {
    if (!this.#server.listeners('request').includes(this.#keepRequest)) return;
    this.#leave();
    for (const { request } of this.#requests.splice(0)) request.destroy();
    for (const { connection } of this.#upgrades.splice(0)) connection.destroy();
    this.#server.on('request', (request: IncomingMessage) => request.destroy());
    this.#server.on('upgrade', (_request, connection: Duplex) => connection.destroy());
  }

  #leave(): void {
    this.#server.off('request', this.#keepRequest);
    this.#server.off('upgrade', this.#keepUpgrade);
  }

  readonly #keepRequest = (request: IncomingMessage, response: ServerResponse): void => {
    this.#requests.push({ request, response });
    this.#onArrival();
  };

  readonly #keepUpgrade = (request: IncomingMessage, connection: Duplex, head: Buffer): void => {
    // Nobody else listens to it yet, and an error that nobody listens to ends the process.
    connection.on('error', ignore);
    this.#upgrades.push({ request, connection, head });
    this.#onArrival();
  };
}

function ignore(): void {
  // A client that is gone is told nothing.
}
