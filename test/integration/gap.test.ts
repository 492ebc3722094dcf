import { describe, expect, test } from 'vitest';

import type { EventInput } from '../../src/events/event.ts';
import { GapReplay, type History, type Said } from '../../src/events/gap.ts';
import { silent, startMessaging } from '../support/messaging.ts';
import { settle, SettlingClock } from '../support/settling-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { eventually } from '../support/eventually.ts';

const ALICE = '15550002222@c.us';
const BOB = '15550003333@c.us';
const START = Date.UTC(2026, 0, 1);

type MessageInput = Extract<EventInput, { type: 'message' }>;

function message(chatId: string, body: string, at: number, replayed = false): MessageInput {
  const id = `false_${chatId}_${body.replaceAll(' ', '-')}`;
  const timestamp = new Date(at).toISOString();
  return {
    type: 'message',
    key: id,
    at,
    replayed,
    data: {
      id,
      chatId,
      from: chatId,
      to: 'me',
      participant: null,
      fromMe: false,
      timestamp,
      type: 'chat',
      body,
      hasMedia: false,
      media: null,
      ack: 1,
      ackName: 'SERVER',
      quotedMessageId: null,
      mentions: [],
      isForwarded: false,
      location: null,
      vCards: [],
      poll: null,
      outboxId: null,
    },
  };
}

/** WhatsApp's side of the chats. */
class Chats implements History {
  readonly said: { chatId: string; body: string; at: number; isOwn: boolean; isReadable: boolean }[] = [];
  readonly unreadable = new Set<string>();
  readonly asked: string[] = [];
  /** What is on its way from the page arrives when this resolves. */
  arrival: Promise<unknown> = Promise.resolve();

  /** @returns the event by which the gateway hears of it, if it does */
  say(chatId: string, body: string, at: number): MessageInput {
    this.said.push({ chatId, body, at, isOwn: false, isReadable: true });
    return message(chatId, body, at);
  }

  /** The gateway itself. @returns what it notes when the page announces it */
  sayOwn(chatId: string, body: string, at: number): { id: string; at: number } {
    this.said.push({ chatId, body, at, isOwn: true, isReadable: true });
    return { id: message(chatId, body, at).data.id, at };
  }

  /** A message whose key has not come. */
  sayUnreadable(chatId: string, body: string, at: number): void {
    this.said.push({ chatId, body, at, isOwn: false, isReadable: false });
  }

  /** The keys come. */
  decrypt(): void {
    for (const each of this.said) each.isReadable = true;
  }

  chats() {
    const newest = new Map<string, number>();
    for (const { chatId, at } of this.said) newest.set(chatId, Math.max(at, newest.get(chatId) ?? 0));
    return Promise.resolve([...newest].map(([id, at]) => ({ id, at })));
  }

  async messages(chatId: string, since: number): Promise<Said> {
    this.asked.push(chatId);
    if (this.unreadable.has(chatId)) throw new Error('the page does not answer');
    const found = this.said.filter((each) => each.chatId === chatId && each.at >= since);
    const readable = found.filter(({ isReadable }) => isReadable);
    const late = found.filter(({ isReadable }) => !isReadable).map(({ at }) => at);
    const said = {
      events: readable.filter(({ isOwn }) => !isOwn).map(({ body, at }) => message(chatId, body, at, true)),
      known: readable.map(({ body, at }) => ({ id: message(chatId, body, at).data.id, at })),
      unreadable: late,
    };
    await this.arrival;
    return said;
  }
}

function start(folder: string, chats: Chats, now = START) {
  const clock = new SettlingClock(now);
  const core = startMessaging(folder, { clock });
  const gaps = new GapReplay(core.journal, chats, clock, silent);
  const bodies = (since = 0) =>
    core.journal
      .read(since, 100)
      .map(({ data, replayed }) => `${'body' in data ? data.body : ''} ${replayed}`);
  return { ...core, gaps, bodies, clock };
}

test('a message that comes in before the search has begun, what was missed of its chat is found nevertheless', async () => {
  const folder = tempFolder();
  const chats = new Chats();
  const first = start(folder, chats);
  await first.gaps.run();
  await first.journal.append(chats.say(ALICE, 'heard', START + 10_000));
  await first.stop();
  chats.say(ALICE, 'missed', START + 20_000);

  const second = start(folder, chats);
  await second.journal.append(chats.say(ALICE, 'live', START + 30_000));
  await second.gaps.run();
  expect(second.bodies()).toEqual(['heard false', 'live false', 'missed true']);
});

