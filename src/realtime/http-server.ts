import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';

/**
 * The HTTP server under REST and Socket.IO. Only Socket.IO's own requests may leave HTTP. Clients that offer another
 * protocol with a plain request (`Upgrade: h2c`: Java's HttpClient and `curl --http2` do so by default) are answered as
 * if they had not, as RFC 9110 (7.8) has it; handed to Socket.IO they would never be answered.
 * @param answer who answers; left out when that is not there yet, see `WaitingRoom`
 */
export function createHttpServer(answer?: RequestListener): Server {
  return createServer({ shouldUpgradeCallback: isSocketIo }, answer);
}

function isSocketIo({ url, headers }: IncomingMessage): boolean {
  return url?.startsWith('/socket.io/') === true && headers.upgrade?.toLowerCase() === 'websocket';
}
