import { expect, test } from 'vitest';

import type { GatewayError } from '../../src/errors.ts';
import { askClient } from '../../src/whatsapp/ask-client.ts';
import { RealDriverWorld } from '../support/real-driver-world.ts';
import { eventually } from '../support/eventually.ts';

declare const window: { asked?: boolean };

/** Never answered, and begun for certain. */
function hang(): Promise<never> {
  window.asked = true;
  return new Promise(() => undefined);
}

test.each([
  ['the page is loaded anew', (world: RealDriverWorld) => world.simulator.page('reload')],
  ['the browser is killed', (world: RealDriverWorld) => Promise.resolve(world.simulator.killBrowser())],
])('%s under a question, to be asked again: nobody refused it', async (_how, happen) => {
  await using world = await RealDriverWorld.create({});
  const client = world.library(await world.ready());
  const page = client.pupPage!;
  const asked = askClient(client, 60_000, () => page.evaluate(hang)).catch((error: unknown) => error);
  await eventually(() => page.evaluate(() => window.asked)).toBe(true);
  await happen(world);
  const error = (await asked) as GatewayError;
  expect(error).toMatchObject({ code: 'page_crashed', retryable: true });
});

test('a page that throws, refused with its first words', async () => {
  const asked = askClient({} as never, 1_000, () => Promise.reject(new Error('not an admin\n  at page')));
  await expect(asked).rejects.toMatchObject({
    code: 'unprocessable',
    message: 'WhatsApp Web refused: not an admin',
  });
});
