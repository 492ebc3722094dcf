import { EventEmitter } from 'node:events';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { DriverEvent } from '../../src/session/driver.ts';
import { ClientEvents } from '../../src/whatsapp/client-events.ts';
import { LinkWatch } from '../../src/whatsapp/link-watch.ts';
import type { PageClient } from '../../src/whatsapp/page-client.ts';
import { RecordingLog } from '../support/session-rig.ts';

const GRACE_MS = 4_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function unlinked() {
  const heard: DriverEvent[] = [];
  const log = new RecordingLog();
  const watch = new LinkWatch({
    events: new ClientEvents((event) => heard.push(event), log),
    log,
    logoutGraceMs: GRACE_MS,
    refreshQr: () => Promise.resolve(),
    announceSync: () => Promise.resolve(false),
  });
  const library = new EventEmitter();
  watch.listen(library as unknown as PageClient);
  const socket = (state: string) => {
    watch.observed({ type: 'state', state });
  };
  return { watch, library, socket, heard, said: () => heard.map(({ type }) => type) };
}

/** A device that is linked and connected; what is heard from then on is in `heard`. */
function linked() {
  const device = unlinked();
  device.socket('CONNECTED');
  device.heard.length = 0;
  return device;
}

test('unpaired for good, an interruption at once, and unlinked after a grace', () => {
  const { socket, heard, said } = linked();
  socket('UNPAIRED');
  expect(heard).toEqual([{ type: 'connection', connected: false, socketState: 'UNPAIRED' }]);
  vi.advanceTimersByTime(GRACE_MS - 1_000);
  socket('UNPAIRED');
  vi.advanceTimersByTime(1_000);
  expect(said()).toEqual(['connection', 'connection', 'failed']);
  expect(heard.at(-1)).toMatchObject({ error: { code: 'unpaired' } });
});

test.each([
  ['connected again', ({ socket }) => socket('CONNECTED')],
  ['opening its socket', ({ socket }) => socket('OPENING')],
  ['showing a QR', ({ library }) => library.emit('qr', '2@ref,key')],
  ['loaded anew', ({ watch }) => watch.restart()],
] satisfies [string, (device: ReturnType<typeof linked>) => unknown][])(
  'unpaired for a moment and then %s, nothing follows from it',
  (_what, then) => {
    const device = linked();
    device.socket('UNPAIRED');
    vi.advanceTimersByTime(1_000);
    then(device);
    vi.advanceTimersByTime(10 * GRACE_MS);
    expect(device.said()).not.toContain('failed');
    device.socket('CONNECTED');
    device.socket('UNPAIRED');
    vi.advanceTimersByTime(GRACE_MS);
    expect(device.said().at(-1)).toBe('failed');
  },
);

test('a document that is replaced while a pairing code is shown, its QR takes the place of the code', () => {
  const { watch, library, heard } = unlinked();
  watch.pairing = true;
  library.emit('qr', '2@old,key');
  expect(heard).toEqual([]);
  watch.restart();
  library.emit('qr', '2@new,key');
  expect(heard.at(-1)).toEqual({ type: 'qr', payload: '2@new,key' });
});

test('unpaired before anything is linked, nothing', () => {
  const { socket, heard } = unlinked();
  socket('UNPAIRED');
  vi.advanceTimersByTime(GRACE_MS);
  expect(heard).toEqual([]);
});

test('unpaired and then logged out by the page, which hangs, is logged out', () => {
  const { watch, socket, said } = linked();
  socket('UNPAIRED');
  vi.advanceTimersByTime(1);
  watch.observed({ type: 'logout' });
  socket('UNPAIRED');
  vi.advanceTimersByTime(GRACE_MS);
  expect(said()).toEqual(['connection', 'connection', 'logged_out']);
});
