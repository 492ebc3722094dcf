/**
 * What is evaluated inside WhatsApp Web. Each function is turned into text and runs in the page: it may use
 * nothing from this file or module but its arguments.
 */

interface Emitter {
  on(event: string, listener: (model: unknown, value: unknown) => void): void;
}

interface Socket extends Emitter {
  state: string;
  hasSynced?: boolean;
  logout(): Promise<unknown>;
}

interface MessageKey {
  _serialized?: string;
  toString(): string;
}

interface PageModules {
  WAWebSocketModel: { Socket: Socket };
  WAWebCmd: { Cmd: Emitter & { refreshQR(): void } };
  WAWebMsgKey: { prototype: MessageKey };
  WAWebLinkDeviceEvents: { WAWebLinkDeviceEvents: Emitter };
}

interface PageWindow {
  top: unknown;
  require: <Name extends keyof PageModules>(name: Name) => PageModules[Name];
  Debug?: { VERSION?: string };
  WWebJS?: object;
  /** How far this document is taken over. */
  gatewayTakeOver?: 'begun' | 'done';
  gatewayObserved?: (observation: Observation) => Promise<void>;
  onAppStateHasSyncedEvent?: (...args: unknown[]) => Promise<void>;
  location: { reload(): void };
}

declare const window: PageWindow;

/** What the page tells the driver about itself. */
export type Observation =
  | { readonly type: 'state'; readonly state: string }
  /** The page has been told to log out; it clears itself and goes to its `post_logout` address. */
  | { readonly type: 'logout' }
  /** The phone has scanned, but WhatsApp wants a passkey before it links this device. */
  | { readonly type: 'passkey' };

/** The name of the function through which observations arrive in Node. */
export const OBSERVED = 'gatewayObserved';

/**
 * Runs in every new document, before its own scripts. Gives message keys their `_serialized` back.
 *
 * Builds of WhatsApp Web since 2.3000.1042401057 (July 2026) keep that value under a minified name only,
 * which changes with every build; `toString()` still gives it. whatsapp-web.js 1.34.7 reads `_serialized`
 * in the page, and copies the keys' own properties when it hands messages to Node, where a getter of the
 * prototype would be lost. So both are mended: the class, when the library loads its helpers, and the one
 * helper through which messages leave the page.
 */
export function restoreMessageKeys(): void {
  if (window.top !== window) return;
  let helpers: object | undefined;

  const mendClass = () => {
    try {
      const { prototype } = window.require('WAWebMsgKey');
      if ('_serialized' in prototype) return;
      Object.defineProperty(prototype, '_serialized', {
        configurable: true,
        get(this: MessageKey) {
          return this.toString();
        },
        // A build that assigns the property itself gets what it asked for.
        set(this: MessageKey, value: string) {
          Object.defineProperty(this, '_serialized', {
            value,
            enumerable: true,
            configurable: true,
            writable: true,
          });
        },
      });
      Object.defineProperty(prototype, 'toJSON', {
        configurable: true,
        value(this: MessageKey) {
          return { ...this, _serialized: this.toString() };
        },
      });
    } catch {
      // A page without that module sends no messages; linking works without it.
    }
  };

  const mendModel =
    (original: (message: { id?: MessageKey }) => { id?: MessageKey }) => (message: { id?: MessageKey }) => {
      const model = original(message);
      if (message.id !== undefined && model.id !== undefined) {
        model.id = { ...model.id, _serialized: message.id._serialized ?? message.id.toString() };
      }
      return model;
    };

  Object.defineProperty(window, 'WWebJS', {
    configurable: true,
    get: () => helpers,
    set: (value: object) => {
      mendClass();
      let getMessageModel: unknown;
      Object.defineProperty(value, 'getMessageModel', {
        configurable: true,
        enumerable: true,
        get: () => getMessageModel,
        set: (original: Parameters<typeof mendModel>[0]) => {
          getMessageModel = mendModel(original);
        },
      });
      helpers = value;
    },
  });
}

/**
 * Runs in every new document, before its own scripts. Lets the library hear only once per document that the
 * page has synced: it starts to listen to messages anew each time, and every message then arrives twice.
 */
export function reportSyncOnce(): void {
  if (window.top !== window) return;
  let report: PageWindow['onAppStateHasSyncedEvent'];
  let reported = false;
  Object.defineProperty(window, 'onAppStateHasSyncedEvent', {
    configurable: true,
    get: () => report,
    set: (original: (...args: unknown[]) => Promise<void>) => {
      report = async (...args) => {
        if (reported) return;
        reported = true;
        await original(...args);
      };
    },
  });
}

