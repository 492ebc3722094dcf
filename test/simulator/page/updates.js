// What the server announces to a linked page, in order; after a lost connection it is caught up with.
import { Msg } from './messages.js';
import { onServer } from './server.js';

const handlers = {};
let last = 0;

/** Registers how one kind of update changes the page. */
export function onUpdate(name, handler) {
  handlers[name] = handler;
}

async function apply({ seq, name, args }) {
  if (seq <= last) return;
  last = seq;
  await handlers[name](args);
}

/** The last update that this page knows. */
export const seen = () => last;

/** Where a page begins: everything up to `seq` is in its snapshot. */
export function startAt(seq) {
  last = seq;
}

/** Applies what was missed, once somebody listens. */
export async function catchUp(missed) {
  if (missed.length === 0) return;
  while (Msg.listenerCount('add') === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const update of missed) await apply(update);
}

onServer('update', apply);
