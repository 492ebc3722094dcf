/**
 * One new QR to 1,000 Socket.IO clients: from the change of the status to the last client that has it.
 * The clients live in a process of their own, as they do in life.
 *
 *   node bench/sockets.ts [--clients 1000] [--rounds 10] [--smoke]
 */
import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { io } from 'socket.io-client';
import { createLogger } from '../src/log.ts';
import { encodeQr } from '../src/qr-images.ts';
import { createRealtime } from '../src/realtime/server.ts';
import { FakeSession, qrStatus } from '../test/support/fake-session.ts';
import { median, percentile, print } from './support/report.ts';
import { sizes } from './support/sizes.ts';

if (process.argv[2] === '--listen') listen(Number(process.argv[3]), Number(process.argv[4]));
else await serve(sizes({ clients: [1_000, 20], rounds: [10, 2] }));

async function serve({ clients, rounds }: { clients: number; rounds: number }): Promise<void> {
  const session = new FakeSession();
  const httpServer = createServer();
  const realtime = createRealtime({
    httpServer,
    session,
    apiKey: undefined,
    corsOrigins: [],
    trustProxy: false,
    log: createLogger({ level: 'error' }),
  });
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  const { port } = httpServer.address() as AddressInfo;
  const child = fork(import.meta.filename, ['--listen', String(port), String(clients)]);
  const heard = () => new Promise<void>((resolve) => child.once('message', () => resolve()));
  await heard();
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { dataUrl } = await encodeQr(
      `2@${'A1b2'.repeat(38)},${String(round).padStart(44, '0')},${'e5F6'.repeat(22)}`,
    );
    const all = heard();
    const started = performance.now();
    session.become({ ...qrStatus(round + 1), qrCode: dataUrl });
    await all;
    times.push(performance.now() - started);
  }
  print(`one new QR to ${clients} socket clients (both ends on this machine)`, [
    ['until the last client has it, median', `${median(times).toFixed(0)} ms`],
    ['p90', `${percentile(times, 0.9).toFixed(0)} ms`],
  ]);
  child.kill();
  await realtime.close();
  httpServer.close();
}

function listen(port: number, clients: number): void {
  let connected = 0;
  const got = new Map<number, number>();
  for (let index = 0; index < clients; index += 1) {
    const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true });
    socket.on('status', () => {
      connected += 1;
      if (connected === clients) process.send?.('connected');
    });
    socket.on('qr', ({ attempt }: { attempt: number }) => {
      const count = (got.get(attempt) ?? 0) + 1;
      got.set(attempt, count);
      if (count === clients) process.send?.('all');
    });
  }
}
