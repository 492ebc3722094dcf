// The one connection of this page. Other files register what the server may call.
import { Channel } from './channel.js';

const handlers = {};
const life = { hello: async () => {}, down: () => {} };

export const server = new Channel(
  handlers,
  (call) => life.hello(call),
  () => life.down(),
);

/** Registers what the server may call. */
export function onServer(name, handler) {
  handlers[name] = handler;
}

/** Says what happens when the connection comes up and goes down. */
export function onConnection({ hello, down }) {
  Object.assign(life, { hello, down });
}
