import { io, type Socket } from 'socket.io-client';
import { describe, expect, onTestFinished, test } from 'vitest';

import type { JournalEvent } from '../../src/events/event.ts';
import { eventDataSchemas } from '../../src/events/schema.ts';
import { startGatewayRig, type GatewayRig, type GatewayRigOptions } from '../support/gateway-rig.ts';
import { startReceiver } from '../support/receiver.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

interface MessageAnswer {
  readonly success: boolean;
  readonly message: { id: string; status: string; chatId: string | null; waId: string; reason: unknown };
  readonly error?: { code: string };
}

async function linkedRig(options: GatewayRigOptions = {}): Promise<GatewayRig> {
  const rig = await startGatewayRig(options);
  onTestFinished(() => rig[Symbol.asyncDispose]());
  await rig.until('qr');
  await rig.simulator.scan();
  await rig.until('ready');
  return rig;
}

async function post(rig: GatewayRig, body: object, headers: Record<string, string> = {}, query = '') {
  const response = await fetch(`${rig.baseUrl}/api/messages${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { response, body: (await response.json()) as MessageAnswer };
}

async function statusOf(rig: GatewayRig, id: string): Promise<string> {
  const response = await fetch(`${rig.baseUrl}/api/messages/${id}`);
  return ((await response.json()) as MessageAnswer).message.status;
}

function connect(rig: GatewayRig, since?: number): { socket: Socket; events: JournalEvent[] } {
  const socket = io(rig.baseUrl, { auth: since === undefined ? {} : { since }, reconnection: false });
  onTestFinished(() => void socket.disconnect());
  const events: JournalEvent[] = [];
  socket.on('event', (event: JournalEvent) => events.push(event));
  return { socket, events };
}

describe.each(['serialized', 'minified'] as const)('on %s keys', (vintage) => {
  test('each type is sent once under the id that was answered, and acknowledged', async () => {
    const rig = await linkedRig({ simulator: { vintage, minifiedName: '$7' } });
    const to = '+1 (555) 000-2222';
    const data = PNG.toString('base64');
    const bodies = [
      { to, type: 'text', text: 'hello' },
      { to, type: 'image', media: { data, mimetype: 'image/png' }, caption: 'a dot' },
      { to, type: 'document', media: { data, mimetype: 'application/pdf', filename: 'a.pdf' } },
      { to, type: 'location', latitude: 52.5, longitude: 13.4, name: 'Berlin' },
      { to, type: 'contact', contacts: [{ name: 'Bob', phone: '+15550003333' }] },
      { to, type: 'poll', name: 'Tea?', options: ['yes', 'no'] },
      { to: '120363000000000001@g.us', type: 'text', text: 'family', mentions: ['+15550003333'] },
    ];
    for (const body of bodies) {
      const { response, body: answer } = await post(rig, body, {}, '?wait=server');
      expect(answer, JSON.stringify(body.type)).toMatchObject({ success: true });
      expect(response.status).toBe(202);
      expect(response.headers.get('location')).toBe(`/api/messages/${answer.message.id}`);
      expect(answer.message, JSON.stringify(answer.message)).toMatchObject({
        status: expect.stringMatching(/sent|delivered/) as string,
      });
      const sent = rig.simulator.sent().filter(({ key }) => key.includes(answer.message.waId));
      expect(sent).toHaveLength(1);
    }
    expect(rig.simulator.sent().map(({ type }) => type)).toEqual([
      'chat',
      'image',
      'document',
      'location',
      'vcard',
      'poll_creation',
      'chat',
    ]);
    expect(rig.simulator.counters()).toMatchObject({ sent: 7, duplicates: 0 });
  });

  test('what comes in is journalled, and heard over Socket.IO, REST and a webhook alike', async () => {
    const rig = await linkedRig({ simulator: { vintage } });
    const receiver = await startReceiver();
    await fetch(`${rig.baseUrl}/api/webhooks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: receiver.url, events: ['message'] }),
    });
    const { events, socket } = connect(rig);
    await waitFor(() => socket.connected);
    await rig.simulator.receive({ from: '15550002222', body: 'one' });
    await rig.simulator.receive({ from: '15550003333', body: 'two' });
    await waitFor(() => events.length >= 2 && receiver.received.length >= 2);
    const answer = await fetch(`${rig.baseUrl}/api/events?types=message`);
    const listed = ((await answer.json()) as { events: JournalEvent[] }).events;
    expect(listed).toHaveLength(2);
    expect(events).toEqual(listed);
    expect(receiver.received.map(({ event }) => event)).toEqual(listed);
    for (const { data } of listed) eventDataSchemas.message.parse(data);
    expect(listed[0]?.data).toMatchObject({
      body: 'one',
      chatId: '15550002222@c.us',
      fromMe: false,
      id: expect.stringMatching(/^false_15550002222@c\.us_/) as string,
    });
  });
});

