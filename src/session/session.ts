import { GatewayError, messageOf } from '../errors.ts';
import type { QrImages, SessionControl } from './control.ts';
import type { Clock, SessionLog } from './ports.ts';
import { SessionRunner, type RunnerParts } from './runner.ts';
import type { Command, SessionState } from './state.ts';
import { statusBody, type StatusBody } from './status.ts';

/** How long a logout may still be answered once the gateway ends, in milliseconds. */
const UNLINK_AT_END_MS = 1_000;

/** Draws a QR. Called once per QR, however many ask for it. */
export type QrEncoder = (payload: string) => Promise<QrImages>;

/** The session's public face: commands in, one deduplicated status out. */
export class Session implements SessionControl {
  readonly #runner: SessionRunner;
  readonly #encodeQr: QrEncoder;
  readonly #log: SessionLog;
  readonly #clock: Clock;
  readonly #listeners = new Set<(status: StatusBody) => void>();
  #status: StatusBody;
  #published: string;
  #images: { readonly payload: string; readonly images: QrImages | null } | null = null;
  #encoding: string | null = null;
  #unlinkConfirmed = false;
  #pairingAsked = false;
  #closed = false;

  constructor(parts: RunnerParts & { readonly encodeQr: QrEncoder }) {
    this.#encodeQr = parts.encodeQr;
    this.#log = parts.log;
    this.#clock = parts.clock;
    this.#runner = new SessionRunner(parts);
    this.#status = statusBody(this.#runner.state, null);
    this.#published = JSON.stringify(this.#status);
    this.#runner.subscribe((state) => this.#follow(state));
  }

  status(): StatusBody {
    return this.#status;
  }

  subscribe(listener: (status: StatusBody) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  qrImages(): QrImages | null {
    const images = this.#images?.images ?? null;
    return this.#status.hasQr ? images : null;
  }

  connect(): StatusBody {
    this.#command({ type: 'connect' });
    return this.#status;
  }

  async disconnect(): Promise<StatusBody> {
    this.#command({ type: 'disconnect' });
    await this.#settled();
    return this.#status;
  }

  restart(): StatusBody {
    this.#command({ type: 'restart' });
    return this.#status;
  }

  async logout(): Promise<{ readonly unlinkConfirmed: boolean; readonly status: StatusBody }> {
    const { state } = this.#runner;
    // Of a removal that is under way already, or has failed, what it was told holds for this one too.
    if (state.phase !== 'removing' && (state.phase !== 'failed' || state.removal === null)) {
      this.#unlinkConfirmed = false;
    }
    this.#command({ type: 'logout' });
    await this.#settled();
    return { unlinkConfirmed: this.#unlinkConfirmed, status: this.#status };
  }

  async requestPairingCode(
    phoneNumber: string,
  ): Promise<{ readonly code: string; readonly expiresAt: string }> {
    this.#refuseWhenClosed();
    const { state, client: living } = this.#runner;
    if (state.phase !== 'qr' || living === null) throw this.#wrongState('A pairing code can only be had');
    if (this.#pairingAsked) {
      // WhatsApp honours the last code only; the other callers would wait for a phone in vain.
      throw new GatewayError({
        code: 'wrong_state',
        message: 'Another pairing code is being asked for',
        action: 'Wait for that one, and ask again if it is not the right one',
        retryable: true,
      });
    }
    this.#pairingAsked = true;
    const code = await living.client.requestPairingCode(phoneNumber).finally(() => {
      this.#pairingAsked = false;
    });
    this.#runner.dispatch({ type: 'pairing_code', epoch: living.epoch, code, phoneNumber });
    const { state: after } = this.#runner;
    if (after.phase !== 'qr' || after.pairing?.code !== code)
      throw this.#wrongState('A pairing code is of use only');
    return { code, expiresAt: new Date(after.pairing.expiresAt).toISOString() };
  }

  /** Ends the session for good: nothing starts it again. Resolves once no browser is left, or cannot be ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#runner.dispatch({ type: 'disconnect' });
    this.#limitUnlinking();
    await this.#settled().catch((error: unknown) => {
      this.#log.error({ error: messageOf(error) }, 'the session did not end cleanly');
    });
  }

  /** A page that hangs may take longer over a logout than the end of a process may. */
  #limitUnlinking(): void {
    const { state } = this.#runner;
    if (state.phase !== 'unlinking') return;
    const { epoch } = state;
    const cancel = this.#clock.schedule(UNLINK_AT_END_MS, () => {
      this.#runner.dispatch({ type: 'unlinked', epoch, confirmed: false });
    });
    void this.#runner.when(({ phase }) => phase !== 'unlinking').then(cancel);
  }

  #command(command: Command): void {
    this.#refuseWhenClosed();
    this.#runner.dispatch(command);
  }

  #refuseWhenClosed(): void {
    if (!this.#closed) return;
    throw new GatewayError({ code: 'wrong_state', message: 'The gateway is shutting down', retryable: true });
  }

  #wrongState(what: string): GatewayError {
    return new GatewayError({
      code: 'wrong_state',
      message: `${what} while a QR code is shown; the state is ${this.#status.status}`,
      action: 'Connect first and wait for the state qr: GET /api/whatsapp/status',
    });
  }

  /** Waits until what was asked for is done. @throws GatewayError when the browser or the login resists */
  async #settled(): Promise<void> {
    const state = await this.#runner.when(
      ({ phase }) => phase !== 'unlinking' && phase !== 'stopping' && phase !== 'removing',
    );
    if (state.phase !== 'stuck' && state.phase !== 'failed') return;
    const { code, message, action } = state.reason;
    throw new GatewayError({ code, message, action });
  }

  #follow(state: SessionState): void {
    if (state.phase === 'stopping' && state.after.then === 'remove_login') {
      this.#unlinkConfirmed = state.after.unlinkConfirmed;
    }
    if (state.phase !== 'qr' || state.pairing !== null) {
      this.#publish(statusBody(state, null));
    } else if (this.#images?.payload === state.qr.payload) {
      this.#publish(statusBody(state, this.#images.images?.dataUrl ?? null));
    } else {
      // The state goes out together with its QR, never without.
      void this.#encode(state.qr.payload);
    }
  }

  async #encode(payload: string): Promise<void> {
    if (this.#encoding === payload) return;
    this.#encoding = payload;
    let images: QrImages | null = null;
    try {
      images = await this.#encodeQr(payload);
    } catch (error) {
      this.#log.error({ error: messageOf(error) }, 'the QR could not be drawn');
    }
    if (this.#encoding !== payload) return;
    this.#encoding = null;
    this.#images = { payload, images };
    this.#follow(this.#runner.state);
  }

  #publish(status: StatusBody): void {
    const published = JSON.stringify(status);
    if (published === this.#published) return;
    this.#status = status;
    this.#published = published;
    for (const listener of this.#listeners) {
      try {
        listener(status);
      } catch (error) {
        this.#log.error({ error: messageOf(error) }, 'a listener of the status failed');
      }
    }
  }
}
