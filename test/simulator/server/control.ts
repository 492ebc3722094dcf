import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Simulator } from '../server.ts';
import { PhoneSite } from './phone.ts';

/** The methods of the simulator that other processes may call: POST /control/<name> with a JSON array of arguments. */
export const CONTROLS = [
  'ack',
  'call',
  'change',
  'clearFaults',
  'counters',
  'currentQr',
  'devices',
  'edit',
  'enterPairingCode',
  'groupChange',
  'groupMembers',
  'issuedQrs',
  'page',
  'pages',
  'pairingCode',
  'phoneLogout',
  'reached',
  'react',
  'receive',
  'release',
  'remove',
  'revoke',
  'scan',
  'sent',
  'setFault',
  'setState',
  'status',
  'vote',
  'browserPids',
  'crashPage',
  'killBrowser',
  'setAutoAck',
] as const satisfies readonly (keyof Simulator)[];

type Control = (typeof CONTROLS)[number];

/** Plain HTTP beside the simulated site: what a test in another process, or the phone's page, speaks to. */
export class ControlServer {
  readonly #simulator: Simulator;
  readonly #phone: PhoneSite;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
    this.#phone = new PhoneSite(simulator);
  }

  async open(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
  }

  async close(): Promise<void> {
    this.#phone.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get address(): AddressInfo | string | null {
    return this.#server.address();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://control');
    try {
      if (!isAddress(request.headers.host)) {
        // A name that was pointed at this machine by somebody else's DNS.
        json(response, 403, { error: { code: 'host', message: 'ask by address' } });
      } else if (request.method === 'POST' && pathname.startsWith('/control/')) {
        json(response, 200, { result: await this.#call(pathname.slice(9), request) });
      } else if (pathname === '/phone' || pathname.startsWith('/phone/')) {
        await this.#phone.answer(pathname, response);
      } else if (pathname === '/status') {
        json(response, 200, this.#simulator.status());
      } else {
        json(response, 404, { error: { code: 'not_found', message: `no ${pathname}` } });
      }
    } catch (error) {
      const { message, code = 'error' } = error as Error & { code?: string };
      json(response, 409, { error: { code, message } });
    }
  }

  async #call(name: string, request: IncomingMessage): Promise<unknown> {
    // Only JSON: a page of another origin cannot send it without being asked first.
    if (!request.headers['content-type']?.startsWith('application/json'))
      throw new Error('send application/json');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const args = JSON.parse(Buffer.concat(chunks).toString() || '[]') as unknown[];
    if (name === 'hold') return this.#simulator.hold(args[0] as never).id;
    if (!(CONTROLS as readonly string[]).includes(name)) throw new Error(`no control is called "${name}"`);
    const simulator = this.#simulator as unknown as Record<Control, (...args: unknown[]) => unknown>;
    return (await simulator[name as Control](...args)) ?? null;
  }
}

/** Whether the request was made to an IP address or to localhost. */
function isAddress(host = ''): boolean {
  return /^(localhost|[\d.]+|\[[\da-f:]+\])(:\d+)?$/i.test(host);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
