import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';

import { describe, expect, onTestFinished, test } from 'vitest';

import { createLogger } from '../../src/log.ts';
import { SCHEMA_VERSION } from '../../src/store/migrations.ts';
import { openStore } from '../../src/store/store.ts';
import { newWebhookSchema } from '../../src/webhooks/schema.ts';
import { newSecret } from '../../src/webhooks/sign.ts';
import { progressFrom } from '../../src/webhooks/webhook.ts';
import { breakFs } from '../support/broken-fs.ts';
import { SettlingClock, settle } from '../support/settling-clock.ts';
import { silent, startMessaging, text } from '../support/messaging.ts';
import { tempFolder } from '../support/temp-folder.ts';

function collectLog() {
  const lines: string[] = [];
  return {
    lines,
    log: createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } }),
  };
}

describe('openStore', () => {
  test('in a folder that everybody may read, nobody may read the database', async () => {
    const folder = tempFolder();
    chmodSync(folder, 0o755);
    const before = process.umask(0o022);
    onTestFinished(() => void process.umask(before));
    const store = openStore(folder, silent);
    await store.transactions.run(() => store.account.set('me'));
    const modes = () =>
      readdirSync(folder).map((name) => `${name} ${(statSync(join(folder, name)).mode & 0o777).toString(8)}`);
    expect(modes()).toEqual(['gateway.db 600', 'gateway.db-wal 600', 'media 700']);
    store.close();
    chmodSync(join(folder, 'gateway.db'), 0o644);
    openStore(folder, silent).close();
    expect(modes()).toContain('gateway.db 600');
    // Of a version that did not see to it.
    writeFileSync(join(folder, 'gateway.db.damaged-2026'), '', { mode: 0o644 });
    openStore(folder, silent).close();
    expect(modes()).toContain('gateway.db.damaged-2026 600');
  });

  test.runIf(process.getuid?.() === 0).each(['.', 'data/below'])(
    'a mounted folder that was deleted on its host (needs root), %s in it is refused and nothing hangs',
    (part) => {
      const [source, target] = [tempFolder(), tempFolder()];
      const setup = 'mount --bind "$1" "$2" && rmdir "$1" && exec "$3" "$4" "$2/$5"';
      const program = join(import.meta.dirname, '../support/hold-store.ts');
      const args = ['-m', 'sh', '-c', setup, 'sh', source, target, process.execPath, program, part];
      const { status, signal, stderr } = spawnSync('unshare', args, {
        timeout: 30_000,
        killSignal: 'SIGKILL',
      });
      expect({ status, signal }).toEqual({ status: 1, signal: null });
      expect(String(stderr)).toContain('was deleted while it was mounted or in use');
    },
  );

  test('a link to where there is nothing yet, the database is made there', () => {
    const [folder, other] = [tempFolder(), tempFolder()];
    symlinkSync(join(other, 'real.db'), join(folder, 'gateway.db'));
    openStore(folder, silent).close();
    expect((statSync(join(other, 'real.db')).mode & 0o777).toString(8)).toBe('600');
  });

  test('a fresh folder, the schema of this version, WAL and a real fsync at commit', () => {
    const store = openStore(tempFolder(), silent);
    const pragma = (name: string) => Object.values(store.connection.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    expect(pragma('user_version')).toBe(SCHEMA_VERSION);
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('synchronous')).toBe(2);
    expect(pragma('foreign_keys')).toBe(1);
    store.close();
  });

  test('the files, for nobody but the owner to enter', () => {
    const folder = join(tempFolder(), 'data');
    openStore(folder, silent).close();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test('a database of a newer version, refused and left alone', () => {
    const folder = tempFolder();
    openStore(folder, silent).close();
    const path = join(folder, 'gateway.db');
    const connection = new DatabaseSync(path);
    connection.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    connection.close();
    expect(() => openStore(folder, silent)).toThrow(expect.objectContaining({ code: 'storage_newer' }));
    const after = new DatabaseSync(path);
    expect(after.prepare('PRAGMA user_version').get()).toEqual({ user_version: SCHEMA_VERSION + 1 });
    after.close();
    expect(readdirSync(folder).filter((name) => name.includes('damaged'))).toEqual([]);
  });

  test('a folder that another process uses, refused with the remedy', async () => {
    const folder = tempFolder();
    openStore(folder, silent).close();
    const holder = fork(new URL('../support/hold-store.ts', import.meta.url), [folder]);
    onTestFinished(() => {
      holder.kill('SIGKILL');
    });
    await once(holder, 'message');
    expect(() => openStore(folder, silent)).toThrow(
      expect.objectContaining({
        code: 'storage_in_use',
        action: expect.stringContaining('DATA_PATH') as string,
      }),
    );
    const exited = once(holder, 'exit');
    holder.kill('SIGKILL');
    await exited;
    openStore(folder, silent).close();
  });

  test('a folder that cannot be made, refused by name', () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'file'), '');
    expect(() => openStore(join(folder, 'file', 'data'), silent)).toThrow(
      expect.objectContaining({ code: 'storage_unavailable' }),
    );
  });

  test('a file that is no database, moved aside whole and told loudly', () => {
    const folder = tempFolder();
    const garbage = 'not a database'.repeat(1_000);
    writeFileSync(join(folder, 'gateway.db'), garbage);
    const { lines, log } = collectLog();
    openStore(folder, log).close();
    const kept = readdirSync(folder).find((name) => name.includes('damaged'));
    expect(readFileSync(join(folder, kept!), 'utf8')).toBe(garbage);
    expect(lines.join('')).toMatch(/"level":"error".*damaged/);
  });

  test('damaged pages: what can be read comes along, what waited is looked for first, numbers go on', async () => {
    const folder = tempFolder();
    const first = startMessaging(folder, { clock: new SettlingClock(Date.now()) });
    for (let n = 0; n < 200; n += 1) {
      await first.outbox.accept(text(`${n} ${'x'.repeat(2_000)}`, '120363025246125486@g.us'));
    }
    const { lastSeq } = first.journal;
    await first.stop();
    const path = join(folder, 'gateway.db');
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(8_192, 0xa5), 0, 8_192, Math.floor(statSync(path).size / 2 / 4_096) * 4_096);
    closeSync(file);

    const { lines, log } = collectLog();
    openStore(folder, log).close();
    expect(lines.join('')).toContain('moved aside');
    const second = startMessaging(folder);
    const rescued = second.store.outbox.unfinished();
    expect(rescued.length).toBeGreaterThan(50);
    expect(new Set(rescued.map(({ status }) => status))).toEqual(new Set(['sending']));
    expect(second.journal.lastSeq).toBeGreaterThan(lastSeq);
    second.sender.connected();
    await settle();
    await settle();
    expect(second.transport.lookUps.length).toBeGreaterThan(0);
  });
});

