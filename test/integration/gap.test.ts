import { expect, test } from 'vitest';

import type { EventInput } from '../../src/events/event.ts';
import { GapReplay, type History } from '../../src/events/gap.ts';
import { silent, startMessaging } from '../support/messaging.ts';
import { SettlingClock } from '../support/settling-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ALICE = '15550002222@c.us';
const BOB = '15550003333@c.us';
const START = Date.UTC(2026, 0, 1);

function message(chatId: string, body: string, at: number, replayed = false): EventInput {
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
  readonly said: { chatId: string; body: string; at: number }[] = [];
  readonly unreadable = new Set<string>();

  /** @returns the event by which the gateway hears of it, if it does */
  say(chatId: string, body: string, at: number): EventInput {
    this.said.push({ chatId, body, at });
    return message(chatId, body, at);
  }

  chats() {
    const newest = new Map<string, number>();
    for (const { chatId, at } of this.said) newest.set(chatId, Math.max(at, newest.get(chatId) ?? 0));
    return Promise.resolve([...newest].map(([id, at]) => ({ id, at })));
  }

  messages(chatId: string, since: number) {
    if (this.unreadable.has(chatId)) return Promise.reject(new Error('the page does not answer'));
    const found = this.said.filter((each) => each.chatId === chatId && each.at >= since);
    return Promise.resolve(found.map(({ body, at }) => message(chatId, body, at, true)));
  }
}

function start(folder: string, chats: Chats) {
  const clock = new SettlingClock(START);
  const core = startMessaging(folder, { clock });
  const gaps = new GapReplay(core.journal, chats, clock, silent);
  const bodies = () =>
    core.journal.read(0, 100).map(({ data, replayed }) => `${'body' in data ? data.body : ''} ${replayed}`);
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
  journal.fallBehind();
  chats.say(ALICE, 'missed', START + 20_000);
  await journal.append(chats.say(ALICE, 'live', START + 30_000));
  await gaps.run();
  expect(bodies()).toEqual(['heard false', 'live false', 'missed true']);
  expect(journal.watermark(ALICE)).toBe(START + 30_000);
});

test('away again during the search, that absence is not over with it', async () => {
  const chats = new Chats();
  const { journal, gaps, bodies } = start(tempFolder(), chats);
  await gaps.run();
  await journal.append(chats.say(ALICE, 'heard', START + 10_000));
  const search = gaps.run();
  journal.fallBehind();
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
  journal.fallBehind();
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
  journal.fallBehind();
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
  journal.fallBehind();
  chats.unreadable.add(ALICE);
  chats.say(ALICE, 'of Alice', START + 10_000);
  const search = gaps.run();
  gaps.pause();
  await search;
  chats.unreadable.clear();
  await clock.advance(3_600_000);
  expect(bodies()).toEqual([]);
});
