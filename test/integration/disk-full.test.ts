import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { DatabaseSync } from 'node:sqlite';

import { describe, expect, onTestFinished, test } from 'vitest';

import { systemClock } from '../../src/clock.ts';
import type { EventInput } from '../../src/events/event.ts';
import { InboundMedia } from '../../src/media/inbound.ts';
import { Acknowledgements } from '../../src/messages/acknowledgements.ts';
import { storageError } from '../../src/store/errors.ts';
import { silent, startMessaging, text } from '../support/messaging.ts';
import { settle, SettlingClock } from '../support/settling-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';

/** A file system of 4 MB of its own, or null where none can be mounted. */
function smallDisk(): string | null {
  const folder = tempFolder();
  if (process.getuid?.() !== 0) return null;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return null;
  }
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
  return folder;
}

interface Trouble {
  readonly code: string;
  begin(folder: string, connection: DatabaseSync): void;
  end(folder: string, connection: DatabaseSync): void;
}

const FULL: Trouble = {
  code: 'storage_full',
  begin(folder) {
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(join(folder, 'filler'), Buffer.alloc(bavail * bsize));
  },
  end: (folder) => rmSync(join(folder, 'filler')),
};

/** A file system that is remounted read-only under an open database shows itself to it as failing writes. */
const READ_ONLY: Trouble = {
  code: 'storage_unavailable',
  begin: (_folder, connection) => connection.exec('PRAGMA query_only = ON'),
  end: (_folder, connection) => connection.exec('PRAGMA query_only = OFF'),
};

/** A volume that goes, or somebody who clears up: SQLite goes on writing to a file that nobody finds again. */
const MOVED_AWAY: Trouble = {
  code: 'storage_unavailable',
  begin: (folder) => renameSync(folder, `${folder}.away`),
  end: (folder) => renameSync(`${folder}.away`, folder),
};

/** A copy that is put back beside a gateway that runs. */
const REPLACED: Trouble = {
  code: 'storage_unavailable',
  begin(folder) {
    MOVED_AWAY.begin(folder, null as never);
    mkdirSync(folder);
    writeFileSync(join(folder, 'gateway.db'), '');
  },
  end(folder) {
    rmSync(folder, { recursive: true });
    MOVED_AWAY.end(folder, null as never);
  },
};

function call(n: number): EventInput {
  const timestamp = new Date(n).toISOString();
  const data = { id: `${n}`, from: null, isVideo: false, isGroup: false, fromMe: false, timestamp };
  return { type: 'call', key: `${n}`, at: n, data };
}

async function outlives(folder: string, trouble: Trouble): Promise<void> {
  const core = startMessaging(folder, { clock: systemClock });
  const { outbox, sender, journal, ledger, transport, store } = core;
  const acknowledgements = new Acknowledgements(ledger, systemClock, silent);
  onTestFinished(() => acknowledgements.stop());
  transport.ack = 0;
  const onItsWay = await outbox.accept(text('on its way', '+49 151 00000001'));
  sender.connected();
  await waitFor(() => outbox.find(onItsWay.message.id)?.handedAt);
  sender.disconnected();
  transport.ack = 1;
  const accepted = ['one', 'two', 'three'];
  for (const body of accepted) await outbox.accept(text(body));

  trouble.begin(folder, store.connection);
  // What room the last page has may be used up first.
  await waitFor(async () => {
    const body = `filling ${accepted.length} ${'x'.repeat(5_000)}`;
    try {
      await outbox.accept(text(body));
      accepted.push(body);
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: trouble.code, retryable: true });
      expect((error as { action?: string }).action).toBeTruthy();
      return true;
    }
  });
  const appended = journal.append(call(1));
  await acknowledgements.record(onItsWay.message.waId, 3);
  sender.connected();
  await waitFor(() => transport.lookUps.length > 0, { what: 'the sender to have tried' });
  await expect(outbox.accept(text('refused'.repeat(1_000)))).rejects.toMatchObject({ code: trouble.code });
  expect(outbox.list({ statuses: [], before: null, limit: 1 })).toHaveLength(1);

  trouble.end(folder, store.connection);
  expect(await appended).toMatchObject({ type: 'call' });
  await waitFor(() => outbox.counts().sent === accepted.length, { what: 'all to be sent' });
  await waitFor(() => outbox.find(onItsWay.message.id)?.status === 'read', { what: 'the acknowledgement' });
  expect(transport.texts()).toEqual(['on its way', ...accepted]);
  expect([...transport.delivered.values()].filter(({ handOvers }) => handOvers > 1)).toEqual([]);
  await outbox.accept(text('after'));
  await waitFor(() => transport.texts().at(-1) === 'after');
  await core.stop();
  const again = startMessaging(folder, { clock: systemClock });
  expect(again.store.outbox.counts()).toEqual({ read: 1, sent: accepted.length + 1 });
}

describe('while the gateway runs', () => {
  test('the disk becomes full: sends refused with the reason, nothing accepted lost or doubled, goes on by itself (needs root and mount)', async ({
    skip,
  }) => {
    const folder = smallDisk();
    if (folder === null) return skip('no file system can be mounted here');
    await outlives(folder, FULL);
  });

  test('the database becomes read-only: the same', async () => {
    await outlives(tempFolder(), READ_ONLY);
  });

  test.each([
    ['is moved away', MOVED_AWAY],
    ['has another one in its place', REPLACED],
  ])('the data folder %s: the same, once it is back', async (_what, trouble) => {
    await outlives(tempFolder(), trouble);
  });

  test('the disk fails between the hand-over and its note: written down once it can be, handed over once', async () => {
    const clock = new SettlingClock();
    const { outbox, sender, transport, store } = startMessaging(tempFolder(), { clock });
    const page = Promise.withResolvers<unknown>();
    transport.faults.push({ type: 'hang', until: page.promise });
    const { message } = await outbox.accept(text('one'));
    sender.connected();
    await waitFor(() => outbox.find(message.id)?.status === 'sending');
    store.connection.exec('PRAGMA query_only = ON');
    page.resolve(null);
    await waitFor(() => transport.texts().length === 1);
    await settle();
    expect(outbox.find(message.id)?.status).toBe('sending');
    store.connection.exec('PRAGMA query_only = OFF');
    await clock.advance(60_000);
    expect(outbox.find(message.id)?.status).toBe('sent');
    expect([...transport.delivered.values()].map(({ handOvers }) => handOvers)).toEqual([1]);
  });

  test('the disk is full: an upload and a file that came in, refused with the reason and nothing left behind (needs root and mount)', async ({
    skip,
  }) => {
    const folder = smallDisk();
    if (folder === null) return skip('no file system can be mounted here');
    const { store, stop } = startMessaging(folder, { clock: systemClock });
    const bytes = Buffer.alloc(1_000_000, 'x');
    const media = { bytes, mimetype: 'image/png', filename: null };
    const inbound = new InboundMedia(
      join(folder, 'inbound'),
      () => Promise.resolve(media),
      storageError,
      2_000_000,
    );
    FULL.begin(folder, store.connection);
    await expect(store.outgoingMedia.put(Readable.from([bytes]), 2_000_000)).rejects.toMatchObject({
      code: 'storage_full',
    });
    await expect(inbound.get('m')).rejects.toMatchObject({ code: 'storage_full' });
    FULL.end(folder, store.connection);
    expect((await store.outgoingMedia.put(Readable.from([bytes]), 2_000_000)).size).toBe(1_000_000);
    expect((await inbound.get('m')).mimetype).toBe('image/png');
    await stop();
  });
});
