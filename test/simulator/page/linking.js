// What the library reads to draw a QR, and the pairing codes.
import { faults } from './config.js';
import { Emitter } from './models.js';
import { define } from './registry.js';
import { server } from './server.js';
import { Cmd, Conn, setState, Socket } from './socket.js';
import { PLATFORM } from './storage.js';

let keys = null;

/** Sets the public keys of this profile. */
export function useKeys(loaded) {
  keys = loaded;
}

const bytes = (base64) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

/** Waits for the phone: shows `ref` as a QR. */
export function awaitPhone(ref) {
  if (faults.lateRef) setTimeout(() => Conn.set('ref', ref), 500);
  else Conn.set('ref', ref);
  setState('UNPAIRED');
}

async function refreshQR() {
  const { ref } = await server.call('refreshQr');
  setState('UNPAIRED');
  Conn.set('ref', ref);
}

Cmd.refreshQR = () => void refreshQR();

define('WAWebAltDeviceLinkingApi', {
  setPairingType: () => {},
  initializeAltDeviceLinking: async () => {},
  initializeQRLinking: async () => {},
  startAltLinkingFlow: async (phone) => {
    if (Socket.state === 'CONNECTED') throw new Error('startAltLinkingFlow: already linked');
    return (await server.call('pairingCode', { phone })).code;
  },
});
/** What the login screen listens to; since July 2026 also for the question for a passkey. */
const LinkDeviceEvents = new Emitter();

/** WhatsApp wants a passkey before it links this device. */
export function askForPasskey() {
  LinkDeviceEvents.trigger('link_device_events:passkey_prologue_request');
}

define('WAWebLinkDeviceEvents', { WAWebLinkDeviceEvents: LinkDeviceEvents });
define('WAWebLaunchSocketUtils', { refreshQR: () => void refreshQR() });
define('WABase64', { encodeB64: (data) => btoa(String.fromCharCode(...new Uint8Array(data))) });
define('WAWebCompanionRegClientUtils', { DEVICE_PLATFORM: PLATFORM });
define('WAWebAdvSignatureApi', {});
define('WAWebUserPrefsInfoStore', {
  waNoiseInfo: { get: async () => ({ staticKeyPair: { pubKey: bytes(keys.noise) } }) },
});
define('WAWebSignalStoreApi', {
  waSignalStore: { getRegistrationInfo: async () => ({ identityKeyPair: { pubKey: bytes(keys.identity) } }) },
});
define('WAWebUserPrefsMultiDevice', { getADVSecretKey: () => keys?.adv });