/**
 * Runs in every new document, before its own scripts. Takes the place of what the library would be told of and nobody
 * here listens to: it exposes a function to the page only where there is none of that name.
 *
 * Most of it costs little. `onChatUnreadCountEvent` comes with every message of somebody else, carries the whole chat,
 * and makes the library ask the page for a full model of that chat once more; of a group, WhatsApp's server as well.
 */
export function ignoreUnheardEvents(): void {
  if (window.top !== window) return;
  const unheard = [
    'onChatUnreadCountEvent',
    'onArchiveChatEvent',
    'onRemoveChatEvent',
    'onMessageMediaUploadedEvent',
    'onBatteryStateChangedEvent',
    'onCiphertextFailedEvent',
  ];
  for (const name of unheard) Object.defineProperty(window, name, { value: () => Promise.resolve() });
}

/** Whether the scripts of WhatsApp Web run here. */
export function hasScripts(): boolean {
  return typeof window.require === 'function';
}

/** Whether WhatsApp Web's modules can be asked for. */
export function isBooted(): boolean {
  return window.Debug?.VERSION !== undefined;
}

/**
 * Begins to take this document over: from now on every change of WhatsApp's socket, an order to log out and the
 * question for a passkey are reported to Node.
 * @returns false when that was begun before
 */
export function beginTakeOver(): boolean {
  if (window.gatewayTakeOver !== undefined) return false;
  window.gatewayTakeOver = 'begun';
  const { Socket } = window.require('WAWebSocketModel');
  const { Cmd } = window.require('WAWebCmd');
  const report = (observation: Observation) => void window.gatewayObserved?.(observation);
  Socket.on('change:state', (_socket, state) => report({ type: 'state', state: String(state) }));
  Cmd.on('logout', () => report({ type: 'logout' }));
  Cmd.on('logout_from_bridge', () => report({ type: 'logout' }));
  try {
    window
      .require('WAWebLinkDeviceEvents')
      .WAWebLinkDeviceEvents.on('link_device_events:passkey_prologue_request', () =>
        report({ type: 'passkey' }),
      );
  } catch {
    // Builds before July 2026 ask for no passkey.
  }
  report({ type: 'state', state: Socket.state });
  return true;
}

/** The library is loaded. @returns false when this document is not the one in which the taking over was begun */
export function endTakeOver(): boolean {
  if (window.gatewayTakeOver !== 'begun') return false;
  window.gatewayTakeOver = 'done';
  return true;
}

/** Whether this document is taken over: a navigation inside it changes nothing. */
export function isTakenOver(): boolean {
  return window.gatewayTakeOver === 'done';
}

/** Replaces this document by a fresh one. */
export function reload(): void {
  window.location.reload();
}

/** What a page measures of itself. */
export interface PageMeasurement {
  readonly socketState: string;
  /** True also where the build does not say: then `ready` alone tells. */
  readonly hasSynced: boolean;
  /** Whether the library's helpers are loaded, without which no message can be sent. */
  readonly hasHelpers: boolean;
}

/** Measures the connection. Throws in a page that is not WhatsApp Web. */
export function measure(): PageMeasurement {
  const { Socket } = window.require('WAWebSocketModel');
  return {
    socketState: Socket.state,
    hasSynced: Socket.hasSynced !== false,
    hasHelpers: window.WWebJS !== undefined,
  };
}

/**
 * Tells the library that the page has synced, when it has. The library listens for the change only, and misses
 * it when the page was faster: then it would wait for ever.
 * @returns whether the page has synced
 */
export function announceSynced(): boolean {
  const { Socket } = window.require('WAWebSocketModel');
  if (Socket.state !== 'CONNECTED' || Socket.hasSynced === false) return false;
  void window.onAppStateHasSyncedEvent?.();
  return true;
}

/** Whether this page can be linked now. One that is linked, or about to be, must not be told to begin again. */
export function awaitsLink(): boolean {
  const { state } = window.require('WAWebSocketModel').Socket;
  return state === 'UNPAIRED' || state === 'UNPAIRED_IDLE';
}

/** Asks for a fresh QR. The library tries that in Node, where there is no `window`, and fails in silence. */
export function refreshQr(): void {
  window.require('WAWebCmd').Cmd.refreshQR();
}

/** Unlinks this device. Resolves when WhatsApp's server has answered. */
export async function unlinkDevice(): Promise<void> {
  await window.require('WAWebSocketModel').Socket.logout();
}
