// What a profile keeps: keys and login in IndexedDB, the marker of the login in localStorage, and the
// messages that are not handed over yet. A login counts only when both places agree.

import { config } from './config.js';

const DATABASE = 'wawc';
const MARKER = 'last-wid-md';

/** What the QR says this device is: a browser. */
export const PLATFORM = '1';

let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('user');
      request.result.createObjectStore('outbox');
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function within(store, mode, work) {
  const database = await open();
  // The login is worth a flush to the disk; what is not handed over yet survives the browser without one.
  const durability = store === 'user' ? 'strict' : 'relaxed';
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode, { durability });
    const request = work(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = () => reject(transaction.error);
  });
}

const get = (store, key) => within(store, 'readonly', (table) => table.get(key));
const put = (store, key, value) => within(store, 'readwrite', (table) => table.put(value, key));

function randomBase64() {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
}

/** The keys of this profile; made at the first start. */
export async function loadKeys() {
  const known = await get('user', 'keys');
  if (known) return known;
  const keys = { noise: randomBase64(), identity: randomBase64(), adv: randomBase64(), platform: PLATFORM };
  await put('user', 'keys', keys);
  return keys;
}

export async function loadLogin() {
  const login = await get('user', 'login');
  const marker = localStorage.getItem(MARKER);
  return login && (config.loginIn === 'indexedDB' || marker === login.deviceId) ? login : null;
}

export async function saveLogin(login) {
  localStorage.setItem(MARKER, login.deviceId);
  await put('user', 'login', login);
}

/** Forgets everything, keys too: what a logout leaves is a new device. */
export async function clear() {
  localStorage.clear();
  await within('user', 'readwrite', (table) => table.clear());
  await within('outbox', 'readwrite', (table) => table.clear());
}

export const outbox = {
  add: (key, message) => put('outbox', key, message),
  remove: (key) => within('outbox', 'readwrite', (table) => table.delete(key)),
  all: () => within('outbox', 'readonly', (table) => table.getAll()),
};
