import { io, type Socket } from 'socket.io-client';
import { expect, onTestFinished, test } from 'vitest';

import { systemClock } from '../../src/clock.ts';
import { startMessaging } from '../support/messaging.ts';
import { serveEvents } from '../support/serve-events.ts';
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

  const url = await serveEvents(journal);
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.disconnect();
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
