import type { StatusBody } from '../session/status.ts';
import type { QrEvent, ServerToClientEvents } from './events.ts';

/** Tells all clients; Socket.IO encodes once, however many they are. */
export type Broadcast = <Name extends keyof ServerToClientEvents>(
  name: Name,
  ...payload: Parameters<ServerToClientEvents[Name]>
) => void;

/**
 * Turns the sequence of statuses into events: `status` each time, `qr` when a new one is there, `ready` and
 * `disconnected` in turn.
 *
 * @param first the status at the time of subscribing; nothing is announced about it
 */
export function announcer(first: StatusBody, broadcast: Broadcast): (status: StatusBody) => void {
  let knownQr = qrKey(first);
  let connected = isConnected(first, false);

  return (status) => {
    broadcast('status', status);

    const key = qrKey(status);
    const qr = qrEvent(status);
    if (qr !== null && key !== knownQr) broadcast('qr', qr);
    knownQr = key;

    const before = connected;
    connected = isConnected(status, before);
    if (!before && status.isReady && status.account !== null) broadcast('ready', { account: status.account });
    if (before && !connected) broadcast('disconnected', { reason: status.reason });
  };
}

/** The QR of a status, or null. */
export function qrEvent(status: StatusBody): QrEvent | null {
  const { qr, qrCode } = status;
  return qr === null || qrCode === null ? null : { qrCode, ...qr };
}

function qrKey(status: StatusBody): string | null {
  const event = qrEvent(status);
  return event === null ? null : `${event.attempt} ${event.issuedAt}`;
}

/** While the page reconnects by itself the connection counts as not yet lost. */
function isConnected(status: StatusBody, before: boolean): boolean {
  return status.isReady || (before && status.phase === 'reconnecting');
}
