import type { GatewayError } from '../../src/errors.ts';
import type { QrImages, SessionControl } from '../../src/session/control.ts';
import type { Account } from '../../src/session/driver.ts';
import type { StatusBody } from '../../src/session/status.ts';

export const ACCOUNT: Account = {
  id: '4915123456789@c.us',
  phone: '4915123456789',
  name: 'Ada Lovelace',
  platform: 'android',
};

export const QR_PAYLOAD = '2@qr-payload-that-links-a-phone,AAAA,BBBB';
export const PAIRING_CODE = 'WXYZ-1234';
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);

export const QR_IMAGES: QrImages = {
  png: PNG,
  dataUrl: `data:image/png;base64,${PNG.toString('base64')}`,
  svg: '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
  text: '█▀▀▀█\n█   █\n',
  raw: QR_PAYLOAD,
};

const SINCE = '2026-01-01T12:00:00.000Z';

export const STOPPED: StatusBody = {
  success: true,
  status: 'idle',
  currentState: 'idle',
  isReady: false,
  hasQr: false,
  qrCode: null,
  message: 'Not connected',
  since: SINCE,
  qr: null,
  pairing: null,
  progress: null,
  account: null,
  reason: null,
  phase: 'stopped',
};

export const READY: StatusBody = {
  ...STOPPED,
  status: 'ready',
  currentState: 'ready',
  isReady: true,
  message: `Connected as ${ACCOUNT.name}`,
  account: ACCOUNT,
  phase: 'ready',
};

export const SYNCING: StatusBody = {
  ...STOPPED,
  status: 'syncing',
  currentState: 'syncing',
  message: 'Linked, loading messages (40 %)',
  progress: 40,
  phase: 'syncing',
};

export const RECONNECTING: StatusBody = {
  ...SYNCING,
  progress: null,
  account: ACCOUNT,
  phase: 'reconnecting',
};

export const PAIRING: StatusBody = {
  ...STOPPED,
  status: 'qr',
  currentState: 'qr',
  message: 'Pairing code issued, waiting for it to be typed on the phone',
  pairing: { code: PAIRING_CODE, expiresAt: '2026-01-01T12:03:00.000Z' },
  phase: 'qr',
};

export const FAILED: StatusBody = {
  ...STOPPED,
  status: 'error',
  currentState: 'error',
  message: 'The session folder /app/.wwebjs_auth is not writable by uid 1026',
  reason: {
    code: 'session_path_not_writable',
    message: 'The session folder /app/.wwebjs_auth is not writable by uid 1026',
    action: 'sudo ./fix-permissions.sh',
    retryAt: null,
  },
  phase: 'failed',
};

/** Every kind of status that there is. */
export const EVERY_STATUS: readonly StatusBody[] = [
  STOPPED,
  qrStatus(1),
  PAIRING,
  SYNCING,
  READY,
  RECONNECTING,
  FAILED,
];

/** @param attempt counts QRs from 1 */
export function qrStatus(attempt: number): StatusBody {
  const issued = Date.parse(SINCE) + attempt * 20_000;
  return {
    ...STOPPED,
    status: 'qr',
    currentState: 'qr',
    hasQr: true,
    qrCode: QR_IMAGES.dataUrl,
    message: 'QR code available, waiting for scan',
    qr: {
      attempt,
      issuedAt: new Date(issued).toISOString(),
      expiresAt: new Date(issued + 20_000).toISOString(),
    },
    phase: 'qr',
  };
}

/** A session that does nothing by itself: tests set its status and read what it was asked for. */
export class FakeSession implements SessionControl {
  /** The commands that it got, in order. */
  readonly calls: string[] = [];
  /** What the next commands throw. */
  failure: GatewayError | Error | null = null;
  unlinkConfirmed = true;
  /** What a restart makes of the status; null: nothing. */
  restarted: StatusBody | null = null;
  /** How often somebody asked for the images of the QR. */
  encodings = 0;
  #status: StatusBody = STOPPED;
  readonly #listeners = new Set<(status: StatusBody) => void>();

  /** Changes the status and tells everybody. */
  become(status: StatusBody): void {
    this.#status = status;
    for (const listener of this.#listeners) listener(status);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  status(): StatusBody {
    return this.#status;
  }

  subscribe(listener: (status: StatusBody) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  qrImages(): QrImages | null {
    this.encodings += 1;
    return this.#status.hasQr ? QR_IMAGES : null;
  }

  connect(): StatusBody {
    return this.#did('connect');
  }

  disconnect(): Promise<StatusBody> {
    return new Promise((resolve) => resolve(this.#did('disconnect')));
  }

  restart(): StatusBody {
    this.#did('restart');
    if (this.restarted !== null) this.become(this.restarted);
    return this.#status;
  }

  logout(): Promise<{ unlinkConfirmed: boolean; status: StatusBody }> {
    return new Promise((resolve) =>
      resolve({ unlinkConfirmed: this.unlinkConfirmed, status: this.#did('logout') }),
    );
  }

  requestPairingCode(phoneNumber: string): Promise<{ code: string; expiresAt: string }> {
    return new Promise((resolve) => {
      this.#did(`pairing ${phoneNumber}`);
      resolve({ code: PAIRING_CODE, expiresAt: '2026-01-01T12:03:00.000Z' });
    });
  }

  #did(call: string): StatusBody {
    this.calls.push(call);
    if (this.failure !== null) throw this.failure;
    return this.#status;
  }
}
