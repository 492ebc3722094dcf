import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { JournalEvent } from '../events/event.ts';
import type { Post } from './ports.ts';
import { verdictOf, type RetrySettings, type Verdict } from './retry.ts';
import { signatureHeaders } from './sign.ts';
import type { Webhook } from './webhook.ts';

/** How long a receiver has to answer, in milliseconds. */
const ANSWER_WITHIN_MS = 15_000;

export type Attempt =
  | { readonly delivered: true }
  | {
      readonly delivered: false;
      readonly error: string;
      /** How long the receiver asks to be left alone, in milliseconds, or null. */
      readonly pauseMs: number | null;
      readonly verdict: Exclude<Verdict, 'delivered'>;
    };

export interface AttemptParts {
  readonly post: Post;
  readonly clock: Clock;
  readonly retry: RetrySettings;
  readonly version: string;
}

/** Posts an event, signed, once, and says what became of it. Never rejects. @param signal breaks it off */
export async function attempt(
  webhook: Webhook,
  event: JournalEvent,
  { post, clock, retry, version }: AttemptParts,
  signal: AbortSignal,
): Promise<Attempt> {
  const body = JSON.stringify(event);
  const { secret, url, headers } = webhook;
  try {
    const answer = await post({
      url,
      body,
      headers: {
        'user-agent': `whatsapp-gateway/${version}`,
        ...inLowerCase(headers),
        'content-type': 'application/json',
        ...signatureHeaders({ id: event.id, timestamp: clock.now(), body, secret }),
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
    const verdict = verdictOf(answer.status);
    if (verdict === 'delivered') return { delivered: true };
    const pauseMs = answer.retryAfterMs === null ? null : Math.min(answer.retryAfterMs, retry.longestPauseMs);
    return { delivered: false, error: `The receiver answered ${answer.status}`, pauseMs, verdict };
  } catch (error) {
    return { delivered: false, error: reasonOf(error), pauseMs: null, verdict: 'retry' };
  }
}

/** fetch joins the values of names that differ in case alone. */
function inLowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** fetch says "fetch failed" and keeps the reason in the cause. */
function reasonOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return `No answer within ${ANSWER_WITHIN_MS / 1000} s`;
  }
  return messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
}
