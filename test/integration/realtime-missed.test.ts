import { io } from 'socket.io-client';
import { expect, onTestFinished, test } from 'vitest';

import { systemClock } from '../../src/clock.ts';
import { eventually } from '../support/eventually.ts';
import { startMessaging } from '../support/messaging.ts';
import { serveEvents } from '../support/serve-events.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { call } from '../support/webhooks.ts';

/** A journal that has come to number 5, of which retention has kept so many, in a process that has just started. */
async function fiveOfWhich(kept: number) {
  const folder = tempFolder();
  const before = startMessaging(folder, { clock: systemClock });
  for (let n = 1; n <= 5; n += 1) await before.journal.append(call(n));
  await before.store.transactions.run(() => before.store.journal.removeOldest(5 - kept));
  await before.stop();
  return startMessaging(folder, { clock: systemClock });
}

test.each([
  ['beyond what is kept', 1, 2, ['missed 1 4', 4, 5, 6]],
  ['just beyond it', 2, 2, ['missed 2 4', 4, 5, 6]],
  ['where it begins', 3, 2, [4, 5, 6]],
  ['at the newest', 5, 2, [6]],
  ['where nothing is kept', 4, 0, ['missed 4 null', 6]],
  ['at the newest, where nothing is kept', 5, 0, [6]],
  ['of another journal', 9, 2, ['missed 9 4', 4, 5, 6]],
  ['nowhere, a client that comes for the first time', null, 2, [6]],
])(
  'a client that was last %s, told of what it missed before it hears the rest',
  async (_where, since, kept, told) => {
    const { journal } = await fiveOfWhich(kept);
    const socket = io(await serveEvents(journal), { auth: { since }, forceNew: true, reconnection: false });
    onTestFinished(() => void socket.disconnect());
    const heard: unknown[] = [];
    socket.on('event', ({ seq }: { seq: number }) => heard.push(seq));
    socket.on('events_missed', (gap: { since: number; firstSeq: number | null }) =>
      heard.push(`missed ${gap.since} ${gap.firstSeq}`),
    );
    const connected = new Promise((resolve) => socket.on('status', resolve));
    await connected;
    await journal.append(call(6));
    await eventually(() => heard.at(-1)).toBe(6);
    expect(heard).toEqual(told);
  },
);
