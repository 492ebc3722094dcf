import { announce } from './announce.js';
import { GatewayClock } from './clock.js';
import { ConnectDialog } from './connect-dialog.js';
import { Countdowns } from './countdown.js';
import { byId, setOptional } from './dom.js';
import { Gateway } from './gateway.js';
import { chooseLanguage, currentLanguage, startLanguage, t, translate } from './i18n.js';
import { KeyPrompt } from './key-prompt.js';
import { LogoutDialog } from './logout-dialog.js';
import { Notices } from './notices.js';
import { StatusCard } from './status-card.js';
import { Store } from './store.js';

const store = new Store();
const clock = new GatewayClock();
const countdowns = new Countdowns(clock);
const gateway = new Gateway(store, clock);

/** Whether messages and events are on the page, or on their way. */
let hasTraffic = false;

startLanguage();

const logoutDialog = new LogoutDialog(() => void logOut());
const keyPrompt = new KeyPrompt((key) => gateway.useKey(key));
const notices = new Notices(() => store.set({ notice: null }));
const connectDialog = new ConnectDialog(
  countdowns,
  {
    connect,
    restart: () => void gateway.send('restart'),
    pair: (phoneNumber) => void gateway.send('pairing-code', { phoneNumber }),
  },
  () => store.set({ notice: null }),
);
const statusCard = new StatusCard(countdowns, {
  connect: openConnect,
  retry: openConnect,
  restart: () => void gateway.send('restart'),
  disconnect: () => void gateway.send('disconnect'),
  logout: () => logoutDialog.open(),
  unlock: () => keyPrompt.open(),
});

const language = byId('language', HTMLSelectElement);
language.addEventListener('change', () => {
  chooseLanguage(language.value);
  speak();
  store.publish();
});

store.subscribe((model) => {
  notices.render(model);
  const card = statusCard.render(model);
  const dialog = connectDialog.render(model);
  keyPrompt.render(model);
  logoutDialog.render(['syncing', 'ready', 'reconnecting'].includes(model.status?.phase ?? ''));
  if (model.link !== 'online') logoutDialog.close();
  setOptional(
    byId('version', HTMLElement),
    model.version === null ? null : t('app.version', { version: model.version }),
  );
  announce(connectDialog.isOpen ? dialog : card);
});

store.subscribe(({ link }) => {
  if (link === 'online' && !hasTraffic) void loadTraffic();
});

speak();
store.publish();
gateway.open();

/** Puts the page's fixed words into the language of the moment. */
function speak() {
  translate(document);
  language.value = currentLanguage();
}

/** The dialog comes first and at once: a QR that is already there shows without asking anybody. */
function openConnect() {
  connectDialog.open();
  const phase = store.model.status?.phase;
  if (phase === 'stopped' || phase === 'waiting' || phase === 'failed' || phase === 'stuck') connect();
}

function connect() {
  void gateway.send('connect');
}

async function logOut() {
  const answer = await gateway.send('logout');
  if (answer?.['unlinkConfirmed'] === false) store.set({ notice: () => t('logout.unconfirmed') });
}

/** Messages and events come after the card, which does not wait for what shows them. */
async function loadTraffic() {
  hasTraffic = true;
  const files = await import('../traffic/traffic.js').catch((error) => {
    // What a browser throws when a file does not come: the gateway went meanwhile, and is asked again once it is back.
    if (!(error instanceof TypeError)) throw error;
    hasTraffic = false;
  });
  files?.showTraffic({ gateway, store, countdowns });
}
