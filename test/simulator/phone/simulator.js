// What the phone asks of the simulator.
import { byId } from './dom.js';
import { word } from './words.js';

let hiding = 0;

export function notify(text) {
  const notice = byId('notice');
  notice.textContent = text;
  notice.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (notice.hidden = true), 6_000);
}

/** Calls a control of the simulator. A refusal is shown; resolves with whether it was done. */
export async function control(name, ...args) {
  const response = await fetch(`/control/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(args),
  }).catch(() => null);
  if (response?.ok) return true;
  const { error } = (await response?.json().catch(() => null)) ?? { error: null };
  if (error === null) notify(word('lost'));
  else notify(word(error.code) ?? `${word('failed')} ${error.message}`);
  return false;
}

/** Calls `show` with the phone's state now and after every change. */
export function follow(show) {
  const events = new EventSource('/phone/events');
  const load = async () => {
    const response = await fetch('/phone/state').catch(() => null);
    if (response?.ok) show(await response.json());
  };
  events.onopen = load;
  events.onmessage = load;
  events.onerror = () => notify(word('lost'));
}
