import request from 'supertest';
import { describe, expect, onTestFinished, test } from 'vitest';

import type { ErrorCode } from '../../src/errors.ts';
import { createApp } from '../../src/http/app.ts';
import { MessageMetrics } from '../../src/metrics/message-metrics.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import { Secret } from '../../src/config.ts';
import type { Phase } from '../../src/session/state.ts';
import type { StatusBody } from '../../src/session/status.ts';
import type { ReceiverAnswer } from '../../src/webhooks/ports.ts';
import { newSecret } from '../../src/webhooks/sign.ts';
import { Webhooks } from '../../src/webhooks/webhooks.ts';
import { DEFAULT_RETRY } from '../../src/webhooks/retry.ts';
import { FakeSession, qrStatus, READY, STOPPED } from '../support/fake-session.ts';
import { silent, startMessaging, text } from '../support/messaging.ts';
import { settle, SettlingClock } from '../support/settling-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';

const KEY = 'correct-horse-battery-staple';

function start({ post }: { post: () => Promise<ReceiverAnswer> }) {
  const clock = new SettlingClock();
  const core = startMessaging(tempFolder(), { clock, settings: { stuckAfterMs: 30_000 } });
  const { store, outbox, sender, ledger, numbers, journal } = core;
  const webhooks = new Webhooks({
    rows: store.webhooks,
    transactions: store.transactions,
    journal,
    post,
    clock,
    random: () => 0.5,
    log: silent,
    retry: DEFAULT_RETRY,
    version: '1',
  });
  onTestFinished(() => webhooks.stop());
  const messages = { outbox, sender, ledger, numbers };
  const metrics = new MessageMetrics({ messages, journal, webhooks, clock });
  return { ...core, clock, webhooks, lines: () => metrics.text().split('\n') };
}

test('metrics, a message sent and one cancelled, both counted and nothing of them shown', async () => {
  const { outbox, sender, journal, lines } = start({ post: () => Promise.reject(new Error('refused')) });
  const cancelled = await outbox.accept(text('never'));
  await outbox.cancel(cancelled.message.id);
  await outbox.accept(text('a secret'), { idempotencyKey: 'k' });
  await outbox.accept(text('a secret'), { idempotencyKey: 'k' });
  sender.connected();
  await settle();

  const metrics = lines();
  for (const line of [
    'wa_messages_accepted_total 2',
    'wa_messages_sent_total 1',
    'wa_messages_waiting 0',
    'wa_messages_failed_total{reason="cancelled"} 1',
    'wa_message_ack_seconds_count 1',
    'wa_outbox_messages{status="sent"} 1',
    'wa_outbox_messages{status="cancelled"} 1',
    `wa_events_last_seq ${journal.lastSeq}`,
  ]) {
    expect(metrics).toContain(line);
  }
  expect(metrics.join('\n')).not.toMatch(/secret|15123456789|c\.us/);
});

test('metrics, two messages without an acknowledgement, stuck once each and not after the time again', async () => {
  const { outbox, sender, transport, clock, lines } = start({
    post: () => Promise.resolve({ status: 204, retryAfterMs: null }),
  });
  transport.ack = 0;
  await outbox.accept(text('a', '4915100000001'));
  await outbox.accept(text('b', '4915100000002'));
  sender.connected();
  await clock.advance(29_000);
  expect(lines()).toContain('wa_messages_stuck_total 0');
  await clock.advance(60_000);
  expect(lines()).toContain('wa_messages_stuck_total 2');
});

test('metrics, a webhook that is down, then refuses, then takes: attempts, dead letters and what is left', async () => {
  let status = 503;
  const { outbox, sender, clock, webhooks, journal, lines } = start({
    post: () => Promise.resolve({ status, retryAfterMs: null }),
  });
  // Nothing is sent here, and its look at every second would make the day long.
  await sender.stop();
  await webhooks.start({ url: 'http://127.0.0.1:1/hook', secret: newSecret(), events: [] });
  const id = webhooks.list()[0]?.id ?? '';
  const value = (name: string) => {
    const found = lines().find((line) => line.startsWith(`${name}{webhook="${id}"} `));
    return Number(found?.split(' ')[1]);
  };
  const { message } = await outbox.accept(text('a'));
  await outbox.cancel(message.id);
  await clock.advance(11_000);
  expect(value('wa_webhook_pending_events')).toBe(journal.lastSeq);
  expect(value('wa_webhook_failed_attempts')).toBeGreaterThan(0);
  expect(value('wa_webhook_dead_letters')).toBe(0);

  status = 422;
  await clock.advance(24 * 3_600_000);
  expect(value('wa_webhook_dead_letters')).toBe(1);
  expect(value('wa_webhook_pending_events')).toBe(0);
  expect(value('wa_webhook_failed_attempts')).toBe(0);

  status = 204;
  const second = await outbox.accept(text('b'));
  await outbox.cancel(second.message.id);
  await clock.advance(11_000);
  expect(value('wa_webhook_pending_events')).toBe(0);
  expect(value('wa_webhook_dead_letters')).toBe(1);
});

