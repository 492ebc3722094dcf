import { onTestFinished } from 'vitest';

import type { Clock } from '../../src/clock.ts';
import type { EventInput } from '../../src/events/event.ts';
import { postWithFetch } from '../../src/webhooks/post.ts';
import type { RetrySettings } from '../../src/webhooks/retry.ts';
import { newWebhookSchema, type NewWebhook } from '../../src/webhooks/schema.ts';
import { Webhooks, type EnvironmentWebhook } from '../../src/webhooks/webhooks.ts';
import { silent, startMessaging } from './messaging.ts';

/** In milliseconds. */
export const HOUR = 3_600_000;

/** Short pauses; what is refused is given up after three tries. */
const RETRY: RetrySettings = {
  firstPauseMs: 20,
  longestPauseMs: 100,
  giveUpAfterMs: HOUR,
  refusedAttempts: 3,
  refusedForMs: 0,
  refusedAgainWithinMs: 24 * HOUR,
};

/** Real time, shifted: it runs by itself and can be moved ahead. */
export class ShiftedClock implements Clock {
  shiftMs = 0;
  now(): number {
    return Date.now() + this.shiftMs;
  }
  schedule(ms: number, callback: () => void): () => void {
    const timer = setTimeout(callback, ms);
    return () => {
      clearTimeout(timer);
    };
  }
}

/** Webhooks over real files and real sockets; stopped when the test ends, or by `stop()`. */
export async function startWebhooks(
  folder: string,
  options: { environment?: EnvironmentWebhook; retry?: Partial<RetrySettings>; clock?: Clock } = {},
) {
  const clock = options.clock ?? new ShiftedClock();
  const core = startMessaging(folder, { clock });
  const webhooks = new Webhooks({
    rows: core.store.webhooks,
    transactions: core.store.transactions,
    journal: core.journal,
    post: postWithFetch,
    clock,
    random: () => 0.5,
    log: silent,
    retry: { ...RETRY, ...options.retry },
    version: '0.0.0',
  });
  await webhooks.start(options.environment ?? null);
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await webhooks.stop();
    await core.stop();
  };
  onTestFinished(stop);
  return { ...core, webhooks, clock, stop };
}

/** A subscription as it is asked for. */
export const subscription = (request: Partial<NewWebhook> & { url: string }) =>
  newWebhookSchema.parse(request);

/** An event that belongs to no chat. */
export function call(n: number): EventInput {
  const timestamp = new Date().toISOString();
  const data = { id: `${n}`, from: null, isVideo: false, isGroup: false, fromMe: false, timestamp };
  return { type: 'call', key: `${n}`, at: Date.now(), data };
}

/** An event of a chat. */
export function edited(n: number, chatId: string): EventInput {
  const timestamp = new Date().toISOString();
  const data = { messageId: `m${n}`, chatId, body: 'b', previousBody: null, timestamp };
  return { type: 'message.edited', key: `${n}`, at: Date.now(), data };
}

/** The sequence numbers of what was received. */
export const seqs = (received: readonly { event: { seq: number } }[]) =>
  received.map(({ event }) => event.seq);
