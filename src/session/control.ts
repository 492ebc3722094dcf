import type { StatusBody } from './status.ts';

/** The current QR, encoded once per QR and kept until the next. */
export interface QrImages {
  /** PNG bytes. */
  readonly png: Buffer;
  readonly dataUrl: string;
  readonly svg: string;
  /** Characters that a phone scans off a terminal. */
  readonly text: string;
  /** What the QR says. Never logged. */
  readonly raw: string;
}

/**
 * The session as REST and Socket.IO see it. All methods are safe in every state; those that a state
 * forbids throw a GatewayError `wrong_state` (409) that names the state.
 */
export interface SessionControl {
  /** The one truth. The same object until something changes. */
  status(): StatusBody;
  /** Calls `listener` with every new status until the returned function is called. A listener that throws is isolated. */
  subscribe(listener: (status: StatusBody) => void): () => void;
  /** The images of the QR that `status()` shows, or null. */
  qrImages(): QrImages | null;

  /** Starts the client if it is not running; harmless otherwise. Does not wait. */
  connect(): StatusBody;
  /** Stops the browser and keeps the login. Resolves once no browser is left. */
  disconnect(): Promise<StatusBody>;
  /** Stops and starts. Does not wait. */
  restart(): StatusBody;
  /** Unlinks the device, stops the browser, removes the login. Resolves once all is done. @throws GatewayError */
  logout(): Promise<{ readonly unlinkConfirmed: boolean; readonly status: StatusBody }>;
  /** @param phoneNumber digits with country code @throws GatewayError `wrong_state`, `pairing_failed` */
  requestPairingCode(phoneNumber: string): Promise<{ readonly code: string; readonly expiresAt: string }>;
}
