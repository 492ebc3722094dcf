import { describe, expect, test } from 'vitest';

import { EVENT_TYPES } from '../../src/events/types.ts';
import { MESSAGE_STATUSES } from '../../src/messages/message.ts';
import { outgoingSchema } from '../../src/messages/schema.ts';
import {
  chips,
  EventFeed,
  eventWords,
  hasWords,
  KEPT,
  rowView,
  STATUSES,
  TYPES,
  withChange,
  withMove,
  type MessageView,
} from '../support/page-modules.ts';

const AT = '2026-01-01T12:00:00.000Z';
const NOW = Date.parse(AT);

function message(change: Partial<MessageView> = {}): MessageView {
  const { status = 'queued' } = change;
  return {
    id: 'msg_1',
    status,
    to: '+1 (555) 000-2222',
    chatId: null,
    type: 'text',
    waId: '3EB0',
    createdAt: AT,
    notBefore: null,
    expiresAt: null,
    reason: null,
    history: [{ status, at: AT, reason: null }],
    ...change,
  };
}

describe('rowView', () => {
  test.each([
    ['queued', 'cancel'],
    ['sending', null],
    ['sent', null],
    ['delivered', null],
    ['read', null],
    ['played', null],
    ['failed', 'retry'],
    ['expired', 'retry'],
    ['cancelled', 'retry'],
  ] as const)('%s, asked what can be done, offers %j', (status, action) => {
    expect(rowView(message({ status }), NOW).action).toBe(action);
  });

  test('every type and every state, shown, has words', () => {
    const types = outgoingSchema.options.map(({ shape }) => shape.type.value);
    const kinds = types.map((type) => rowView(message({ type }), NOW).kind);
    expect(new Set(kinds).size).toBe(types.length);
    expect(STATUSES).toEqual(MESSAGE_STATUSES);
    const keys = [...kinds, ...STATUSES.map((status) => `outbox.status.${status}`)];
    expect(keys.filter((key) => !hasWords(key))).toEqual([]);
  });

  test('a reason, known and unknown, is told in words or as the gateway said it', () => {
    const reasonOf = (code: string) => rowView(message({ reason: { code, message: 'said' } }), NOW).reason;
    expect(reasonOf('ttl_passed')).toEqual({ words: 'outbox.reason.ttl_passed', details: null });
    expect(reasonOf('rejected')).toEqual({ words: 'outbox.reason.rejected', details: 'said' });
    expect(reasonOf('something_new')).toEqual({ words: null, details: 'said' });
  });

  test('a time to wait for, ahead and past, is told only while it is waited for', () => {
    const notBefore = '2026-01-01T13:00:00.000Z';
    expect(rowView(message({ notBefore }), NOW).waitsUntil).toBe(notBefore);
    expect(rowView(message({ notBefore }), NOW + 3_600_001).waitsUntil).toBeNull();
    expect(rowView(message({ notBefore, status: 'cancelled' }), NOW).waitsUntil).toBeNull();
  });
});

describe('chips', () => {
  test('counts, shown, are all, then the states that there are', () => {
    expect(chips({ read: 2, queued: 1 }, null)).toEqual([
      { status: null, count: 3, pressed: true },
      { status: 'queued', count: 1, pressed: false },
      { status: 'read', count: 2, pressed: false },
    ]);
  });

  test('the state that is looked at, emptied, stays to be left', () => {
    expect(chips({ read: 2 }, 'queued')).toContainEqual({ status: 'queued', count: 0, pressed: true });
  });
});

