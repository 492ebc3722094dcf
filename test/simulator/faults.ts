/**
 * What can go wrong, by name. Every fault can be set and cleared while the simulator runs; the ones that
 * concern the loading of the page count from its next load.
 */
export interface Faults {
  /** The port refuses connections (its listener is closed). */
  refuse: boolean;
  /** Connections are accepted and reset at once. */
  reset: boolean;
  /** The page is answered with 500. */
  http500: boolean;
  /** The request for the page is never answered. */
  hangHeaders: boolean;
  /** Headers and half of the page, then nothing. */
  hangBody: boolean;
  /** A page without WhatsApp's scripts that asks for another browser. */
  unsupportedBrowser: boolean;
  /** The page never sets `Debug.VERSION`. */
  noVersion: boolean;
  /** The socket's state never leaves OPENING. */
  stuckOpening: boolean;
  /** Linked and CONNECTED, but `change:hasSynced` never comes. */
  neverSync: boolean;
  /** `change:hasSynced` fires before anybody can listen. */
  syncTooEarly: boolean;
  /** The first QR is drawn before its ref is there: its text begins with `undefined`. */
  lateRef: boolean;
  /** Linking ends at the question for a passkey. */
  passkey: boolean;
  /** WhatsApp refuses to make pairing codes. */
  pairingRefused: boolean;
  /** State DEPRECATED_VERSION in place of a login. */
  outdated: boolean;
  /** State TOS_BLOCK in place of a login: the account is blocked. */
  blocked: boolean;
  /** The page's connection to WhatsApp's servers is down: TIMEOUT, nothing comes in or goes out. */
  offline: boolean;
  /** `addAndSendMsgToChat` throws. */
  sendThrows: boolean;
  /** A send never settles and hands nothing over. */
  sendHangs: boolean;
  /** A send settles, but the message never reaches the server. */
  sendLost: boolean;
  /** The server refuses the message: ack -1. */
  sendRefused: boolean;
  /** The message reaches the server, but no receipt ever comes back. */
  neverAcked: boolean;
  /** Every send takes this long to settle, in milliseconds. */
  slowSendMs: number;
  /** The upload of media fails. */
  uploadFails: boolean;
  /** Media cannot be fetched: gone from WhatsApp's servers. */
  mediaGone: boolean;
  /** The download of media never ends. */
  mediaHangs: boolean;
  /** The question whether a number has an account throws. */
  existsFails: boolean;
  /** No chat can be opened with somebody new before the question whether they have an account. */
  strangersUnmet: boolean;
  /** Every incoming message is announced twice by the page. */
  doubleEvents: boolean;
  /** `Socket.logout()` throws and unlinks nothing. */
  logoutFails: boolean;
  /** `Socket.logout()` never settles. */
  logoutHangs: boolean;
}

export const NO_FAULTS: Faults = {
  refuse: false,
  reset: false,
  http500: false,
  hangHeaders: false,
  hangBody: false,
  unsupportedBrowser: false,
  noVersion: false,
  stuckOpening: false,
  neverSync: false,
  syncTooEarly: false,
  lateRef: false,
  passkey: false,
  pairingRefused: false,
  outdated: false,
  blocked: false,
  offline: false,
  sendThrows: false,
  sendHangs: false,
  sendLost: false,
  sendRefused: false,
  neverAcked: false,
  slowSendMs: 0,
  uploadFails: false,
  mediaGone: false,
  mediaHangs: false,
  existsFails: false,
  strangersUnmet: false,
  doubleEvents: false,
  logoutFails: false,
  logoutHangs: false,
};