describe('wa_session_interruptions_total', () => {
  const because = (status: StatusBody, phase: Phase, code: ErrorCode): StatusBody => ({
    ...status,
    phase,
    reason: { code, message: 'why', action: null, retryAt: null },
  });
  const counted = (...statuses: readonly StatusBody[]) => {
    const session = new FakeSession();
    const metrics = new Metrics({ session, version: '1', socketClients: () => 0, messages: () => null });
    // Every phase has a beginning of its own.
    statuses.forEach((status, n) => session.become({ ...status, since: new Date(n).toISOString() }));
    metrics.stop();
    return metrics
      .text()
      .split('\n')
      .filter((line) => line.startsWith('wa_session_interruptions_total'));
  };
  const UNLINKING: StatusBody = { ...STOPPED, phase: 'unlinking' };
  const line = (code: string, times: number) => `wa_session_interruptions_total{reason="${code}"} ${times}`;

  test.each([
    [
      'disconnected on request, not counted',
      [READY, because(STOPPED, 'stopping', 'stopped'), because(STOPPED, 'stopped', 'stopped')],
      [],
    ],
    [
      'logged out on request, not counted',
      [
        READY,
        UNLINKING,
        because(STOPPED, 'stopping', 'logged_out'),
        because(STOPPED, 'removing', 'logged_out'),
        because(STOPPED, 'stopped', 'logged_out'),
      ],
      [],
    ],
    [
      'logged out by the phone, counted once until it is linked again',
      [
        READY,
        because(STOPPED, 'stopping', 'logged_out'),
        because(STOPPED, 'removing', 'logged_out'),
        because(STOPPED, 'checking', 'logged_out'),
        because(qrStatus(1), 'qr', 'logged_out'),
        READY,
      ],
      [line('logged_out', 1)],
    ],
    [
      'the browser crashes twice, counted twice, however many phases each takes',
      [
        READY,
        because(STOPPED, 'stopping', 'browser_crashed'),
        because(STOPPED, 'waiting', 'browser_crashed'),
        { ...STOPPED, phase: 'starting' },
        READY,
        because(STOPPED, 'stopping', 'browser_crashed'),
        READY,
      ],
      [line('browser_crashed', 2)],
    ],
  ] as const)('%s', (_what, statuses, expected) => {
    expect(counted(...statuses)).toEqual(expected);
  });
});

test('GET /metrics, without and with the key, refused and the state without who is connected', async () => {
  const session = new FakeSession();
  const metrics = new Metrics({ session, version: '1.2.3', socketClients: () => 3, messages: () => null });
  const app = createApp({
    session,
    apiKey: new Secret(KEY),
    corsOrigins: [],
    trustProxy: false,
    log: silent,
    version: '1.2.3',
    publicDir: '/nowhere',
    metrics,
  });
  session.become(READY);
  await request(app).get('/metrics').expect(401);
  const answer = await request(app).get('/metrics').set('Authorization', `Bearer ${KEY}`).expect(200);
  metrics.stop();
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = answer.text.split('\n');
  for (const line of [
    'wa_session_state{state="ready"} 1',
    'wa_session_state{state="qr"} 0',
    'wa_session_ready 1',
    'wa_socket_clients 3',
    'wa_storage_up 0',
  ]) {
    expect(lines).toContain(line);
  }
  expect(answer.text).not.toMatch(/Ada|4915123456789/);
  for (const line of lines.filter((each) => each !== '')) {
    expect(line).toMatch(/^(# (HELP|TYPE) .+|[a-z0-9_]+(\{[^}]*\})? [0-9.e+-]+)$/);
  }
});
