// The models of the connection: Socket (state, hasSynced), Conn (ref, account), Cmd, Stream.
import { config, faults } from './config.js';
import { Emitter, Model } from './models.js';
import { define } from './registry.js';
import { server } from './server.js';

class SocketModel extends Model {
  /** Unlinks this device at the server, then leaves for the page after a logout. */
  async logout() {
    await server.call('logout');
    setTimeout(() => void leave(0), 50);
  }
  reconnect() {
    setState('OPENING');
    setTimeout(() => setState('CONNECTED'), 20);
  }
  takeover() {
    if (this.state === 'CONFLICT') setState('CONNECTED');
  }
}

export const Socket = new SocketModel({ state: 'OPENING', hasSynced: false });
export const Conn = new Model({
  ref: undefined,
  pushname: undefined,
  platform: undefined,
  battery: undefined,
});
export const Cmd = new Emitter();
export const Stream = new Model({ available: false, mode: 'MAIN' });

/** What leaving after a logout does; set by the session, which knows the storage. */
let leave = async () => {};
export function onLeave(handler) {
  leave = handler;
}

export function setState(state) {
  if (faults.stuckOpening) return;
  Socket.set('state', state);
  void server.call('state', { state });
}

let deliveryProgress = 0;
/** Reports how much of the sync is done, 0–100. */
export function reportProgress(percent) {
  deliveryProgress = percent;
  Cmd.trigger('offline_progress_update_from_bridge');
}

Stream.markAvailable = () => Stream.set('available', true);
Stream.markUnavailable = () => Stream.set('available', false);
Conn.canSetMyPushname = () => true;

define('WAWebSocketModel', { Socket });
define('WAWebConnModel', { Conn });
define('WAWebCmd', { Cmd });
define('WAWebStreamModel', { Stream });
define('WAWebOfflineHandler', {
  OfflineMessageHandler: { getOfflineDeliveryProgress: () => deliveryProgress },
});
define('WAWebMiscBrowserUtils', { info: () => ({ name: 'Chrome', os: 'Linux', version: config.version }) });
define('WAWebSyncGatingUtils', { isPlaceholderMessageResendEnabled: () => false });
define('WAWebNonMessageDataRequestPlaceholderMessageResendUtils', { handlePlaceholderMsgsSeen: () => {} });
define('WAWebPresenceChatAction', {
  sendPresenceAvailable: async () => Stream.markAvailable(),
  sendPresenceUnavailable: async () => Stream.markUnavailable(),
});
