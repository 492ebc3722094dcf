import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface HttpLoad {
  readonly port: number;
  /** Keep-alive connections, with one request at a time on each. */
  readonly connections: number;
  readonly seconds: number;
  /** The bytes of the next request. */
  readonly request: () => Buffer;
  /** What every answer must be. */
  readonly status: number;
}

/** Answers a second. The client does as little as it can, because it runs on the machine that it measures. */
export async function answersPerSecond(load: HttpLoad): Promise<number> {
  const sockets = await Promise.all(
    Array.from({ length: load.connections }, async () => {
      const socket = connect(load.port, '127.0.0.1').setNoDelay(true);
      await once(socket, 'connect');
      return socket;
    }),
  );
  let answers = 0;
  for (const socket of sockets) {
    countAnswers(socket, load.status, () => {
      answers += 1;
      socket.write(load.request());
    });
    socket.write(load.request());
  }
  const begin = performance.now();
  await new Promise((done) => setTimeout(done, load.seconds * 1000));
  const rate = answers / ((performance.now() - begin) / 1000);
  for (const socket of sockets) socket.destroy();
  return rate;
}

/** The smallest HTTP client that counts right: a header block, then as many bytes as it says. */
function countAnswers(socket: Socket, status: number, onAnswer: () => void): void {
  let head = '';
  let missing = 0;
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    let rest = chunk;
    while (rest.length > 0) {
      if (missing > 0) {
        const taken = Math.min(missing, rest.length);
        missing -= taken;
        rest = rest.subarray(taken);
        if (missing === 0) onAnswer();
        continue;
      }
      head += rest.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!head.startsWith(`HTTP/1.1 ${status}`)) throw new Error(`not ${status}: ${head.slice(0, 40)}`);
      missing = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      rest = Buffer.from(head.slice(end + 4), 'latin1');
      head = '';
    }
  });
}
