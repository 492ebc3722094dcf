import type { Config } from '../config.ts';
import { GatewayError, isErrorCode } from '../errors.ts';
import type { StatusBody } from '../session/status.ts';

/** A stop closes the browser and may have to kill it. */
const ANSWER_MS = 60_000;

/** The gateway of this configuration, when it runs on this machine. */
export class RunningGateway {
  readonly #base: string;
  readonly #headers: Record<string, string>;

  constructor({ host, port, apiKey }: Config) {
    const local = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    this.#base = `http://${local.includes(':') ? `[${local}]` : local}:${port}`;
    this.#headers = apiKey === undefined ? {} : { 'X-Api-Key': apiKey.reveal() };
  }

  /** The status, or null when nothing of ours listens. @throws GatewayError when it does not answer as a gateway */
  async status(): Promise<StatusBody | null> {
    try {
      return await this.#call<StatusBody>('GET', '/api/whatsapp/status');
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      return null;
    }
  }

  /** Stops the browser and waits until it is gone. @throws GatewayError */
  async disconnect(): Promise<StatusBody> {
    return this.#call<StatusBody>('POST', '/api/whatsapp/disconnect');
  }

  /** @throws GatewayError */
  async connect(): Promise<StatusBody> {
    return this.#call<StatusBody>('POST', '/api/whatsapp/connect');
  }

  async #call<T>(method: string, path: string): Promise<T> {
    const response = await fetch(this.#base + path, {
      method,
      headers: this.#headers,
      signal: AbortSignal.timeout(ANSWER_MS),
      redirect: 'error',
    });
    const body = (await response.json().catch(() => null)) as
      (T & { error?: { code: string; message: string; action: string | null } }) | null;
    if (response.ok && body !== null) return body;
    const { code, message, action } = body?.error ?? {
      code: 'internal',
      message: `${this.#base} does not answer as a gateway (HTTP ${response.status})`,
      action: 'Check PORT: another program may listen there',
    };
    throw new GatewayError({ code: isErrorCode(code) ? code : 'internal', message, action });
  }
}
