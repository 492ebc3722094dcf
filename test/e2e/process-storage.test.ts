import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { io } from 'socket.io-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { JournalEvent } from '../../src/events/event.ts';
import { SCHEMA_VERSION } from '../../src/store/migrations.ts';
import { startSimulator, type Simulator } from '../simulator/server.ts';
import { GatewayProcess, type GatewayProcessOptions } from '../support/gateway-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { removeFolder } from '../support/remove-folder.ts';

const isRoot = process.getuid?.() === 0;
/** Some user that is not root and owns nothing. */
const OTHER_UID = 12_345;

let folder: string;
let dataPath: string;
let simulator: Simulator;
const open: AsyncDisposable[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-storage-'));
  await chmod(folder, 0o755);
  dataPath = join(folder, 'data');
  simulator = await startSimulator();
  open.push(simulator);
});

afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource[Symbol.asyncDispose]();
  await removeFolder(folder);
});

function start(session: string, options: Partial<GatewayProcessOptions> = {}): GatewayProcess {
  const gateway = new GatewayProcess({
    ...options,
    env: {
      WHATSAPP_SESSION_PATH: join(folder, session),
      DATA_PATH: dataPath,
      SEND_RATE_PER_MINUTE: '0',
      CHROMIUM_ARGS: simulator.chromiumArgsLine,
      ...options.env,
    },
  });
  open.push(gateway);
  return gateway;
}

interface Refusal {
  readonly error?: { readonly code: string; readonly message: string; readonly action: string | null };
}

