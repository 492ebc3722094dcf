/** The floor of bench/inbound.ts: what anybody writes first to hear messages over Socket.IO. Nothing is written down. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Server } from 'socket.io';

import { remoteSimulator } from '../../test/simulator/client.ts';
import { startLinkedLibrary } from './linked-library.ts';

const [controlUrl = '', ...chromiumArgs] = process.argv.slice(2);
const { client, ...library } = await startLinkedLibrary(chromiumArgs, () =>
  remoteSimulator(controlUrl).scan(),
);
const server = createServer();
const io = new Server(server, { serveClient: false });
client.on('message', ({ from, body }) => io.emit('message', { from, body }));
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => void library[Symbol.asyncDispose]().then(() => process.exit()));