test('accepted while WhatsApp is not linked, sent in order once it is', async () => {
  const rig = await startGatewayRig();
  onTestFinished(() => rig[Symbol.asyncDispose]());
  await rig.until('qr');
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) {
    const { body } = await post(rig, { to: '15550002222', type: 'text', text: `${n}` });
    expect(body.message.status).toBe('queued');
    ids.push(body.message.id);
  }
  await rig.restartProcess();
  await rig.until('qr');
  await rig.simulator.scan();
  await waitFor(() => rig.simulator.sent().length === 5);
  expect(rig.simulator.sent().map(({ body }) => body)).toEqual(['0', '1', '2', '3', '4']);
  await waitFor(async () => (await statusOf(rig, ids[4]!)) !== 'sending');
});

test('an unknown number, 422 at once when connected', async () => {
  const rig = await linkedRig();
  const { response, body } = await post(rig, { to: '+1555000 0000', type: 'text', text: 'x' });
  expect(response.status).toBe(422);
  expect(body.error?.code).toBe('unknown_number');
  expect(rig.simulator.counters().sent).toBe(0);
  const known = await fetch(`${rig.baseUrl}/api/numbers/+15550002222`);
  expect(await known.json()).toEqual({
    success: true,
    phone: '15550002222',
    exists: true,
    chatId: '15550002222@c.us',
  });
});

test('the same key twice, one message; another body, 422', async () => {
  const rig = await linkedRig();
  const headers = { 'idempotency-key': '"order-1"' };
  const message = { to: '15550002222', type: 'text', text: 'once' };
  const [one, two] = await Promise.all([post(rig, message, headers), post(rig, message, headers)]);
  expect(two.body).toEqual(one.body);
  const three = await post(rig, message, headers);
  expect(three.response.headers.get('idempotency-replayed')).toBe('true');
  expect(three.body).toEqual(one.body);
  const other = await post(rig, { ...message, text: 'twice' }, headers);
  expect([other.response.status, other.body.error?.code]).toEqual([422, 'idempotency_conflict']);
  await waitFor(() => rig.simulator.sent().length > 0);
  expect(rig.simulator.counters().sent).toBe(1);
});

test('an upload, streamed and sent', async () => {
  const rig = await linkedRig();
  const form = new FormData();
  form.set('to', '15550002222');
  form.set('type', 'image');
  form.set('caption', 'uploaded');
  form.set('media', new Blob([new Uint8Array(PNG)], { type: 'image/png' }), 'dot.png');
  const response = await fetch(`${rig.baseUrl}/api/messages?wait=server`, { method: 'POST', body: form });
  const answer = (await response.json()) as MessageAnswer;
  expect(answer).toMatchObject({
    success: true,
    message: { status: expect.stringMatching(/sent|delivered/) as string },
  });
  expect(rig.simulator.sent()).toMatchObject([{ type: 'image' }]);
});