describe('a message.status', () => {
  const change = { id: 'msg_1', status: 'sending', chatId: '15550002222@c.us', reason: null };

  test('of a message on the page, moves it on with its time', () => {
    const [moved] = withChange([message()], change, '2026-01-01T12:00:05.000Z');
    expect(moved).toMatchObject({ status: 'sending', chatId: '15550002222@c.us' });
    expect(moved?.history.map(({ status }) => status)).toEqual(['queued', 'sending']);
    expect(withMove({ queued: 1 }, 'queued', 'sending')).toEqual({ queued: 0, sending: 1 });
  });

  test('heard twice, or of another message, changes nothing', () => {
    const once = withChange([message()], change, AT);
    expect(withChange(once, change, AT)).toBe(once);
    expect(withChange(once, { ...change, id: 'msg_2' }, AT)).toBe(once);
    expect(withChange(once, { ...change, status: 'unheard_of' }, AT)).toBe(once);
  });
});

describe('EventFeed', () => {
  const event = (seq: number, type = 'message') => ({ id: `evt_${seq}`, seq, type });
  const ids = (feed: InstanceType<typeof EventFeed>, type = '') => feed.visible(type).map(({ id }) => id);

  test('the types to choose from are those that there are', () => {
    expect(TYPES.toSorted()).toEqual(EVENT_TYPES.toSorted());
  });

  test('an event that comes twice, live and from the journal, is there once', () => {
    const feed = new EventFeed();
    feed.add(event(3));
    feed.addEarlier([event(1), event(2), event(3)]);
    feed.add(event(3));
    expect(ids(feed)).toEqual(['evt_3', 'evt_2', 'evt_1']);
  });

  test('paused, it shows nothing new, counts by type, and goes on with all of it', () => {
    const feed = new EventFeed();
    feed.add(event(1));
    feed.pause();
    feed.add(event(2, 'call'));
    feed.add(event(3));
    feed.add(event(3));
    expect([ids(feed), feed.waiting(''), feed.waiting('call')]).toEqual([['evt_1'], 2, 1]);
    feed.resume();
    expect([ids(feed), feed.waiting('')]).toEqual([['evt_3', 'evt_2', 'evt_1'], 0]);
  });

  test('more than it keeps, come live or while paused, leaves the newest and counts all', () => {
    const feed = new EventFeed();
    for (let seq = 1; seq <= KEPT + 5; seq += 1) feed.add(event(seq));
    expect([ids(feed).length, ids(feed)[0]]).toEqual([KEPT, `evt_${KEPT + 5}`]);
    feed.pause();
    for (let seq = 1001; seq <= 1000 + 2 * KEPT; seq += 1) feed.add(event(seq));
    expect(feed.waiting('')).toBe(2 * KEPT);
    feed.resume();
    expect([ids(feed).length, ids(feed).at(-1)]).toEqual([KEPT, `evt_${1001 + KEPT}`]);
  });

  test('a type, chosen, is all that is visible', () => {
    const feed = new EventFeed();
    feed.add(event(1));
    feed.add(event(2, 'call'));
    expect(ids(feed, 'call')).toEqual(['evt_2']);
  });
});

describe('eventWords', () => {
  test.each([
    ['message', { chatId: '15550002222@c.us', body: 'hi' }, { who: '+1 555 000-2222', what: 'hi' }],
    [
      'message',
      { chatId: '1203@g.us', body: '', type: 'document', media: { filename: 'a.pdf' } },
      { who: '1203@g.us', what: 'a.pdf' },
    ],
    [
      'message',
      { chatId: '1203@g.us', body: '', type: 'ptt', media: null },
      { who: '1203@g.us', what: 'ptt' },
    ],
    ['message.status', { to: '+1 555', status: 'read' }, { who: '+1 555', what: 'Read' }],
    [
      'session.status',
      { status: 'error', reason: { code: 'blocked' } },
      { who: '', what: 'error · blocked' },
    ],
    ['poll.vote', { chatId: '1203@g.us', selected: ['yes', 'no'] }, { who: '1203@g.us', what: 'yes, no' }],
    ['call', { from: '15550002222@c.us' }, { who: '+1 555 000-2222', what: '' }],
  ])('%s %j, said in a line, is %j', (type, data, words) => {
    expect(eventWords({ type, data })).toEqual(words);
  });
});