test('refusals of a webhook, forgotten when a program that does not know them has moved its cursor', async () => {
  const { webhooks, transactions, connection } = openStore(tempFolder(), silent);
  const refusals = { inARow: 3, since: 1, gaveUpAt: 2 };
  const progress = { ...progressFrom(0), cursor: 7, refusals };
  const webhook = {
    ...newWebhookSchema.parse({ url: 'https://example.org/' }),
    id: 'wh_1',
    origin: 'rest',
  } as const;
  await transactions.run(() => {
    webhooks.insert({ ...webhook, secret: newSecret(), disabledReason: null, createdAt: 0, progress });
    webhooks.saveProgress('wh_1', progress);
  });
  expect(webhooks.all()[0]?.progress).toEqual(progress);
  connection.exec('UPDATE webhooks SET cursor = 8');
  expect(webhooks.all()[0]?.progress).toEqual(progressFrom(8));
});

describe('group commit', () => {
  test('many writes of one turn, one transaction; a failing one is undone alone', async () => {
    const store = openStore(tempFolder(), silent);
    const insert = (digits: string) => store.outbox.rememberNumber(digits, { chatId: null, checkedAt: 0 });
    const results = await Promise.allSettled([
      store.transactions.run(() => insert('1')),
      store.transactions.run(() => {
        insert('2');
        throw new Error('no');
      }),
      store.transactions.run(() => insert('3')),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(['1', '2', '3'].map((digits) => store.outbox.number(digits) !== null)).toEqual([
      true,
      false,
      true,
    ]);
    store.close();
  });

  test('callbacks after the commit, called for what was committed and not for what was undone', async () => {
    const store = openStore(tempFolder(), silent);
    const called: string[] = [];
    const job = (name: string, fail: boolean) =>
      store.transactions.run(() => {
        store.transactions.afterCommit(() => called.push(name));
        if (fail) throw new Error('no');
      });
    await Promise.allSettled([job('a', false), job('b', true), job('c', false)]);
    expect(called).toEqual(['a', 'c']);
    store.close();
  });

  test('after close, refused', async () => {
    const store = openStore(tempFolder(), silent);
    const last = store.transactions.run(() => 'written');
    store.close();
    await expect(last).resolves.toBe('written');
    await expect(store.transactions.run(() => 1)).rejects.toMatchObject({ code: 'storage_unavailable' });
  });
});

describe('media folder', () => {
  test('equal content, stored once and read in ranges', async () => {
    const { outgoingMedia } = openStore(tempFolder(), silent);
    const content = Buffer.from('0123456789');
    const one = await outgoingMedia.put(Readable.from([content.subarray(0, 4), content.subarray(4)]), 100);
    const two = await outgoingMedia.put(Readable.from([content]), 100);
    expect(two).toEqual(one);
    expect(one.size).toBe(10);
    const part = await outgoingMedia.read(one.sha256, { start: 2, end: 4 }).toArray();
    expect(Buffer.concat(part as Buffer[]).toString()).toBe('234');
  });

  test('too large, refused and nothing left behind', async () => {
    const folder = tempFolder();
    const { outgoingMedia } = openStore(folder, silent);
    await expect(
      outgoingMedia.put(Readable.from([Buffer.alloc(60), Buffer.alloc(60)]), 100),
    ).rejects.toMatchObject({
      code: 'payload_too_large',
    });
    expect(readdirSync(join(folder, 'media', 'outbox', 'incoming'))).toEqual([]);
  });

  test.each(['../../gateway.db', '', 'A'.repeat(64), '0'.repeat(63)])('%j, no file name', (name) => {
    const { outgoingMedia } = openStore(tempFolder(), silent);
    expect(() => outgoingMedia.pathOf(name)).toThrow(expect.objectContaining({ code: 'not_found' }));
  });

  test('a clean-up, keeps what is needed, new or not released yet, and removes the rest', async () => {
    const { outgoingMedia } = openStore(tempFolder(), silent);
    const put = (body: string) => outgoingMedia.put(Readable.from([Buffer.from(body)]), 100);
    const [needed, old, recent, claimed] = [
      await put('needed'),
      await put('old'),
      await put('recent'),
      await put('claimed'),
    ];
    for (const { sha256 } of [needed, old, recent]) await outgoingMedia.release(sha256, () => true);
    for (const { sha256 } of [needed, old, claimed]) utimesSync(outgoingMedia.pathOf(sha256), 0, 0);
    const removed = await outgoingMedia.sweep(1_000, (sha256) => sha256 === needed.sha256);
    expect(removed).toBe(1);
    expect(await outgoingMedia.sizeOf(needed.sha256)).toBe(6);
    expect(await outgoingMedia.sizeOf(old.sha256)).toBeNull();
    expect(await outgoingMedia.sizeOf(recent.sha256)).toBe(6);
    expect(await outgoingMedia.sizeOf(claimed.sha256)).toBe(7);
  });

  test('a file that is in its place when the disk fails, removed by a later clean-up', async () => {
    const { outgoingMedia } = openStore(tempFolder(), silent);
    const put = () => outgoingMedia.put(Readable.from([Buffer.from('file')]), 100);
    let isBroken = true;
    breakFs(
      'open',
      (real) =>
        (path, ...rest) =>
          isBroken && rest[0] === 'r'
            ? Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }))
            : real(path, ...rest),
    );
    await expect(put()).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect(await outgoingMedia.sweep(Date.now() + 60_000, () => false)).toBe(1);
    isBroken = false;
    const { sha256 } = await put();
    expect(await outgoingMedia.sizeOf(sha256)).toBe(4);
  });

  test('a clean-up of a folder in which others have left something, leaves that and does its work', async () => {
    const folder = tempFolder();
    const { outgoingMedia } = openStore(folder, silent);
    const outbox = join(folder, 'media', 'outbox');
    const { sha256 } = await outgoingMedia.put(Readable.from([Buffer.from('old')]), 100);
    await outgoingMedia.release(sha256, () => true);
    const shelf = join(outbox, sha256.slice(0, 2));
    const strange = [join(outbox, '.DS_Store'), join(shelf, 'Thumbs.db'), join(outbox, 'incoming', 'note')];
    for (const path of strange) writeFileSync(path, 'x');
    for (const path of [join(outbox, '@eaDir'), join(shelf, '@eaDir')]) {
      mkdirSync(path);
      writeFileSync(join(path, 'SYNO@.fileindexdb'), 'x');
      strange.push(path);
    }
    for (const path of [...strange, outgoingMedia.pathOf(sha256)]) utimesSync(path, 0, 0);
    expect(await outgoingMedia.sweep(1_000, () => false)).toBe(1);
    expect(strange.map((path) => existsSync(path))).toEqual(strange.map(() => true));
  });
});

test('a stored file that is gone is told from a folder that is away', async () => {
  const folder = tempFolder();
  const { outgoingMedia } = openStore(folder, silent);
  const { sha256 } = await outgoingMedia.put(Readable.from([Buffer.from('bytes')]), 100);
  expect((await outgoingMedia.load(sha256))?.toString()).toBe('bytes');
  expect(await outgoingMedia.load('0'.repeat(64))).toBeNull();
  renameSync(join(folder, 'media'), join(folder, 'away'));
  await expect(outgoingMedia.load(sha256)).rejects.toMatchObject({ code: 'storage_unavailable' });
});