test('a client that was away, gets what it missed and then what happens, each once', async () => {
  const rig = await linkedRig();
  await rig.simulator.receive({ body: 'before' });
  const first = connect(rig, 0);
  await waitFor(() => first.events.some(({ type }) => type === 'message'));
  const since = first.events.at(-1)!.seq;
  first.socket.disconnect();
  for (let n = 0; n < 20; n += 1) await rig.simulator.receive({ body: `away ${n}` });
  const second = connect(rig, since);
  for (let n = 0; n < 20; n += 1) await rig.simulator.receive({ body: `live ${n}` });
  const bodies = () =>
    second.events.flatMap(({ type, data }) => (type === 'message' && 'body' in data ? [data.body] : []));
  await waitFor(() => bodies().length >= 40);
  expect(bodies()).toEqual([
    ...Array.from({ length: 20 }, (_, n) => `away ${n}`),
    ...Array.from({ length: 20 }, (_, n) => `live ${n}`),
  ]);
  const seqs = second.events.map(({ seq }) => seq);
  expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  expect(new Set(seqs).size).toBe(seqs.length);
});

test.each(['serialized', 'minified'] as const)(
  'a message that is there: reacted to, edited, starred, forwarded and deleted (%s keys)',
  async (vintage) => {
    const rig = await linkedRig({ simulator: { vintage } });
    const { body: sent } = await post(
      rig,
      { to: '15550002222', type: 'text', text: 'frist' },
      {},
      '?wait=server',
    );
    const act = async (id: string, action: string, body: object) => {
      const response = await fetch(`${rig.baseUrl}/api/messages/${encodeURIComponent(id)}/${action}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return {
        status: response.status,
        body: (await response.json()) as { messageId: string; error?: { code: string } },
      };
    };
    const { id } = sent.message;
    const reacted = await act(id, 'react', { reaction: '👍' });
    expect(reacted).toMatchObject({
      status: 200,
      body: { messageId: `true_15550002222@c.us_${sent.message.waId}` },
    });
    expect(await act(id, 'edit', { text: 'first' })).toMatchObject({ status: 200 });
    expect(await act(id, 'star', { starred: true })).toMatchObject({ status: 200 });
    expect(await act(id, 'forward', { to: '+15550003333' })).toMatchObject({ status: 200 });
    expect(await act(reacted.body.messageId, 'delete', { everyone: true })).toMatchObject({ status: 200 });
    expect(await act('true_15550002222@c.us_NONE', 'react', { reaction: '👍' })).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    });
    expect(await act('garbage', 'edit', { text: 'x' })).toMatchObject({ status: 404 });
    await waitFor(() => rig.simulator.sent().some(({ chatId }) => chatId.startsWith('15550003333')));
  },
);

test.each(['serialized', 'minified'] as const)(
  'chats: listed in pages, searched, read, and changed (%s keys)',
  async (vintage) => {
    const rig = await linkedRig({ simulator: { vintage } });
    await rig.simulator.receive({ from: '15550003333', body: 'from Bob' });
    const get = async (path: string) =>
      (await (await fetch(rig.baseUrl + path)).json()) as Record<string, unknown>;
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Record<string, unknown> = await get(
        `/api/chats?limit=1${cursor === null ? '' : `&cursor=${cursor}`}`,
      );
      expect(page['success'], JSON.stringify(page)).toBe(true);
      ids.push(...(page['chats'] as { id: string }[]).map(({ id }) => id));
      cursor = page['nextCursor'] as string | null;
    } while (cursor !== null);
    expect(ids).toHaveLength(new Set(ids).size);
    expect(ids[0]).toBe('15550003333@c.us');
    expect(ids).toContain('120363000000000001@g.us');
    expect(await get('/api/chats?search=famil')).toMatchObject({
      chats: [{ name: 'Family', isGroup: true }],
    });
    expect(await get('/api/chats/+15550003333/messages')).toMatchObject({ messages: [{ body: 'from Bob' }] });
    const act = async (action: string, body: object) => {
      const response = await fetch(`${rig.baseUrl}/api/chats/15550003333@c.us/${action}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      expect([action, response.status, await response.text()]).toEqual([action, 200, expect.any(String)]);
    };
    const bob = async () => (await get('/api/chats?search=15550003333'))['chats'];
    expect(await bob()).toMatchObject([{ unreadCount: 1, archived: false, pinned: false, muted: false }]);
    await act('seen', {});
    await act('typing', { state: 'typing' });
    await act('archive', { archived: true });
    await act('pin', { pinned: true });
    await act('mute', { muted: true });
    const wanted = { unreadCount: 0, archived: true, pinned: true, muted: true };
    const differing = (chat: unknown) =>
      Object.entries(wanted).filter(([name, value]) => (chat as Record<string, unknown>)[name] !== value);
    await waitFor(
      async () => {
        const left = differing(((await bob()) as unknown[])[0]);
        if (left.length > 0) throw new Error(`not yet: ${JSON.stringify(left)}`);
        return true;
      },
      { timeoutMs: 10_000 },
    );
  },
);

test('a file that comes in, served whole and in part, never as something that a browser runs', async () => {
  const rig = await linkedRig();
  const media = { mimetype: 'text/html', data: PNG.toString('base64'), filename: 'évil".html' };
  await rig.simulator.receive({ from: '15550002222', type: 'document', media });
  const event = await waitFor(() =>
    rig.gateway.messaging.journal.read(0, 100).find(({ type }) => type === 'message'),
  );
  const described = eventDataSchemas.message.parse(event.data).media;
  expect(described).toMatchObject({ mimetype: 'text/html' });
  const whole = await fetch(rig.baseUrl + described!.url);
  expect(Buffer.from(await whole.arrayBuffer()).equals(PNG)).toBe(true);
  expect(Object.fromEntries(whole.headers)).toMatchObject({
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
    'content-disposition': expect.stringMatching(/^attachment/) as string,
    'accept-ranges': 'bytes',
  });
  const part = await fetch(rig.baseUrl + described!.url, { headers: { range: 'bytes=1-3' } });
  expect([part.status, await part.text()]).toEqual([206, 'PNG']);
  expect((await fetch(`${rig.baseUrl}/api/media/none`)).status).toBe(404);
});

test.each(['before-add', 'before-hand-over', 'recorded', 'before-resolve'] as const)(
  'the page reloads at the step %s of a send, the message arrives once',
  async (step) => {
    const rig = await linkedRig();
    const hold = rig.simulator.hold(step);
    const { body } = await post(rig, { to: '15550002222', type: 'text', text: 'once' });
    await hold.reached();
    await rig.simulator.page('reload');
    hold.release();
    await waitFor(async () => (await statusOf(rig, body.message.id)) !== 'sending', { timeoutMs: 45_000 });
    await waitFor(() => rig.simulator.sent().length > 0);
    expect(await statusOf(rig, body.message.id)).toMatch(/sent|delivered/);
    expect(rig.simulator.sent().map((sent) => sent.body)).toEqual(['once']);
  },
);

test.each(['serialized', 'minified'] as const)(
  'what came in while the gateway was down, replayed once, marked and in order (%s keys)',
  async (vintage) => {
    const rig = await linkedRig({ simulator: { vintage } });
    await rig.simulator.receive({ from: '15550002222', body: 'heard live' });
    await waitFor(() => rig.gateway.messaging.journal.read(0, 100).some(({ type }) => type === 'message'));
    await rig.gateway.session.disconnect();
    for (let n = 0; n < 30; n += 1) {
      await rig.simulator.receive({ from: n % 2 === 0 ? '15550002222' : '15550003333', body: `missed ${n}` });
    }
    await rig.restartProcess();
    await rig.until('ready');
    const messages = () =>
      rig.gateway.messaging.journal
        .read(0, 1_000)
        .flatMap((event) => (event.type === 'message' ? [event] : []));
    await waitFor(() => messages().length >= 31);
    await rig.simulator.receive({ from: '15550002222', body: 'live again' });
    await waitFor(() => messages().length >= 32);
    await rig.gateway.session.disconnect();
    await rig.restartProcess();
    await rig.until('ready');
    await rig.simulator.receive({ from: '15550003333', body: 'the end' });
    await waitFor(() => messages().at(-1)?.data !== undefined && bodyOf(messages().at(-1)) === 'the end');
    const all = messages().map((event) => [bodyOf(event), event.replayed]);
    const missed = (chat: number) =>
      Array.from({ length: 30 }, (_, n) => n).flatMap((n) => (n % 2 === chat ? [[`missed ${n}`, true]] : []));
    const inChat = (phone: string) =>
      messages()
        .filter(({ data }) => 'chatId' in data && data.chatId === `${phone}@c.us`)
        .map((event) => [bodyOf(event), event.replayed]);
    expect(all).toHaveLength(33);
    expect(inChat('15550002222')).toEqual([['heard live', false], ...missed(0), ['live again', false]]);
    expect(inChat('15550003333')).toEqual([...missed(1), ['the end', false]]);
  },
);

test.each(['serialized', 'minified'] as const)(
  'an answer to a message of the gateway names it, in a chat and in a group (%s keys)',
  async (vintage) => {
    const rig = await linkedRig({ simulator: { vintage } });
    for (const to of ['15550002222@c.us', '120363000000000001@g.us']) {
      const { body } = await post(rig, { to, type: 'text', text: 'a question' }, {}, '?wait=server');
      await rig.simulator.receive({ from: to, body: `answer in ${to}`, quoted: body.message.waId });
      const answer = await waitFor(() =>
        rig.gateway.messaging.journal
          .read(0, 1_000)
          .flatMap(({ type, data }) => (type === 'message' ? [eventDataSchemas.message.parse(data)] : []))
          .find((data) => data.body === `answer in ${to}`),
      );
      expect(answer.quotedMessageId).toMatch(new RegExp(`^true_${to}_${body.message.waId}`));
      const reacted = await fetch(
        `${rig.baseUrl}/api/messages/${encodeURIComponent(answer.quotedMessageId!)}/react`,
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ reaction: '👍' }),
        },
      );
      expect([to, reacted.status]).toEqual([to, 200]);
    }
  },
);

