import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, readlink, rename, symlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { findProcessesUsingProfile } from '../../src/whatsapp/processes.ts';
import { isMain, isRenderer, profileOf, signalBrowser } from '../support/browser-processes.ts';
import { type GatewayRig, startGatewayRig } from '../support/gateway-rig.ts';
import { forbidStrayRejections } from '../support/stray-rejections.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';

forbidStrayRejections();

describe('hazard: what dies while ready', () => {
  test.each([
    { what: 'browser killed', signal: 'SIGKILL', whom: isMain, code: 'browser_crashed' },
    { what: 'renderer killed', signal: 'SIGKILL', whom: isRenderer, code: 'page_crashed' },
    { what: 'browser frozen', signal: 'SIGSTOP', whom: () => true, code: 'browser_unresponsive' },
    { what: 'renderer frozen', signal: 'SIGSTOP', whom: isRenderer, code: 'browser_unresponsive' },
  ] as const)('$what, $code, and ready again by itself on the same login', async ({ signal, whom, code }) => {
    await using rig = await startGatewayRig({ deadlines: { answerMs: 1_500, closeMs: 1_500 } });
    await link(rig);
    // Chromium keeps localStorage in memory for some seconds; a clean end writes it.
    await rig.restartProcess();
    await rig.until('ready');
    const pids = await signalBrowser(profileOf(rig.sessionPath), signal, whom);
    await waitFor(() => reasons(rig).includes(code), { what: `the reason ${code}` });
    await waitFor(async () => !(await pidsOf(rig)).some((pid) => pids.includes(pid)));
    await rig.until('ready');
    expect(rig.simulator.issuedQrs()).toHaveLength(1);
    expect((await mains(rig)).length).toBe(1);
  });
});

describe('hazard: the session folder goes while ready', () => {
  test('moved away and back, said beside the state as long as it is away, connected all the time', async () => {
    await using rig = await startGatewayRig();
    await link(rig);
    const away = `${rig.sessionPath}-away`;
    await rename(rig.sessionPath, away);
    await waitFor(() => rig.status().reason?.code === 'session_path_deleted', { what: 'the reason' });
    expect(rig.status()).toMatchObject({ status: 'ready', isReady: true });
    await rename(away, rig.sessionPath);
    await waitFor(() => rig.status().reason === null, { what: 'all to be well' });
    expect(rig.status().status).toBe('ready');
  });
});

describe('hazard: killed soon after the scan', () => {
  test('at once, ready again or a QR that links, never stuck', async () => {
    await using rig = await startGatewayRig();
    await link(rig);
    await signalBrowser(profileOf(rig.sessionPath), 'SIGKILL', isMain);
    await waitFor(() => reasons(rig).includes('browser_crashed'));
    const { status } = await waitFor(() =>
      ['qr', 'ready'].includes(rig.status().status) ? rig.status() : undefined,
    );
    if (status === 'qr') await link(rig);
  });

  test('once localStorage is on the disk, the login is kept', async () => {
    await using rig = await startGatewayRig();
    await link(rig);
    const storage = join(profileOf(rig.sessionPath), 'Default/Local Storage/leveldb');
    await waitFor(async () => (await contentsOf(storage)).includes('last-wid-md'), { what: 'localStorage' });
    await signalBrowser(profileOf(rig.sessionPath), 'SIGKILL', isMain);
    await waitFor(() => reasons(rig).includes('browser_crashed'));
    await rig.until('ready');
    expect(rig.simulator.issuedQrs()).toHaveLength(1);
  });

  test('gracefully and at once, three times over, the login is kept', async () => {
    await using rig = await startGatewayRig();
    await link(rig);
    for (let count = 0; count < 3; count += 1) {
      await rig.restartProcess();
      await rig.until('ready');
    }
    expect(rig.simulator.issuedQrs()).toHaveLength(1);
    expect(rig.simulator.devices()).toHaveLength(1);
  });
});

