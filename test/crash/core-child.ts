// The messaging core in a process that is made to be killed: real store, real sender, real webhooks, and a
// WhatsApp that lives in the parent. Started with the data folder and the parent's address.
import { once } from 'node:events';
import { flushCompileCache } from 'node:module';
import { systemClock } from '../../src/clock.ts';
import { Journal } from '../../src/events/journal.ts';
import { outboxNews } from '../../src/events/outbox-news.ts';
import { createLogger } from '../../src/log.ts';
import { createMessages, DEFAULT_MESSAGE_SETTINGS } from '../../src/messages/messages.ts';
import {
  OutcomeUnknownError,
  type LookUp,
  type MessageTransport,
  type Receipt,
} from '../../src/messages/transport.ts';
import { openStore } from '../../src/store/store.ts';
import { postWithFetch } from '../../src/webhooks/post.ts';
import { DEFAULT_RETRY } from '../../src/webhooks/retry.ts';
import { Webhooks } from '../../src/webhooks/webhooks.ts';

// It would be written at the end, which this process does not live to see.
flushCompileCache();

// Loaded while the process before it still lives; it begins when that one is dead.
await once(process, 'message');

const [, , folder = '', whatsapp = '', secret = ''] = process.argv;

async function ask(path: string, body: object): Promise<unknown> {
  try {
    const response = await fetch(`${whatsapp}/${path}`, { method: 'POST', body: JSON.stringify(body) });
    return await response.json();
  } catch (error) {
    throw new OutcomeUnknownError('the connection broke', { cause: error });
  }
}

const transport: MessageTransport = {
  send: ({ waId, chatId, content }) =>
    ask('send', { waId, chatId, text: content.type === 'text' ? content.text : '' }) as Promise<Receipt>,
  lookUp: (waId) => ask('look-up', { waId }) as Promise<LookUp>,
  lookUpAll: () => Promise.reject(new OutcomeUnknownError('not asked here')),
  resolveNumber: (digits) => ask('resolve', { digits }) as Promise<string | null>,
  showTyping: () => Promise.resolve(),
};

const log = createLogger({ level: 'silent' });
const store = openStore(folder, log);
const journal = new Journal(store.journal, store.transactions, systemClock, log);
const { outbox, sender } = createMessages({
  rows: store.outbox,
  transactions: store.transactions,
  news: outboxNews(journal),
  transport,
  clock: systemClock,
  random: Math.random,
  log,
  settings: { ...DEFAULT_MESSAGE_SETTINGS, ratePerMinute: 0, maxAttempts: 1_000 },
});
const webhooks = new Webhooks({
  rows: store.webhooks,
  transactions: store.transactions,
  journal,
  post: postWithFetch,
  clock: systemClock,
  random: Math.random,
  log,
  retry: DEFAULT_RETRY,
  version: '0.0.0',
});

export interface AcceptRequest {
  readonly to: string;
  readonly text: string;
}

export type ChildMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'accepted'; readonly text: string; readonly waId: string }
  | { readonly type: 'counts'; readonly counts: Readonly<Record<string, number>>; readonly lastSeq: number };

const tell = (message: ChildMessage) => process.send?.(message);

process.on('message', (request: AcceptRequest | 'counts') => {
  if (request === 'counts') {
    tell({ type: 'counts', counts: outbox.counts(), lastSeq: journal.lastSeq });
    return;
  }
  const { to, text } = request;
  void outbox.accept({ type: 'text', to, text }, { idempotencyKey: text }).then(({ message }) => {
    tell({ type: 'accepted', text, waId: message.waId });
  });
});

await webhooks.start({ url: `${whatsapp}/hook`, secret, events: ['message.status'] });
sender.start();
sender.connected();
tell({ type: 'ready' });