test('killed between such a message and the search, found at the next start', async () => {
  const folder = tempFolder();
  const chats = new Chats();
  const first = start(folder, chats);
  await first.gaps.run();
  await first.journal.append(chats.say(ALICE, 'heard', START + 10_000));
  await first.stop();
  chats.say(ALICE, 'missed', START + 20_000);
  const second = start(folder, chats);
  await second.journal.append(chats.say(ALICE, 'live', START + 30_000));
  await second.stop();

  const third = start(folder, chats);
  await third.gaps.run();
  expect(third.bodies()).toEqual(['heard false', 'live false', 'missed true']);
});

test('away while the process goes on, the same', async () => {
  const chats = new Chats();
  const { journal, gaps, bodies } = start(tempFolder(), chats);
  await gaps.run();
  await journal.append(chats.say(ALICE, 'heard', START + 10_000));
  journal.watermarks.fallBehind();
  chats.say(ALICE, 'missed', START + 20_000);
  await journal.append(chats.say(ALICE, 'live', START + 30_000));
  await gaps.run();
  expect(bodies()).toEqual(['heard false', 'live false', 'missed true']);
  expect(journal.watermarks.of(ALICE)?.at).toBe(START + 30_000);
});

test('away again during the search, that absence is not over with it', async () => {
  const chats = new Chats();
  const { journal, gaps, bodies } = start(tempFolder(), chats);
  await gaps.run();
  await journal.append(chats.say(ALICE, 'heard', START + 10_000));
  const search = gaps.run();
  journal.watermarks.fallBehind();
  await search;
  chats.say(ALICE, 'missed', START + 20_000);
  await journal.append(chats.say(ALICE, 'live', START + 30_000));
  await gaps.run();
  expect(bodies()).toEqual(['heard false', 'live false', 'missed true']);
});

test('a chat that cannot be read, the others are looked at and it is found the next time', async () => {
  const chats = new Chats();
  const { journal, gaps, bodies } = start(tempFolder(), chats);
  await gaps.run();
  journal.watermarks.fallBehind();
  chats.unreadable.add(ALICE);
  chats.say(ALICE, 'of Alice', START + 10_000);
  chats.say(BOB, 'of Bob', START + 20_000);
  await gaps.run();
  expect(bodies()).toEqual(['of Bob true']);
  await journal.append(chats.say(ALICE, 'live', START + 30_000));
  chats.unreadable.clear();
  await gaps.run();
  expect(bodies()).toEqual(['of Bob true', 'live false', 'of Alice true']);
});

test('a search that fails, tried again while WhatsApp stays connected, and not after it has gone', async () => {
  const chats = new Chats();
  const { journal, gaps, bodies, clock } = start(tempFolder(), chats);
  await gaps.run();
  journal.watermarks.fallBehind();
  chats.unreadable.add(ALICE);
  chats.say(ALICE, 'of Alice', START + 10_000);
  await gaps.run();
  gaps.pause();
  chats.unreadable.clear();
  await clock.advance(3_600_000);
  expect(bodies()).toEqual([]);

  chats.unreadable.add(ALICE);
  await gaps.run();
  await clock.advance(5_000);
  expect(bodies()).toEqual([]);
  chats.unreadable.clear();
  await clock.advance(29_999);
  expect(bodies()).toEqual([]);
  await clock.advance(1);
  expect(bodies()).toEqual(['of Alice true']);
});

test('a search that fails after WhatsApp has gone, not tried again before it is back', async () => {
  const chats = new Chats();
  const { journal, gaps, bodies, clock } = start(tempFolder(), chats);
  await gaps.run();
  journal.watermarks.fallBehind();
  chats.unreadable.add(ALICE);
  chats.say(ALICE, 'of Alice', START + 10_000);
  const search = gaps.run();
  gaps.pause();
  await search;
  chats.unreadable.clear();
  await clock.advance(3_600_000);
  expect(bodies()).toEqual([]);
});

/** The disk is full when a message that comes in is written down. */
async function writeInVain(
  { store, journal }: Pick<ReturnType<typeof start>, 'store' | 'journal'>,
  said: MessageInput,
) {
  const full = Object.assign(new Error('database or disk is full'), { errcode: 13 });
  const written = [
    store.transactions.run(() => journal.record(said)),
    store.transactions.run(() => {
      throw full;
    }),
  ];
  for (const { status } of await Promise.allSettled(written)) expect(status).toBe('rejected');
}