async function send(gateway: GatewayProcess, text: string): Promise<{ status: number; body: Refusal }> {
  const response = await fetch(`${await gateway.url()}/api/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ to: '+1 555 000-2222', type: 'text', text }),
  });
  return { status: response.status, body: (await response.json()) as Refusal };
}

/** The lines of the log that tell of the data folder at level error. */
function complaints(gateway: GatewayProcess): Record<string, unknown>[] {
  return gateway.lines.filter(
    ({ level, code }) => level === 'error' && typeof code === 'string' && code.startsWith('storage_'),
  );
}

const CALLS = [
  ['GET', '/api/messages'],
  ['GET', '/api/messages/msg_1'],
  ['DELETE', '/api/messages/msg_1'],
  ['POST', '/api/messages/msg_1/star', { starred: true }],
  ['GET', '/api/numbers/15550002222'],
  ['GET', '/api/media/false_1@c.us_3EB0'],
  ['GET', '/api/events'],
  ['GET', '/api/webhooks'],
  ['POST', '/api/webhooks', { url: 'https://example.org/hook' }],
  ['GET', '/api/webhooks/wh_1'],
] as const;

describe('process, a data folder that is not right', () => {
  it('a file in the way, WhatsApp connects, calls answer 503 with the remedy, and all comes up once it is gone', async () => {
    await writeFile(dataPath, 'in the way');
    const gateway = start('auth');
    await gateway.until(({ hasQr }) => hasQr, 'a QR');
    await simulator.scan();
    await gateway.until(({ isReady }) => isReady, 'ready');
    const url = await gateway.url();

    const refused = await send(gateway, 'too early');
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'storage_unavailable' } } });
    expect(refused.body.error?.message).toContain(dataPath);
    expect(refused.body.error?.action).toContain(`mv '${dataPath}'`);
    for (const [method, path, body] of CALLS) {
      const response = await fetch(url + path, {
        method,
        ...(body !== undefined && {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      });
      expect([method, path, response.status]).toEqual([method, path, 503]);
      expect(((await response.json()) as Refusal).error?.code).toBe('storage_unavailable');
    }
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    expect((await fetch(`${url}/whatsapp`)).status).toBe(200);
    expect((await fetch(`${url}/api/chats`)).status).toBe(200);

    const told: unknown[] = [];
    const events: JournalEvent[] = [];
    const client = io(url, { auth: { since: 0 }, transports: ['websocket'] });
    client.on('events_unavailable', (error: unknown) => told.push(error));
    client.on('event', (event: JournalEvent) => events.push(event));
    try {
      await waitFor(() => told.length > 0, { what: 'the client to be told' });
      expect(told).toEqual([expect.objectContaining({ code: 'storage_unavailable' })]);
      const key = await simulator.receive({ body: 'meanwhile' });
      await simulator.react(key, '👍');

      await rm(dataPath);
      await waitFor(async () => (await send(gateway, 'in time')).status === 202, {
        what: 'a message to be accepted',
        intervalMs: 200,
      });
      await waitFor(() => events.some(({ data }) => 'status' in data && data.status === 'sent'), {
        what: 'the event of the message',
      });
    } finally {
      client.close();
    }
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, index) => index + 1));
    expect(events.slice(0, 3)).toMatchObject([
      { type: 'message', replayed: false, data: { body: 'meanwhile' } },
      { type: 'message.reaction', data: { reaction: '👍' } },
      { type: 'session.status', data: { status: 'ready' } },
    ]);
    expect(simulator.sent().map(({ body }) => body)).toEqual(['in time']);
    expect(complaints(gateway)).toHaveLength(1);
    expect(complaints(gateway)[0]).toMatchObject({
      action: expect.stringContaining(`mv '${dataPath}'`) as string,
    });
    expect(await gateway.end()).toEqual({ code: 0, signal: null });
  });

  it.skipIf(!isRoot)(
    'a folder of root and a gateway that is not, 503 with the chown line, and up once it is typed (needs root)',
    async () => {
      await mkdir(dataPath, { mode: 0o755 });
      const gateway = start('auth', {
        uid: OTHER_UID,
        env: { WHATSAPP_AUTO_CONNECT: 'false', HOME: folder },
      });
      await waitFor(async () => (await send(gateway, 'x')).status === 503);
      const { body } = await send(gateway, 'x');
      expect(body.error).toMatchObject({ code: 'storage_unavailable' });
      expect(body.error?.action).toContain(`chown -R ${OTHER_UID}:${OTHER_UID} '${dataPath}'`);
      await chown(dataPath, OTHER_UID, OTHER_UID);
      await waitFor(async () => (await send(gateway, 'x')).status === 202, { intervalMs: 200 });
      expect(await gateway.end()).toEqual({ code: 0, signal: null });
    },
  );

  it('a second gateway on the same folder, storage_in_use until the first has ended', async () => {
    const first = start('auth-1', { env: { WHATSAPP_AUTO_CONNECT: 'false' } });
    await first.url();
    expect((await send(first, 'one')).status).toBe(202);
    const second = start('auth-2', { env: { WHATSAPP_AUTO_CONNECT: 'false' } });
    expect(await send(second, 'two')).toMatchObject({
      status: 503,
      body: { error: { code: 'storage_in_use', action: expect.stringContaining('DATA_PATH') as string } },
    });
    expect((await send(first, 'three')).status).toBe(202);
    expect(await first.end()).toEqual({ code: 0, signal: null });
    await waitFor(async () => (await send(second, 'four')).status === 202, { intervalMs: 200 });
    const list = await fetch(`${await second.url()}/api/messages`);
    expect(await list.json()).toMatchObject({ counts: { queued: 3 } });
    expect(complaints(second)).toHaveLength(1);
    expect(await second.end()).toEqual({ code: 0, signal: null });
  });

  it('a database of a newer version, 503 and left as it is; SIGTERM ends it cleanly', async () => {
    await mkdir(dataPath);
    const path = join(dataPath, 'gateway.db');
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}; CREATE TABLE t (a)`);
    database.close();
    const gateway = start('auth', { env: { WHATSAPP_AUTO_CONNECT: 'false' } });
    expect(await send(gateway, 'x')).toMatchObject({
      status: 503,
      body: { error: { code: 'storage_newer' } },
    });
    expect(await gateway.end()).toEqual({ code: 0, signal: null });
    const after = new DatabaseSync(path);
    expect(after.prepare('PRAGMA user_version').get()).toEqual({ user_version: SCHEMA_VERSION + 1 });
    after.close();
  });
});
