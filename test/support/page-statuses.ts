import type { ErrorCode } from '../../src/errors.ts';
import { encodeQr } from '../../src/qr-images.ts';
import type { Phase } from '../../src/session/state.ts';
import { publicStateOf, type StatusBody } from '../../src/session/status.ts';

/** As long as WhatsApp's own: the reference, two keys and a secret in base64. */
export const QR_PAYLOAD = `2@${'Qx7f'.repeat(33)},${'k9Lm'.repeat(11)},${'Zt3w'.repeat(11)},${'aB1c'.repeat(11)},1`;

export const ANNA = {
  id: '79123456789@c.us',
  phone: '79123456789',
  name: 'Анна Петрова',
  platform: 'iphone',
};

export const CHOWN = 'sudo chown -R 1026:100 /volume1/docker/whatsapp-server/.wwebjs_auth';

/** A status in a phase; `change` fills in what belongs to it. Times are of now. */
export function statusIn(phase: Phase, change: Partial<StatusBody> = {}): StatusBody {
  const status = publicStateOf(phase);
  return {
    success: true,
    status,
    currentState: status,
    isReady: status === 'ready',
    hasQr: false,
    qrCode: null,
    message: phase,
    since: new Date().toISOString(),
    qr: null,
    pairing: null,
    progress: phase === 'syncing' ? 40 : null,
    account: phase === 'ready' || phase === 'reconnecting' ? ANNA : null,
    reason: null,
    phase,
    ...change,
  };
}

/** A status with a QR that is good for `seconds` from now on. */
export async function qrStatus(
  options: { attempt?: number; seconds?: number; payload?: string } = {},
): Promise<StatusBody> {
  const { attempt = 1, seconds = 60, payload = QR_PAYLOAD } = options;
  const { dataUrl } = await encodeQr(payload);
  const now = Date.now();
  return statusIn('qr', {
    hasQr: true,
    qrCode: dataUrl,
    qr: { attempt, issuedAt: iso(now), expiresAt: iso(now + seconds * 1000) },
  });
}

/** @param seconds until the code expires */
export function pairingStatus(code = 'WXYZ1234', seconds = 170): StatusBody {
  return statusIn('qr', { pairing: { code, expiresAt: iso(Date.now() + seconds * 1000) } });
}

/** @param retrySeconds until the gateway tries again; null when it does not */
export function troubleStatus(
  phase: 'waiting' | 'failed' | 'stuck',
  code: ErrorCode,
  retrySeconds: number | null,
  words: { message?: string; action?: string | null } = {},
): StatusBody {
  return statusIn(phase, {
    reason: {
      code,
      message: words.message ?? `something about ${code}`,
      action: words.action ?? null,
      retryAt: retrySeconds === null ? null : iso(Date.now() + retrySeconds * 1000),
    },
  });
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
