import { expect, test } from 'vitest';

import { Lanes } from '../../src/messages/lanes.ts';
import type { QueueEntry } from '../../src/messages/ports.ts';

function entry(seq: number, fields: Partial<QueueEntry> = {}): QueueEntry {
  return {
    seq,
    id: `msg_${seq}`,
    address: `${seq % 7}`,
    notBefore: null,
    expiresAt: null,
    status: 'queued',
    handedAt: null,
    ...fields,
  };
}

test.each([
  ['scheduled for later', { notBefore: 1_000_000 }],
  ['in a lane that is held', {}],
])('messages %s, queued and cancelled over and over, leave nothing behind', (_what, fields) => {
  const lanes = new Lanes();
  for (let lane = 0; lane < 7; lane += 1) lanes.hold(`${lane}`);
  lanes.add(entry(0, fields), 0);
  for (let seq = 1; seq <= 50_000; seq += 1) {
    lanes.add(entry(seq, fields), 0);
    lanes.remove(`msg_${seq}`);
  }
  expect(lanes.size).toBe(1);
  expect(lanes.footprint).toBeLessThan(2_000);
  for (let lane = 0; lane < 7; lane += 1) lanes.release(`${lane}`);
  expect(lanes.take(1_000_000)?.id).toBe('msg_0');
  expect(lanes.take(1_000_000)).toBeNull();
});

test('messages that expire in a lane that is held, leave nothing behind', () => {
  const lanes = new Lanes();
  lanes.hold('0');
  for (let seq = 0; seq < 20_000; seq += 1) {
    lanes.add(entry(seq, { address: '0', expiresAt: seq }), seq);
    expect(lanes.takeExpired(seq + 1)).toHaveLength(1);
  }
  expect(lanes.footprint).toBeLessThan(2_000);
});