test.each([
  ['during an absence', () => undefined],
  [
    'while the chat is held',
    ({ journal }: ReturnType<typeof start>) => journal.watermarks.hold(ALICE, START),
  ],
])('a message that the disk has not taken, come %s, does not count as known', async (_when, before) => {
  const chats = new Chats();
  const gateway = start(tempFolder(), chats);
  const { watermarks } = gateway.journal;
  await gateway.gaps.run();
  before(gateway);
  if (watermarks.held.size === 0) watermarks.fallBehind();
  const { absences } = watermarks;
  await writeInVain(gateway, chats.say(ALICE, 'missed', START + 10_000));
  await watermarks.caughtUp(absences);
  for (const [chatId, hold] of watermarks.held) await watermarks.release(chatId, hold);
  expect(watermarks.of(ALICE)).toBeNull();
});

test('a message that comes in at the very end of an absence, known', async () => {
  const chats = new Chats();
  const { journal, gaps } = start(tempFolder(), chats);
  const { watermarks } = journal;
  await gaps.run();
  watermarks.fallBehind();
  const heard = journal.append(chats.say(ALICE, 'heard', START + 10_000));
  await Promise.all([heard, watermarks.caughtUp(watermarks.absences)]);
  await settle();
  expect(watermarks.of(ALICE)).toMatchObject({ at: START + 10_000 });
});

test('an absence whose end the disk has not taken, not over', async () => {
  const chats = new Chats();
  const { journal, store, gaps } = start(tempFolder(), chats);
  const { watermarks } = journal;
  await gaps.run();
  watermarks.fallBehind();
  await journal.append(chats.say(ALICE, 'heard', START + 10_000));
  const full = Object.assign(new Error('database or disk is full'), { errcode: 13 });
  const end = watermarks.caughtUp(watermarks.absences);
  const other = store.transactions.run(() => {
    throw full;
  });
  await expect(Promise.all([end, other])).rejects.toMatchObject({ code: 'storage_full' });
  await expect(other).rejects.toMatchObject({ code: 'storage_full' });
  expect(watermarks.of(ALICE)).toBeNull();
  await watermarks.caughtUp(watermarks.absences);
  expect(watermarks.of(ALICE)).toMatchObject({ at: START + 10_000 });
});

/** What retention does to old events. @returns the number above which the journal is empty now */
async function forgetEvents({ store, journal }: Pick<ReturnType<typeof start>, 'store' | 'journal'>) {
  await store.transactions.run(() => store.journal.removeOldest(1_000));
  return journal.lastSeq;
}

test('events that retention has removed, their messages are not told of again', async () => {
  const chats = new Chats();
  const gateway = start(tempFolder(), chats);
  const { journal, gaps, bodies } = gateway;
  await gaps.run();
  await journal.append(chats.say(ALICE, 'first of its second', START + 10_000));
  await journal.append(chats.say(ALICE, 'second of its second', START + 10_000));
  const since = await forgetEvents(gateway);
  await gaps.run();
  expect(bodies(since)).toEqual([]);

  chats.say(ALICE, 'third of its second', START + 10_000);
  await gaps.run();
  expect(bodies(since)).toEqual(['third of its second true']);
});

test('found by a search and removed by retention, not found by the next one', async () => {
  const folder = tempFolder();
  const chats = new Chats();
  const first = start(folder, chats);
  await first.gaps.run();
  first.journal.watermarks.fallBehind();
  chats.say(ALICE, 'missed', START + 10_000);
  await first.gaps.run();
  expect(first.bodies()).toEqual(['missed true']);
  await forgetEvents(first);
  await first.stop();
  const second = start(folder, chats);
  await second.gaps.run();
  expect(second.bodies()).toEqual([]);
});

