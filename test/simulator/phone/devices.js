// Linked devices: scan, type a code, log out.
import { button, byId, h } from './dom.js';
import { control, notify } from './simulator.js';
import { language, word } from './words.js';

const time = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
const screen = byId('devices');
const scanPlace = h('div', { class: 'stack' });
const list = h('ul', { class: 'rows' });

screen.append(
  scanPlace,
  line('qr-text', 'pasteHint', 4_096, (text) => link('scan', { qr: text })),
  line('pairing-code', 'pairingHint', 9, (text) => link('enterPairingCode', text)),
  h('h2', {}, word('linked')),
  list,
);

async function link(name, ...args) {
  const done = await control(name, ...args);
  if (done) notify(word('scanned'));
  return done;
}

/** A field with a button; empties itself when it worked. */
function line(id, hint, maxLength, submit) {
  const input = h('input', { id, maxLength, autocomplete: 'off', spellcheck: false });
  const form = h(
    'form',
    {},
    h('label', { htmlFor: id, class: 'soft' }, word(hint)),
    h('div', { class: 'field' }, input, h('button', { class: 'plain' }, word('link'))),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text && (await submit(text))) input.value = '';
  });
  return form;
}

function device({ id, name, linkedAt, online }) {
  const state = word(online ? 'online' : 'offline');
  return h(
    'li',
    { class: 'row' },
    h(
      'div',
      {},
      h('strong', {}, name),
      h('p', { class: 'soft' }, `${state} · ${word('linkedAt')} ${time.format(new Date(linkedAt))}`),
    ),
    button(word('logOut'), { class: 'plain bad' }, () => control('phoneLogout', { deviceId: id })),
  );
}

let shown = null;

export function showDevices({ hasQr, devices }) {
  const state = JSON.stringify([hasQr, devices]);
  if (state === shown) return;
  shown = state;
  const scan = button(word('scan'), { class: 'primary big', id: 'scan' }, () => link('scan'));
  scan.disabled = !hasQr;
  const hint = hasQr ? word('qrHint') : `${word('noQr')}. ${word('noQrHint')}`;
  scanPlace.replaceChildren(scan, h('p', { class: 'soft' }, hint));
  const rows = devices.map(device);
  list.replaceChildren(...(rows.length > 0 ? rows : [h('li', { class: 'soft' }, word('noDevices'))]));
}
