import type { ErrorCode, GatewayError } from '../errors.ts';
import type { Reason } from './state.ts';

const CONNECT = 'Press Connect on the page /whatsapp, or send: POST /api/whatsapp/connect';

/** After a log-out that somebody asked for nothing starts by itself; where a QR is shown already, Connect does no harm. */
const LINK =
  'To link it again: Connect on the page /whatsapp (or POST /api/whatsapp/connect), and scan the QR code in WhatsApp under Settings, Linked devices';

/** The reasons that the state machine itself gives. All others come as GatewayErrors with their own words. */
export const REASONS = {
  stopped: {
    code: 'stopped',
    message: 'Stopped; the stored login, if there is one, is kept',
    action: CONNECT,
  },
  logging_out: {
    code: 'logged_out',
    message: 'Logged out; the stored login is being removed',
    action: LINK,
  },
  unlink_unconfirmed: {
    code: 'unlink_unconfirmed',
    message:
      'Logged out here; the stored login is removed. WhatsApp has not confirmed it, so the phone may still list this device',
    action: `Remove it on the phone under Settings, Linked devices. ${LINK}`,
  },
  logged_out: { code: 'logged_out', message: 'Logged out; the stored login is removed', action: LINK },
  load_timeout: {
    code: 'load_timeout',
    message: 'WhatsApp Web did not load in time',
    action: 'Check the network of the gateway; it tries again by itself',
  },
  sync_timeout: {
    code: 'sync_timeout',
    message: 'The phone is linked, but loading messages made no progress; the browser is restarted',
    action: 'Keep the phone online and WhatsApp open on it',
  },
  qr_stale: {
    code: 'qr_stale',
    message: 'WhatsApp Web stopped giving fresh QR codes; the browser is restarted',
    action: null,
  },
  interrupted: {
    code: 'whatsapp_unreachable',
    message: 'The connection to WhatsApp is interrupted',
    action: 'Check the network of the gateway; it reconnects by itself',
  },
  stuck: {
    code: 'browser_unresponsive',
    message: 'The browser does not end, not even by SIGKILL; its process hangs in the kernel',
    action: 'Restart the container, or the machine if that does not help (often a disk that does not answer)',
  },
} as const satisfies Record<string, Words>;

interface Words {
  readonly code: ErrorCode;
  readonly message: string;
  readonly action: string | null;
}

/** A reason without a retry time. */
export function reasonOf(words: Words): Reason {
  return { code: words.code, message: words.message, action: words.action, retryAt: null };
}

/** The reason that an error gives. */
export function reasonOfError(error: GatewayError): Reason {
  return reasonOf({ code: error.code, message: error.message, action: error.action });
}
