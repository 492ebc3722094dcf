import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { io, type Socket } from 'socket.io-client';
import { expect, onTestFinished, test } from 'vitest';

import { systemClock } from '../../src/clock.ts';
import { createRealtime } from '../../src/realtime/server.ts';
import { FakeSession } from '../support/fake-session.ts';
import { silent, startMessaging } from '../support/messaging.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const CLIENTS = 200;
const BEFORE = 300;
const DURING = 300;

test('200 clients that come back at once while events go on, each gets what it missed and the rest, once and in order', async () => {
  const { journal } = startMessaging(tempFolder(), { clock: systemClock });
  let number = 0;
  const append = () => {
    number += 1;
    const data = {
      messageId: `true_15550002222@c.us_3EB0${number}`,
      chatId: '15550002222@c.us',
      participant: null,
      ack: 2,
      ackName: 'DEVICE' as const,
    };
    return journal.append({ type: 'message.ack', key: `${number}`, at: Date.now(), data });
  };
  for (let n = 0; n < BEFORE; n += 1) await append();

  const server = createServer();
  const realtime = createRealtime({
    session: new FakeSession(),
    apiKey: undefined,
    corsOrigins: [],
    trustProxy: false,
    httpServer: server,
    journal: { now: () => journal, onOpen: () => () => undefined },
    log: silent,
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sockets: Socket[] = [];
  onTestFinished(async () => {
    for (const socket of sockets) socket.disconnect();
    await realtime.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const heard = Array.from({ length: CLIENTS }, (_, client) => {
    // Each was away for another while.
    const since = Math.floor((client * BEFORE) / CLIENTS);
    const seqs: number[] = [];
    const transports = client % 2 === 0 ? ['websocket'] : ['polling', 'websocket'];
    const socket = io(url, { auth: { since }, transports, forceNew: true, reconnection: false });
    socket.on('event', ({ seq }: { seq: number }) => seqs.push(seq));
    sockets.push(socket);
    return { since, seqs };
  });
  for (let n = 0; n < DURING; n += 1) {
    await append();
    // So that clients are let in between.
    if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const { lastSeq } = journal;
  expect(lastSeq).toBe(BEFORE + DURING);
  await waitFor(() => heard.every(({ seqs }) => seqs.at(-1) === lastSeq), {
    what: 'everybody to have the last event',
    timeoutMs: 50_000,
  });
  for (const { since, seqs } of heard) {
    expect(seqs).toEqual(Array.from({ length: lastSeq - since }, (_, index) => since + 1 + index));
  }
});
