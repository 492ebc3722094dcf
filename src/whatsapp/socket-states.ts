import { GatewayError } from '../errors.ts';

/**
 * What a state of WhatsApp's socket means for a client.
 * - `connected`: messages flow once the page has synced.
 * - `linking`: the phone has scanned; only while a QR is shown.
 * - `interrupted`: the page may come back by itself.
 * - `unpaired`: this device is not linked, or not any more.
 * - `idle_qr`: WhatsApp Web has stopped giving QRs until it is asked.
 * - `refused`: of no use any more; the error says why.
 */
export type SocketMeaning =
  | { readonly kind: 'connected' | 'linking' | 'interrupted' | 'unpaired' | 'idle_qr' }
  | { readonly kind: 'refused'; readonly error: GatewayError };

/** Reads a state as WhatsApp Web names it (whatsapp-web.js `WAState`); an unknown one counts as an interruption. */
export function meaningOf(socketState: string): SocketMeaning {
  switch (socketState) {
    case 'CONNECTED':
      return { kind: 'connected' };
    case 'PAIRING':
      return { kind: 'linking' };
    case 'UNPAIRED':
      return { kind: 'unpaired' };
    case 'UNPAIRED_IDLE':
      return { kind: 'idle_qr' };
    case 'CONFLICT':
      return refused(
        'conflict',
        'WhatsApp reports that this login is in use by another browser',
        'Stop the other program that uses a copy of this login; every gateway needs a login of its own',
      );
    case 'DEPRECATED_VERSION':
      return refused(
        'outdated',
        'WhatsApp refuses this version of WhatsApp Web as outdated',
        'Update the gateway: sudo ./deploy.sh (or: git pull && npm ci)',
      );
    case 'TOS_BLOCK':
    case 'SMB_TOS_BLOCK':
      return refused(
        'blocked',
        'WhatsApp has blocked this account for a breach of its terms',
        'Open WhatsApp on the phone: it says what to do. Then press Connect',
      );
    case 'PROXYBLOCK':
      return refused(
        'whatsapp_unreachable',
        'WhatsApp refuses connections from this network (PROXYBLOCK)',
        'Try without a proxy or VPN',
      );
    case 'UNLAUNCHED':
      return refused('whatsapp_unreachable', 'WhatsApp Web has stopped its connection', null);
    default:
      return { kind: 'interrupted' };
  }
}

/** This device was linked, and WhatsApp says that it is not any more. */
export function unpaired(): GatewayError {
  return new GatewayError({
    code: 'unpaired',
    message: 'WhatsApp has unlinked this device',
    action: 'Link it again: scan the QR code in WhatsApp under Settings, Linked devices',
  });
}

function refused(code: GatewayError['code'], message: string, action: string | null): SocketMeaning {
  return { kind: 'refused', error: new GatewayError({ code, message, action }) };
}
