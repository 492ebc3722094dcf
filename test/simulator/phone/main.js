// The phone of the simulated account: links devices, and writes to the gateway as its friends.
import { showChats, whenOpened } from './chats.js';
import { showDevices } from './devices.js';
import { byId } from './dom.js';
import { follow } from './simulator.js';
import { showTrouble } from './trouble.js';
import { language, word } from './words.js';

const SCREENS = ['devices', 'chats', 'conversation', 'trouble'];
let account = { name: '', phone: '' };

function show(screen, title) {
  for (const name of SCREENS) byId(name).hidden = name !== screen;
  for (const tab of document.querySelectorAll('[data-tab]')) {
    const selected = tab.dataset.tab === (screen === 'conversation' ? 'chats' : screen);
    tab.setAttribute('aria-selected', String(selected));
  }
  byId('back').hidden = screen !== 'conversation';
  byId('title').textContent = title ?? `${word('phoneOf')} ${account.name}`;
  byId('subtitle').textContent = title ? '' : `+${account.phone} · ${word('simulated')}`;
}

document.documentElement.lang = language;
for (const element of document.querySelectorAll('[data-word]'))
  element.textContent = word(element.dataset.word);
for (const tab of document.querySelectorAll('[data-tab]')) {
  tab.addEventListener('click', () => show(tab.dataset.tab));
}
byId('back').setAttribute('aria-label', word('chats'));
byId('back').addEventListener('click', () => show('chats'));
whenOpened((name) => {
  show('conversation', name);
  byId('text').focus();
});

let first = true;
follow((state) => {
  account = state.account;
  document.title = `${word('phoneOf')} ${account.name}`;
  if (first) show('devices');
  first = false;
  showDevices(state);
  showChats(state);
  showTrouble(state);
});