describe('what the gateway has sent itself', () => {
  test('once it has settled, its chat is not searched from before that', async () => {
    const chats = new Chats();
    const gateway = start(tempFolder(), chats);
    const { journal, gaps, bodies, clock } = gateway;
    await gaps.run();
    await journal.append(chats.say(ALICE, 'a question', START + 10_000));
    const own = chats.sayOwn(ALICE, 'an answer', START + 20_000);
    gaps.sent(ALICE, own);
    await clock.advance(10 * 60_000);
    const since = await forgetEvents(gateway);
    await gaps.run();
    expect(bodies(since)).toEqual([]);
    expect(journal.watermarks.of(ALICE)).toEqual({ at: own.at, ids: [own.id] });
  });

  test('by a clock that is fast, what somebody writes then is found all the same', async () => {
    const chats = new Chats();
    const { journal, gaps, bodies, clock } = start(tempFolder(), chats);
    await gaps.run();
    gaps.sent(ALICE, chats.sayOwn(ALICE, 'an answer', START + 120_000));
    await gaps.run();
    journal.watermarks.fallBehind();
    chats.say(ALICE, 'older by its date', START + 60_000);
    await clock.advance(60_000);
    await gaps.run();
    expect(bodies()).toEqual(['older by its date true']);
  });

  test('all the time, each settles in the end', async () => {
    const chats = new Chats();
    const { journal, gaps, clock } = start(tempFolder(), chats);
    await gaps.run();
    for (let minute = 1; minute <= 20; minute += 1) {
      await clock.advance(60_000);
      gaps.sent(ALICE, chats.sayOwn(ALICE, `answer ${minute}`, START + minute * 60_000));
    }
    expect(journal.watermarks.of(ALICE)?.at).toBeGreaterThanOrEqual(START + 60_000);
    await clock.advance(10 * 60_000);
    expect(journal.watermarks.of(ALICE)?.at).toBe(START + 20 * 60_000);
  });

  test('and not heard of, known after a later search', async () => {
    const chats = new Chats();
    const { journal, gaps, clock } = start(tempFolder(), chats);
    await gaps.run();
    const { id, at } = chats.sayOwn(ALICE, 'an answer', START + 20_000);
    await clock.advance(6 * 60_000);
    await gaps.run();
    expect(journal.watermarks.of(ALICE)).toEqual({ at, ids: [id] });
  });
});

