// The life of this page: keys, login, linking, sync, logout.
import { faults } from './config.js';
import { askForPasskey, awaitPhone, useKeys } from './linking.js';
import { notice } from './notice.js';
import { enter } from './account.js';
import { resend, restoreOutbox } from './send.js';
import { catchUp, seen } from './updates.js';
import { onConnection, onServer, server } from './server.js';
import { Cmd, Conn, onLeave, reportProgress, setState, Socket } from './socket.js';
import { clear, loadKeys, loadLogin, saveLogin } from './storage.js';

const POLL_MS = 5;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition) {
  while (!condition()) await sleep(POLL_MS);
}

/** Loads what the account has and syncs; `ready` of the library follows from `change:hasSynced`. */
async function sync(account) {
  enter(account);
  const restored = await restoreOutbox();
  setState('CONNECTED');
  const { ms, progress } = account.sync;
  if (faults.syncTooEarly) {
    Socket.set('hasSynced', true);
    return;
  }
  for (const percent of progress) {
    await sleep(ms / progress.length);
    reportProgress(percent);
  }
  // In life nobody can be too late for this event as long as the page is busy; a fault makes it early.
  await until(() => !faults.neverSync && Socket.listenerCount('change:hasSynced') > 0);
  Socket.set('hasSynced', true);
  void resend(restored);
  void catchUp(account.missed);
}

/** The device is no longer linked: forget everything and leave, as WhatsApp Web does. */
async function leave(reason) {
  Cmd.trigger('logout_from_bridge');
  await clear();
  location.href = `/?post_logout=1&logout_reason=${reason}`;
}

/** Connects for the first time, or again after the connection was lost. */
async function hello(call) {
  const [keys, login] = [await loadKeys(), await loadLogin()];
  useKeys(keys);
  const wasSynced = Socket.hasSynced;
  const answer = await call('hello', { keys, login, state: Socket.state, seen: wasSynced ? seen() : null });
  if (faults.stuckOpening) return;
  if (answer.status === 'linked') {
    if (wasSynced) {
      setState('CONNECTED');
      void catchUp(answer.missed);
    } else void sync(answer);
  } else if (answer.status === 'unpaired') {
    awaitPhone(answer.ref);
  } else if (answer.status === 'revoked') {
    void leave(401);
  } else {
    notice(answer.status);
    setState(answer.status === 'blocked' ? 'TOS_BLOCK' : 'DEPRECATED_VERSION');
  }
}

onLeave(leave);
onConnection({ hello, down: () => setState('TIMEOUT') });

onServer('ref', ({ ref }) => {
  Conn.set('ref', ref);
});
onServer('qrIdle', () => setState('UNPAIRED_IDLE'));
onServer('setState', ({ state }) => setState(state));
onServer('faults', (changed) => {
  Object.assign(faults, changed);
  if (Socket.state !== 'CONNECTED') return;
  if (faults.blocked) setState('TOS_BLOCK');
  if (faults.outdated) setState('DEPRECATED_VERSION');
});
onServer('passkey', () => {
  setState('PAIRING');
  notice('passkey');
  askForPasskey();
});
onServer('paired', async ({ deviceId, secret, ...account }) => {
  setState('PAIRING');
  await saveLogin({ deviceId, secret });
  void sync(account);
  const { name, os } = window.require('WAWebMiscBrowserUtils').info();
  return { name: `${name} (${os})` };
});
onServer('loggedOut', ({ reason }) => void leave(reason));
onServer('page', ({ action, url }) => {
  if (action === 'reload') setTimeout(() => location.reload());
  if (action === 'navigateAway') setTimeout(() => (location.href = url ?? 'about:blank'));
  if (action === 'pushState') history.pushState({}, '', url ?? '/?simulated=1');
  if (action === 'close') setTimeout(() => window.close());
  if (action === 'iframe') {
    const frame = document.createElement('iframe');
    frame.src = url ?? '/__sim/blank';
    document.body.append(frame);
  }
});

export function start() {
  server.open();
}
