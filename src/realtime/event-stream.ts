import type { Socket } from 'socket.io';
import { z } from 'zod';

import { errorBody } from '../border/error-body.ts';
import { validate } from '../border/validate.ts';
import { messageOf } from '../errors.ts';
import { follow } from '../events/follow.ts';
import type { Journal } from '../events/journal.ts';
import type { Logger } from '../log.ts';
import type { ClientToServerEvents, ServerToClientEvents } from './events.ts';

type Client = Socket<ClientToServerEvents, ServerToClientEvents>;

const MEANING = 'expected the seq of the last event that was handled, a whole number from 0';

const auth = z.object({
  since: z
    .union(
      [
        z.int({ error: MEANING }),
        z
          .string()
          .regex(/^\d{1,16}$/, MEANING)
          .transform(Number),
      ],
      {
        error: MEANING,
      },
    )
    .refine((since) => since >= 0, MEANING)
    // Null is what a client has at its first start.
    .nullish(),
});

/** How many packets may wait for a slow client before its events are held back. They wait in the journal then. */
const MAX_BUFFERED = 256;

/** How often a slow client is looked at, in milliseconds. */
const LOOK_AGAIN_MS = 50;

/** Refuses a handshake whose `since` is no number. */
export function checkSince(socket: Client, next: (error?: Error) => void): void {
  try {
    validate(auth, socket.handshake.auth);
    next();
  } catch (error) {
    const data = errorBody(error);
    next(Object.assign(new Error(data.message), { data }));
  }
}

/** A journal that may not be there yet. */
export interface JournalSource {
  /** @throws GatewayError why there is none yet */
  now(): Journal;
  /** Calls `wake` once there is one, unless the returned function is called before. */
  onOpen(wake: (journal: Journal) => void): () => void;
}

/** Sends a client everything above its `since`, then what happens, until it leaves. */
export function streamEvents(socket: Client, source: JournalSource, log: Logger): void {
  const { since } = validate(auth, socket.handshake.auth);
  const left = new AbortController();
  socket.on('disconnect', () => left.abort());
  const stream = (journal: Journal) => {
    if (since !== undefined && since !== null && journal.misses(since)) {
      socket.emit('events_missed', { since, firstSeq: journal.firstSeq() });
    }
    send(socket, journal, since ?? journal.lastSeq, left.signal).catch((error: unknown) => {
      log.error({ socket: socket.id, reason: messageOf(error) }, '[SOCKET] events end');
      // It comes back by itself, and takes up where it was.
      socket.conn.close();
    });
  };
  let journal: Journal;
  try {
    journal = source.now();
  } catch (error) {
    // The client stays: it hears of the session meanwhile, and of events as soon as there are any.
    socket.emit('events_unavailable', errorBody(error));
    const forget = source.onOpen(stream);
    socket.on('disconnect', forget);
    return;
  }
  stream(journal);
}

async function send(socket: Client, journal: Journal, since: number, signal: AbortSignal): Promise<void> {
  for await (const page of follow(journal, since, signal)) {
    for (const event of page) {
      while (!signal.aborted && buffered(socket) > MAX_BUFFERED) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      }
      if (signal.aborted) return;
      socket.emit('event', event);
    }
  }
}

/** Packets that the connection has not taken yet. Engine.IO keeps the list to itself and offers no count. */
function buffered(socket: Client): number {
  return (socket.conn as unknown as { writeBuffer: readonly unknown[] }).writeBuffer.length;
}