describe('a message that cannot be read yet', () => {
  test('told of when it can be, and not before; what came after it is told of once', async () => {
    const chats = new Chats();
    const { journal, gaps, bodies, clock } = start(tempFolder(), chats);
    await gaps.run();
    journal.watermarks.fallBehind();
    chats.sayUnreadable(ALICE, 'secret', START + 10_000);
    chats.say(ALICE, 'plain', START + 20_000);
    await gaps.run();
    expect(bodies()).toEqual(['plain true']);
    await journal.append(chats.say(ALICE, 'live', START + 30_000));
    await clock.advance(5_000);
    expect(bodies()).toEqual(['plain true', 'live false']);
    chats.decrypt();
    await clock.advance(30_000);
    expect(bodies()).toEqual(['plain true', 'live false', 'secret true']);
    expect(journal.watermarks.of(ALICE)?.at).toBe(START + 30_000);

    chats.asked.length = 0;
    await clock.advance(24 * 3_600_000);
    expect(chats.asked).toEqual([]);
  });

  test('killed meanwhile, found at the next start', async () => {
    const folder = tempFolder();
    const chats = new Chats();
    const first = start(folder, chats);
    await first.gaps.run();
    chats.sayUnreadable(ALICE, 'secret', START + 10_000);
    first.gaps.awaitReadable(ALICE, START + 10_000);
    await first.journal.append(chats.say(ALICE, 'live', START + 20_000));
    await first.gaps.run();
    await first.stop();
    chats.decrypt();

    const second = start(folder, chats);
    await second.gaps.run();
    expect(second.bodies()).toEqual(['live false', 'secret true']);
  });

  test('comes in while connected, looked for soon after', async () => {
    const chats = new Chats();
    const { gaps, bodies, clock } = start(tempFolder(), chats);
    await gaps.run();
    chats.sayUnreadable(ALICE, 'secret', START + 10_000);
    gaps.awaitReadable(ALICE, START + 10_000);
    chats.decrypt();
    await clock.advance(4_999);
    expect(bodies()).toEqual([]);
    await clock.advance(1);
    expect(bodies()).toEqual(['secret true']);
  });

  test('comes in during a search that does not see it, its chat stays held', async () => {
    const chats = new Chats();
    const { journal, gaps, bodies, clock } = start(tempFolder(), chats);
    await gaps.run();
    await journal.append(chats.say(ALICE, 'heard', START + 10_000));
    const { promise: arrival, resolve: arrive } = Promise.withResolvers<undefined>();
    chats.arrival = arrival;
    const search = gaps.run();
    await eventually(() => chats.asked).toEqual([ALICE]);
    chats.sayUnreadable(ALICE, 'secret', START + 20_000);
    gaps.awaitReadable(ALICE, START + 20_000);
    arrive(undefined);
    await search;
    await journal.append(chats.say(ALICE, 'live', START + 30_000));
    expect(journal.watermarks.of(ALICE)?.at).toBe(START + 10_000);
    chats.decrypt();
    await clock.advance(5_000);
    expect(bodies()).toEqual(['heard false', 'live false', 'secret true']);
  });

  test('comes in during a search that finds the one before it readable, its chat stays held', async () => {
    const chats = new Chats();
    const { journal, gaps, bodies, clock } = start(tempFolder(), chats);
    await gaps.run();
    chats.sayUnreadable(ALICE, 'first', START + 10_000);
    gaps.awaitReadable(ALICE, START + 10_000);
    chats.decrypt();
    const { promise: arrival, resolve: arrive } = Promise.withResolvers<undefined>();
    chats.arrival = arrival;
    const search = gaps.run();
    await eventually(() => chats.asked).toEqual([ALICE]);
    chats.sayUnreadable(ALICE, 'second', START + 20_000);
    gaps.awaitReadable(ALICE, START + 20_000);
    arrive(undefined);
    await search;
    await journal.append(chats.say(ALICE, 'live', START + 30_000));
    expect(journal.watermarks.of(ALICE)?.at ?? START).toBeLessThan(START + 20_000);
    chats.decrypt();
    await clock.advance(60_000);
    expect(bodies()).toEqual(['first true', 'live false', 'second true']);
  });

  test('too old to be waited for, keeps no newer one from being waited for', async () => {
    const folder = tempFolder();
    const hour = 3_600_000;
    const chats = new Chats();
    const first = start(folder, chats);
    await first.gaps.run();
    await first.stop();
    chats.sayUnreadable(ALICE, 'old', START + hour);
    chats.sayUnreadable(ALICE, 'recent', START + 35 * hour);
    chats.say(ALICE, 'plain', START + 35 * hour + 60_000);
    const second = start(folder, chats, START + 36 * hour);
    await second.gaps.run();
    expect(second.bodies()).toEqual(['plain true']);
    await second.stop();
    chats.decrypt();
    const third = start(folder, chats, START + 36 * hour);
    await third.gaps.run();
    expect(third.bodies()).toContain('recent true');
  });

  test('looked for again, the chats without one are not asked', async () => {
    const chats = new Chats();
    const { journal, gaps, bodies, clock } = start(tempFolder(), chats);
    await gaps.run();
    journal.watermarks.fallBehind();
    chats.say(BOB, 'of Bob', START + 10_000);
    chats.sayUnreadable(ALICE, 'secret', START + 20_000);
    await gaps.run();
    expect(chats.asked.sort()).toEqual([ALICE, BOB]);
    chats.asked.length = 0;
    await clock.advance(5_000);
    expect(chats.asked).toEqual([ALICE]);

    // What could not be read before is not forgotten for it.
    journal.watermarks.fallBehind();
    chats.unreadable.add(BOB);
    chats.say(BOB, 'missed', START + 30_000);
    await gaps.run();
    chats.unreadable.clear();
    await clock.advance(600_000);
    expect(bodies()).toContain('missed true');
  });

  test('stays so for half a day, waited for no longer', async () => {
    const chats = new Chats();
    const { journal, gaps, clock } = start(tempFolder(), chats);
    await gaps.run();
    journal.watermarks.fallBehind();
    chats.sayUnreadable(ALICE, 'secret', START + 10_000);
    chats.say(ALICE, 'plain', START + 20_000);
    await gaps.run();
    expect([...journal.watermarks.held.keys()]).toEqual([ALICE]);
    await clock.advance(13 * 3_600_000);
    expect([...journal.watermarks.held.keys()]).toEqual([]);
    expect(journal.watermarks.of(ALICE)?.at).toBe(START + 20_000);
  });

  test('its chat is deleted, no longer looked for', async () => {
    const chats = new Chats();
    const { journal, gaps, clock } = start(tempFolder(), chats);
    await gaps.run();
    journal.watermarks.fallBehind();
    chats.sayUnreadable(ALICE, 'secret', START + 10_000);
    await gaps.run();
    chats.said.length = 0;
    await clock.advance(5_000);
    expect([...journal.watermarks.held.keys()]).toEqual([]);
  });
});
