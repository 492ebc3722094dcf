import type { Server as HttpServer } from 'node:http';

import { Server, type Socket } from 'socket.io';

import { keyCheck, unauthorized } from '../border/api-key.ts';
import { errorBody } from '../border/error-body.ts';
import { originCheck } from '../border/origins.ts';
import { refusalLog } from '../border/refusal-log.ts';
import { systemClock } from '../clock.ts';
import type { Secret } from '../config.ts';
import type { Logger } from '../log.ts';
import type { SessionControl } from '../session/control.ts';
import { announcer, qrEvent } from './announcer.ts';
import { commandsOf, runCommand } from './commands.ts';
import type { ClientToServerEvents, ServerToClientEvents } from './events.ts';
import { checkSince, streamEvents, type JournalSource } from './event-stream.ts';
import { openConnections } from './open-connections.ts';

export interface RealtimeOptions {
  /** Socket.IO answers its `/socket.io/` requests on it; all others go on to the server's own handler. */
  readonly httpServer: HttpServer;
  readonly session: SessionControl;
  /** Undefined: everybody who reaches the port may do everything. */
  readonly apiKey: Secret | undefined;
  readonly corsOrigins: readonly string[];
  /** Express's `trust proxy`. */
  readonly trustProxy: boolean | number | string;
  readonly log: Logger;
  /** What clients hear live and catch up on; left out, they hear of the session alone. */
  readonly journal?: JournalSource;
}

export interface Realtime {
  /** How many clients are connected. */
  readonly clients: number;
  /** Closes every client so that it comes back when the gateway does; the HTTP server stays as it is. */
  close(): Promise<void>;
}

/** More than any command needs. A client that sends more is dropped. */
const MAX_MESSAGE_BYTES = 16 * 1024;

/** How long a client may take for its handshake, and for its goodbye, in milliseconds. */
const HANDSHAKE_MS = 10_000;
const GOODBYE_MS = 1_000;

/**
 * Serves Socket.IO: the status and its changes to every client, commands from them. Namespace `/` only.
 */
export function createRealtime(options: RealtimeOptions): Realtime {
  const { httpServer, session, corsOrigins, trustProxy, log, journal } = options;
  const hasKey = keyCheck(options.apiKey);
  const refused = refusalLog(log, systemClock, '[SOCKET] refused, no valid API key');
  const mayCome = originCheck({ allowed: corsOrigins, trustProxy });
  const commands = commandsOf(session);
  let closing = false;

  const connections = openConnections(httpServer);
  const io = new Server<ClientToServerEvents, ServerToClientEvents>(httpServer, {
    serveClient: false,
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    connectTimeout: HANDSHAKE_MS,
    ...(corsOrigins.length > 0 && { cors: { origin: [...corsOrigins], credentials: false } }),
    allowRequest: (request, answer) => {
      if (closing) answer('the gateway is stopping', false);
      else if (mayCome(request.headers)) answer(null, true);
      else answer('a page of another origin may not do this; see CORS_ORIGINS', false);
    },
  });

  io.use((socket, next) => {
    if (hasKey(socket.handshake.auth['apiKey'])) {
      next();
      return;
    }
    const data = errorBody(unauthorized('as auth: { apiKey } of the Socket.IO client'));
    refused({ code: data.code });
    next(Object.assign(new Error(data.message), { data }));
  });
  if (journal !== undefined) {
    io.use(checkSince);
    io.on('connection', (socket) => streamEvents(socket, journal, log));
  }

  io.on('connection', (socket) => {
    log.debug({ socket: socket.id, clients: io.engine.clientsCount }, '[SOCKET] connected');
    socket.on('disconnect', (why) => log.debug({ socket: socket.id, why }, '[SOCKET] disconnected'));
    socket.onAny((name: unknown, ...args: unknown[]) => {
      void runCommand(commands, name, args, log);
    });
    replay(socket);
  });

  const announce = announcer(session.status(), (name, ...payload) => io.emit(name, ...payload));
  const unsubscribe = session.subscribe(announce);

  /** A page that is opened late sees at once what everybody else saw when it happened. */
  function replay(socket: Socket<ClientToServerEvents, ServerToClientEvents>): void {
    const status = session.status();
    socket.emit('status', status);
    const qr = qrEvent(status);
    if (qr === null) return;
    socket.emit('qr', qr);
    log.info({ socket: socket.id, attempt: qr.attempt }, '[SOCKET] replay sent QR code');
  }

  return {
    get clients() {
      return io.engine.clientsCount;
    },
    async close() {
      closing = true;
      unsubscribe();
      // Not `io.close()`, which closes the HTTP server, nor `disconnectSockets()`, after which clients stay away.
      io.engine.close();
      await connections.end(GOODBYE_MS);
    },
  };
}