describe('hazard: what never comes', () => {
  test('ready after the scan, sync_timeout, and once WhatsApp syncs again, ready without a scan', async () => {
    await using rig = await startGatewayRig({ policy: { syncMs: 1_500 } });
    await rig.until('qr');
    await rig.simulator.setFault('neverSync', true);
    await rig.simulator.scan();
    await waitFor(() => reasons(rig).includes('sync_timeout'), { what: 'sync_timeout' });
    await rig.simulator.setFault('neverSync', false);
    await rig.until('ready');
    expect(rig.simulator.issuedQrs()).toHaveLength(1);
  });

  test('WhatsApp Web, tried again with the reason, and connected once it is there', async () => {
    await using rig = await startGatewayRig({ policy: { retryMs: 5_000, retryMaxMs: 5_000 } });
    await link(rig);
    await rig.simulator.setFault('refuse', true);
    rig.gateway.session.restart();
    await waitFor(() => rig.status().phase === 'waiting');
    expect(rig.status()).toMatchObject({ status: 'idle', reason: { code: 'whatsapp_unreachable' } });
    expect(rig.status().reason?.retryAt).not.toBeNull();
    await rig.simulator.setFault('refuse', false);
    rig.gateway.session.connect();
    await rig.until('ready');
  });

  test('a passkey, status error with what is known, no browser left', async () => {
    await using rig = await startGatewayRig();
    await rig.until('qr');
    await rig.simulator.setFault('passkey', true);
    await rig.simulator.scan();
    const { reason } = await rig.until('error');
    expect(reason).toMatchObject({
      code: 'passkey_required',
      action: expect.stringContaining('http') as string,
    });
    expect(await pidsOf(rig)).toEqual([]);
  });
});

describe('hazard: locks and leftovers in the profile', () => {
  test.each([
    { what: 'of another host', owner: `another-host-${process.pid}` },
    { what: 'of a dead process', owner: `${hostname()}-999999` },
  ])('SingletonLock $what, removed, and ready', async ({ owner }) => {
    await using rig = await startGatewayRig({ env: { WHATSAPP_AUTO_CONNECT: 'false' } });
    const profile = profileOf(rig.sessionPath);
    await mkdir(profile, { recursive: true });
    await symlink(owner, join(profile, 'SingletonLock'));
    await symlink('/nowhere/SingletonSocket', join(profile, 'SingletonSocket'));
    rig.gateway.session.connect();
    await link(rig);
    expect(await readlink(join(profile, 'SingletonLock')).catch(() => null)).not.toBe(owner);
  });
});

describe('hazard: commands at the wrong moment', () => {
  test('disconnect as soon as the browser is there, then connect: one browser, and it works', async () => {
    await using rig = await startGatewayRig();
    await waitFor(async () => (await mains(rig)).length > 0, { intervalMs: 5 });
    await rig.gateway.session.disconnect();
    expect(rig.status()).toMatchObject({ status: 'idle', reason: { code: 'stopped' } });
    expect(await pidsOf(rig)).toEqual([]);
    rig.gateway.session.connect();
    await rig.until('qr');
    expect((await mains(rig)).length).toBe(1);
  });

  test('restarts one upon the other, one browser in the end', async () => {
    await using rig = await startGatewayRig();
    await link(rig);
    for (let count = 0; count < 3; count += 1) rig.gateway.session.restart();
    await waitFor(() => rig.status().status !== 'ready');
    rig.gateway.session.restart();
    await rig.until('ready');
    expect((await mains(rig)).length).toBe(1);
    expect(rig.simulator.devices()).toHaveLength(1);
  });
});

test('hazard: web cache of the library, nothing is written into the working directory', async () => {
  await using rig = await startGatewayRig();
  await link(rig);
  expect(existsSync('.wwebjs_cache')).toBe(false);
});

describe('hazard: a locale that is not UTF-8', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test('a session path in other letters than ASCII, linked and ready all the same', async () => {
    for (const name of ['LC_ALL', 'LC_CTYPE', 'LANG']) vi.stubEnv(name, undefined);
    const sessionPath = join(tempFolder(), 'Ватсап, 中文');
    await using rig = await startGatewayRig({ env: { WHATSAPP_SESSION_PATH: sessionPath } });
    await link(rig);
  });
});

async function link(rig: GatewayRig): Promise<void> {
  await rig.until('qr');
  await rig.simulator.scan();
  await rig.until('ready');
}

async function contentsOf(folder: string): Promise<string> {
  const names = await readdir(folder);
  const texts = await Promise.all(
    names.map((name) => readFile(join(folder, name), 'latin1').catch(() => '')),
  );
  return texts.join('');
}

/** The codes of every reason that was given so far. */
function reasons({ lines }: GatewayRig): unknown[] {
  return lines.map(({ reason }) => reason).filter((reason) => reason !== undefined);
}

async function pidsOf({ sessionPath }: GatewayRig): Promise<number[]> {
  return (await findProcessesUsingProfile(profileOf(sessionPath))).map(({ pid }) => pid);
}

async function mains({ sessionPath }: GatewayRig): Promise<number[]> {
  const processes = await findProcessesUsingProfile(profileOf(sessionPath));
  return processes.filter(isMain).map(({ pid }) => pid);
}
