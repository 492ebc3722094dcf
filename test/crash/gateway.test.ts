import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { startSimulator } from '../simulator/server.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { removeFolder } from '../support/remove-folder.ts';

const STEPS = ['before-add', 'before-hand-over', 'recorded', 'before-resolve'] as const;
const VICTIMS = ['node', 'browser', 'page'] as const;

/** Rounds over all steps and victims; more with CRASH_ROUNDS. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 1);

interface Answer {
  readonly message: { readonly id: string; readonly status: string; readonly waId: string };
}

describe.each(['serialized', 'minified'] as const)('on %s keys', (vintage) => {
  test(
    'node, browser and page killed at every step of a send: none lost, none doubled',
    { timeout: 1_200_000 },
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-crash-'));
      const simulator = await startSimulator({ vintage, minifiedName: '$q' });
      let gateway: GatewayProcess | null = null;
      onTestFinished(async () => {
        await gateway?.[Symbol.asyncDispose]();
        await simulator.stop();
        await removeFolder(folder);
      });
      const start = async () => {
        gateway = new GatewayProcess({
          env: {
            WHATSAPP_SESSION_PATH: join(folder, 'auth'),
            DATA_PATH: join(folder, 'data'),
            SEND_RATE_PER_MINUTE: '0',
            CHROMIUM_ARGS: simulator.chromiumArgsLine,
          },
        });
        await gateway.url();
        return gateway;
      };

      let running = await start();
      await running.until(({ hasQr }) => hasQr, 'a QR');
      await simulator.scan();
      await running.until(({ isReady }) => isReady, 'ready');

      const accepted = new Map<string, string>();
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const step of STEPS) {
          for (const victim of VICTIMS) {
            const text = `${round} ${step} ${victim}`;
            const hold = simulator.hold(step);
            const response = await fetch(`${await running.url()}/api/messages`, {
              method: 'POST',
              headers: { 'content-type': 'application/json', 'idempotency-key': text.replaceAll(' ', '-') },
              body: JSON.stringify({ to: '+1 555 000-2222', type: 'text', text }),
            });
            const { message } = (await response.json()) as Answer;
            accepted.set(text, message.waId);
            await hold.reached();
            if (victim === 'node') await running.end('SIGKILL');
            else if (victim === 'browser') simulator.killBrowser();
            else simulator.crashPage();
            hold.release();
            if (victim === 'node') running = await start();
            await waitFor(
              async () => {
                const found = await fetch(`${await running.url()}/api/messages/${message.id}`);
                return /sent|delivered|read/.test(((await found.json()) as Answer).message.status);
              },
              { what: `${text} to be sent`, timeoutMs: 60_000, intervalMs: 50 },
            );
          }
        }
      }

      const sent = simulator.sent();
      expect(sent.map(({ body }) => body).toSorted()).toEqual([...accepted.keys()].toSorted());
      for (const { body, key } of sent) expect(key).toContain(accepted.get(String(body)));
    },
  );
});
