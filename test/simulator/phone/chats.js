// The list of people and groups, and one conversation.
import { button, byId, h } from './dom.js';
import { control } from './simulator.js';
import { language, word } from './words.js';

const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });
const [list, messages, composer] = [h('div', { class: 'rows' }), byId('messages'), byId('composer')];
const auto = h('input', { type: 'checkbox', id: 'auto' });
byId('chats').append(
  h('p', { class: 'soft' }, word('chatsHint')),
  h('label', { class: 'row' }, word('autoReceipts'), auto),
  list,
);
auto.addEventListener('change', () => control('setAutoAck', auto.checked ? 3 : 1, 800));

let open = null;
let onOpen = () => {};

/** Calls back with the name of the conversation that was chosen. */
export function whenOpened(handler) {
  onOpen = handler;
}

function summary(message) {
  if (!message) return word('empty');
  return `${message.fromMe ? '→ ' : ''}${message.text || message.type}`;
}

function row(chat, show) {
  const last = chat.messages.at(-1);
  const element = h(
    'button',
    { type: 'button', class: 'row', 'data-chat': chat.id },
    h('div', {}, h('strong', {}, chat.name), h('p', { class: 'soft' }, summary(last))),
  );
  element.addEventListener('click', () => {
    open = chat.id;
    show();
    onOpen(chat.name);
  });
  return element;
}

const ACKS = { 0: ['◷', 'ack0'], 1: ['✓', 'ack1'], 2: ['✓✓', 'ack2'], 3: ['✓✓', 'ack3'], 4: ['✓✓', 'ack3'] };

function ticks(ack) {
  const [sign, name] = ACKS[ack] ?? ['!', 'ackFailed'];
  const state = ack >= 3 ? ' read' : ack < 0 ? ' failed' : '';
  return h(
    'span',
    { class: `ticks${state}`, title: word(name) },
    sign,
    h('span', { class: 'visually-hidden' }, word(name)),
  );
}

function receipts({ key, ack }) {
  const next = { 1: [2, 'delivered'], 2: [3, 'read'] }[ack];
  return next ? button(word(next[1]), {}, () => control('ack', key, next[0])) : null;
}

function bubble(message) {
  const { fromMe, type, text, author, t, media } = message;
  if (type === 'gp2') return h('li', { class: 'bubble note' }, `${message.subtype} ${text}`);
  const image = media?.startsWith('/phone/media') ? h('img', { src: media, alt: type }) : null;
  const meta = h('div', { class: 'meta' }, clock.format(new Date(t * 1000)));
  if (fromMe) {
    const receipt = receipts(message);
    if (receipt) meta.prepend(receipt);
    meta.append(ticks(message.ack));
  }
  return h(
    'li',
    { class: `bubble${fromMe ? ' mine' : ''}`, 'data-key': message.key },
    author ? h('strong', {}, author) : null,
    image,
    h('div', {}, text || (image ? '' : `[${type}]`)),
    meta,
  );
}

const drawn = new Map();

export function showChats({ chats, autoAck }) {
  auto.checked = autoAck === 3;
  const show = () => showChats({ chats, autoAck });
  const rows = JSON.stringify(
    chats.map(({ id, name, messages: all }) => [id, name, all.at(-1)?.key, all.at(-1)?.text]),
  );
  if (drawn.get(list) !== rows) list.replaceChildren(...chats.map((chat) => row(chat, () => show())));
  drawn.set(list, rows);
  const chat = chats.find(({ id }) => id === open);
  const content = JSON.stringify(chat?.messages ?? null);
  if (drawn.get(messages) === content) return;
  drawn.set(messages, content);
  messages.replaceChildren(...(chat?.messages ?? []).map(bubble));
  messages.scrollTop = messages.scrollHeight;
}

async function fileContent(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const data = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  return { data, mimetype: file.type || 'application/octet-stream', filename: file.name };
}

composer.addEventListener('submit', async (event) => {
  event.preventDefault();
  const [text, file] = [byId('text'), byId('file')];
  const chosen = file.files[0];
  if (!text.value && !chosen) return;
  const message = chosen
    ? { from: open, media: await fileContent(chosen), caption: text.value }
    : { from: open, body: text.value };
  if (await control('receive', message)) composer.reset();
  text.focus();
});
byId('file').addEventListener('change', () => composer.requestSubmit());
