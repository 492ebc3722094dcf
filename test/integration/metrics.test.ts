import request from 'supertest';
import { expect, test } from 'vitest';

import { createApp } from '../../src/http/app.ts';
import { MessageMetrics } from '../../src/metrics/message-metrics.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import { Secret } from '../../src/config.ts';
import { Webhooks } from '../../src/webhooks/webhooks.ts';
import { DEFAULT_RETRY } from '../../src/webhooks/retry.ts';
import { READY, FakeSession } from '../support/fake-session.ts';
import { silent, startMessaging, text } from '../support/messaging.ts';
import { settle } from '../support/settling-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';

const KEY = 'correct-horse-battery-staple';

test('metrics, a message sent and one cancelled, both counted and nothing of them shown', async () => {
  const { store, clock, outbox, sender, ledger, numbers, journal } = startMessaging(tempFolder());
  const webhooks = new Webhooks({
    rows: store.webhooks,
    transactions: store.transactions,
    journal,
    post: () => Promise.reject(new Error('refused')),
    clock,
    random: () => 0.5,
    log: silent,
    retry: DEFAULT_RETRY,
    version: '1',
  });
  const messages = { outbox, sender, ledger, numbers };
  const counted = new MessageMetrics({ messages, journal, webhooks, clock });
  const cancelled = await outbox.accept(text('never'));
  await outbox.cancel(cancelled.message.id);
  await outbox.accept(text('a secret'), { idempotencyKey: 'k' });
  await outbox.accept(text('a secret'), { idempotencyKey: 'k' });
  sender.connected();
  await settle();

  const metrics = counted.text();
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
    expect(metrics.split('\n')).toContain(line);
  }
  expect(metrics).not.toMatch(/secret|15123456789|c\.us/);
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
