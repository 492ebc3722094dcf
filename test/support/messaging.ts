import { expect, onTestFinished } from 'vitest';

import type { Clock } from '../../src/clock.ts';
import { Journal } from '../../src/events/journal.ts';
import { outboxNews } from '../../src/events/outbox-news.ts';
import { createLogger } from '../../src/log.ts';
import {
  createMessages,
  DEFAULT_MESSAGE_SETTINGS,
  type MessageSettings,
} from '../../src/messages/messages.ts';
import { openStore } from '../../src/store/store.ts';
import { SettlingClock } from './settling-clock.ts';
import { FakeTransport } from './fake-transport.ts';

export const silent = createLogger({ level: 'silent' });

/** The messaging core over real files and a fake page; stopped when the test ends, or by `stop()`. */
export function startMessaging(
  folder: string,
  options: { settings?: Partial<MessageSettings>; transport?: FakeTransport; clock?: Clock } = {},
) {
  const clock = options.clock ?? new SettlingClock();
  const transport = options.transport ?? new FakeTransport();
  const store = openStore(folder, silent);
  const journal = new Journal(store.journal, store.transactions, clock, silent);
  const messages = createMessages({
    rows: store.outbox,
    transactions: store.transactions,
    news: outboxNews(journal),
    transport,
    clock,
    random: () => 0.5,
    log: silent,
    settings: { ...DEFAULT_MESSAGE_SETTINGS, ratePerMinute: 0, ...options.settings },
  });
  messages.sender.start();
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await messages.sender.stop();
    store.close();
  };
  onTestFinished(stop);
  return { ...messages, store, journal, transport, clock, stop };
}

/** Moves the clock on and asserts that of five messages one is handed over now and the rest one a second. */
export async function expectOneASecond({
  clock,
  transport,
}: {
  clock: SettlingClock;
  transport: FakeTransport;
}): Promise<void> {
  await clock.advance(0);
  expect(transport.order).toHaveLength(1);
  await clock.advance(999);
  expect(transport.order).toHaveLength(1);
  await clock.advance(3_001);
  expect(transport.order).toHaveLength(5);
}

/** A text message to somebody. */
export function text(body: string, to = '+49 151 23456789') {
  return { type: 'text', to, text: body } as const;
}
