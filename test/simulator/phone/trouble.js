// Faults to play with.
import { button, byId, h } from './dom.js';
import { control } from './simulator.js';
import { word } from './words.js';

const FAULTS = { offline: 'offlineFault', refuse: 'refuse', neverAcked: 'neverAcked' };
const ACTIONS = {
  crashPage: ['crashPage'],
  killBrowser: ['killBrowser'],
  conflict: ['setState', 'CONFLICT'],
  reload: ['page', 'reload'],
};

let faults = {};
const toggles = Object.entries(FAULTS).map(([fault, name]) => {
  const toggle = button(word(name), { class: 'plain', 'aria-pressed': 'false' }, () =>
    control('setFault', fault, !faults[fault]),
  );
  toggle.dataset.fault = fault;
  return toggle;
});
const actions = Object.entries(ACTIONS).map(([name, call]) =>
  button(word(name), { class: 'plain bad' }, () => control(...call)),
);
byId('trouble').append(
  h('p', { class: 'soft' }, word('troubleHint')),
  h('div', { class: 'stack' }, ...toggles, ...actions),
);

export function showTrouble(state) {
  faults = state.faults;
  for (const toggle of toggles)
    toggle.setAttribute('aria-pressed', String(Boolean(faults[toggle.dataset.fault])));
}