test('the messages of a chat, in pages back to the first, with the outbox id of ours', async () => {
  const rig = await linkedRig();
  const from = '15550002222@c.us';
  const wanted: string[] = [];
  for (let n = 0; n < 7; n += 1) {
    // Of one second each two: they are told apart by their ids.
    await rig.simulator.receive({
      from,
      body: `m${n}`,
      id: `3EB000000000000000000${n}`,
      t: 1_700_000_000 + (n >> 1),
    });
    wanted.push(`m${n}`);
  }
  const { body } = await post(rig, { to: from, type: 'text', text: 'ours' }, {}, '?wait=server');
  wanted.push('ours');
  const read: { body: string; outboxId: string | null }[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`;
    const response = await fetch(`${rig.baseUrl}/api/chats/${from}/messages?limit=3${query}`);
    const page = (await response.json()) as { messages: typeof read; nextCursor: string | null };
    read.unshift(...page.messages);
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(read.map((message) => message.body)).toEqual(wanted);
  expect(read.at(-1)?.outboxId).toBe(body.message.id);
  expect(read[0]?.outboxId).toBeNull();
});

test('another phone is linked on the same data folder, nothing goes out or comes in that was meant for the first', async () => {
  const dataPath = tempFolder();
  const first = await startGatewayRig({ env: { DATA_PATH: dataPath } });
  await first.until('qr');
  await first.simulator.scan();
  await first.until('ready');
  await first.simulator.receive({ from: '15550002222', body: 'to the first' });
  await waitFor(() => first.gateway.messaging.journal.read(0, 100).some(({ type }) => type === 'message'));
  await first.gateway.session.logout();
  const { body } = await post(first, { to: '15550002222', type: 'text', text: 'from the first' });
  await first[Symbol.asyncDispose]();

  const account = { pn: '15550009999', lid: '100000000009999', pushname: 'Other', platform: 'iphone' };
  const second = await startGatewayRig({ env: { DATA_PATH: dataPath }, simulator: { account } });
  onTestFinished(() => second[Symbol.asyncDispose]());
  await second.until('qr');
  await second.simulator.receive({ from: '15550002222', body: 'private history' });
  await second.simulator.scan();
  await second.until('ready');
  await post(second, { to: '15550002222', type: 'text', text: 'from the second' }, {}, '?wait=server');
  expect(second.simulator.sent().map((sent) => sent.body)).toEqual(['from the second']);
  expect(await statusOf(second, body.message.id)).toBe('failed');
  await second.simulator.receive({ from: '15550002222', body: 'to the second' });
  const heard = () =>
    second.gateway.messaging.journal
      .read(0, 100)
      .flatMap((event) => (event.type === 'message' ? [bodyOf(event)] : []));
  await waitFor(() => heard().includes('to the second'));
  expect(heard()).toEqual(['to the first', 'to the second']);
});

test('a form that is sent again under its key, answered as the first time, also when its number turned out unknown', async () => {
  const rig = await startGatewayRig();
  onTestFinished(() => rig[Symbol.asyncDispose]());
  await rig.until('qr');
  const send = async () => {
    const form = new FormData();
    form.set('to', '+15550100000');
    form.set('type', 'image');
    form.set('media', new Blob([PNG], { type: 'image/png' }), 'dot.png');
    const headers = { 'idempotency-key': 'form-1' };
    const response = await fetch(`${rig.baseUrl}/api/messages`, { method: 'POST', headers, body: form });
    const { message } = (await response.json()) as MessageAnswer;
    return [response.status, response.headers.get('idempotency-replayed'), message.id];
  };
  const [status, replayed, id] = await send();
  expect([status, replayed]).toEqual([202, null]);
  await rig.simulator.scan();
  await rig.until('ready');
  expect(await send()).toEqual([202, 'true', id]);
});

test('one event that is looked for among many, found by its type; others get their turn between', async () => {
  const rig = await startGatewayRig();
  onTestFinished(() => rig[Symbol.asyncDispose]());
  const { journal } = rig.gateway.messaging;
  const ack = (n: number) => ({
    type: 'message.ack' as const,
    key: `${n}`,
    at: Date.now(),
    data: { messageId: `m${n}`, chatId: 'c', participant: null, ack: 1, ackName: 'SERVER' as const },
  });
  const call = (n: number) => ({
    type: 'call' as const,
    key: `call ${n}`,
    at: Date.now(),
    data: {
      id: `${n}`,
      from: null,
      isVideo: false,
      isGroup: false,
      fromMe: false,
      timestamp: new Date().toISOString(),
    },
  });
  await Promise.all(Array.from({ length: 4_000 }, (_, n) => journal.append(ack(n))));
  for (let n = 0; n < 3; n += 1) await journal.append(call(n));
  let turns = 0;
  const count = () => {
    turns += 1;
    turning = setImmediate(count);
  };
  let turning = setImmediate(count);
  onTestFinished(() => clearImmediate(turning));
  const get = async (query: string) =>
    (await (await fetch(`${rig.baseUrl}/api/events?${query}`)).json()) as {
      events: { data: { id: string } }[];
      nextSince: number;
    };
  const first = await get('types=call&limit=2');
  expect(first.events.map(({ data }) => data.id)).toEqual(['0', '1']);
  const rest = await get(`types=call&limit=2&since=${first.nextSince}`);
  expect(rest.events.map(({ data }) => data.id)).toEqual(['2']);
  // Of a journal that had come further than this one.
  const other = await get('types=call&limit=2&since=1000000');
  expect(other).toMatchObject({ events: first.events, nextSince: first.nextSince });
  const before = turns;
  expect((await get('types=group.*')).events).toEqual([]);
  // Eight looks of 500 events, with a turn after each.
  expect(turns - before).toBeGreaterThanOrEqual(8);
});

test('a client at its first start, its since of null is none', async () => {
  const rig = await startGatewayRig();
  onTestFinished(() => rig[Symbol.asyncDispose]());
  const socket = io(rig.baseUrl, { auth: { since: null }, reconnection: false });
  onTestFinished(() => void socket.disconnect());
  await new Promise((resolve, reject) => {
    socket.on('status', resolve);
    socket.on('connect_error', reject);
  });
});

test.each(['x', '👍👍', '1', 'a👍'])('a reaction of %j, refused by name', async (reaction) => {
  const rig = await startGatewayRig();
  onTestFinished(() => rig[Symbol.asyncDispose]());
  const response = await fetch(`${rig.baseUrl}/api/messages/true_1@c.us_1/react`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ reaction }),
  });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('reaction: expected one emoji');
});

function bodyOf(event: JournalEvent | undefined): string | null {
  return event !== undefined && 'body' in event.data ? event.data.body : null;
}
