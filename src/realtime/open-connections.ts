import type { Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * Keeps track of connections that have become WebSockets. The HTTP server does not count them as its own
 * (`closeAllConnections()` leaves them open) and yet waits for them when it closes.
 */
export function openConnections(httpServer: HttpServer): {
  /** Resolves when all are closed; those that have not said goodbye after `graceMs` milliseconds are cut. */
  end(graceMs: number): Promise<void>;
} {
  const open = new Set<Duplex>();
  httpServer.on('upgrade', (_request, connection: Duplex) => {
    open.add(connection);
    connection.once('close', () => open.delete(connection));
  });
  return {
    async end(graceMs) {
      const closed = [...open].map(
        (connection) => new Promise<void>((done) => connection.once('close', done)),
      );
      const cut = setTimeout(() => {
        for (const connection of open) connection.destroy();
      }, graceMs);
      await Promise.all(closed);
      clearTimeout(cut);
    },
  };
}
