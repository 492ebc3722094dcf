import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Config, Secret } from '../config.ts';
import { codeOf, GatewayError, isErrorCode } from '../errors.ts';
import type { StatusBody } from '../session/status.ts';

/** A stop closes the browser and may have to kill it. */
const COMMAND_MS = 60_000;
const STATUS_MS = 10_000;

/** Nothing listens there, or there is no such address on this machine. */
const NOBODY = new Set([
  'ECONNREFUSED',
  'EADDRNOTAVAIL',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** The gateway of this configuration, when it runs on this machine. */
export class RunningGateway {
  /** Where it is asked, such as `http://127.0.0.1:3000`. */
  readonly address: string;
  readonly #apiKey: Secret | undefined;
  readonly #statusMs: number;

  /** @param options.statusMs how long the status may take, in milliseconds */
  constructor(
    { host, port, apiKey }: Pick<Config, 'host' | 'port' | 'apiKey'>,
    options: { statusMs?: number } = {},
  ) {
    const local = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
    this.address = `http://${local.includes(':') ? `[${local}]` : local}:${port}`;
    this.#apiKey = apiKey;
    this.#statusMs = options.statusMs ?? STATUS_MS;
  }

  /** The status, or null when nothing listens. @throws GatewayError when it does not answer as a gateway */
  async status(): Promise<StatusBody | null> {
    try {
      return await this.#call('GET', '/api/whatsapp/status', this.#statusMs);
    } catch (error) {
      const code = codeOf(error);
      if (code !== null && NOBODY.has(code)) return null;
      throw error;
    }
  }

  /** Stops the browser and waits until it is gone. @throws GatewayError */
  async disconnect(): Promise<void> {
    await this.#call('POST', '/api/whatsapp/disconnect', COMMAND_MS);
  }

  /** @throws GatewayError */
  async connect(): Promise<void> {
    await this.#call('POST', '/api/whatsapp/connect', COMMAND_MS);
  }

  /** Stops the browser and starts it again, by itself: does not wait. @throws GatewayError */
  async restart(): Promise<StatusBody> {
    return this.#call('POST', '/api/whatsapp/restart', COMMAND_MS);
  }

  async #call(method: string, path: string, timeoutMs: number): Promise<StatusBody> {
    const { status, body } = await this.#send(method, path, timeoutMs);
    if (status < 300 && isStatus(body)) return body;
    if (status === 401) {
      throw new GatewayError({
        code: 'unauthorized',
        message: `The gateway at ${this.address} refuses the API_KEY of this configuration`,
        action:
          'It was started with another one: restart it, or give the old one: API_KEY=… in front of the command',
      });
    }
    const error = errorIn(body);
    if (error !== null) throw new GatewayError(error);
    throw new GatewayError({
      code: 'internal',
      message: `What listens at ${this.address} does not answer as a gateway (HTTP ${status})`,
      action: 'Another program may have that port: check PORT',
    });
  }

  /** Not by fetch: that refuses a list of ports which browsers refuse, and a gateway may have one of them. */
  async #send(method: string, path: string, timeoutMs: number): Promise<{ status: number; body: unknown }> {
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = this.#apiKey === undefined ? {} : { 'X-Api-Key': this.#apiKey.reveal() };
    try {
      const call = request(this.address + path, { method, headers, signal, agent: false }).end();
      const [response] = (await once(call, 'response')) as [IncomingMessage];
      return { status: response.statusCode ?? 0, body: parse(await text(response)) };
    } catch (error) {
      const code = codeOf(error);
      if (signal.aborted) throw this.#noAnswer(`within ${timeoutMs / 1_000} s`);
      // Node's parser of HTTP names its errors HPE_*.
      if (code === 'ECONNRESET' || code?.startsWith('HPE_') === true) throw this.#noAnswer('as a gateway');
      throw error;
    }
  }

  #noAnswer(how: string): GatewayError {
    return new GatewayError({
      code: 'timeout',
      message: `What listens at ${this.address} does not answer ${how}`,
      action: 'Look at the log of the gateway and restart it; or another program has that port: check PORT',
    });
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function isStatus(body: unknown): body is StatusBody {
  return (
    typeof body === 'object' && body !== null && 'phase' in body && 'status' in body && 'message' in body
  );
}

/** The error of an answer that is one of the gateway's. */
function errorIn(body: unknown): ConstructorParameters<typeof GatewayError>[0] | null {
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : null;
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error)) return null;
  const { code, message } = error;
  if (typeof code !== 'string' || typeof message !== 'string' || !isErrorCode(code)) return null;
  const action = 'action' in error && typeof error.action === 'string' ? error.action : null;
  return { code, message, action };
}
