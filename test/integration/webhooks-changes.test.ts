import { describe, expect, test } from 'vitest';

import { newSecret } from '../../src/webhooks/sign.ts';
import { startReceiver } from '../support/receiver.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { waitFor } from '../support/wait-for.ts';
import { call, startWebhooks, subscription } from '../support/webhooks.ts';

describe('subscriptions', () => {
  test('the one of the environment, made once, changed by it and by nobody else, and gone with it', async () => {
    const folder = tempFolder();
    const receiver = await startReceiver();
    const environment = { url: receiver.url, secret: newSecret(), events: ['call'] };
    const first = await startWebhooks(folder, { environment });
    await first.journal.append(call(1));
    const { id } = first.webhooks.list()[0]!;
    await waitFor(() => first.webhooks.get(id).progress.cursor === 1);
    await expect(first.webhooks.remove(id)).rejects.toMatchObject({ code: 'wrong_state' });
    await expect(first.webhooks.change(id, { enabled: false })).rejects.toMatchObject({
      code: 'wrong_state',
    });
    await first.stop();
    const second = await startWebhooks(folder, { environment: { ...environment, events: [] } });
    expect(second.webhooks.list()).toMatchObject([{ id, events: [], progress: { cursor: 1 } }]);
    await second.stop();
    const third = await startWebhooks(folder);
    expect(third.webhooks.list()).toEqual([]);
  });

  test('removed, nothing more arrives and its dead letters are gone', async () => {
    const receiver = await startReceiver((_received, response) => response.writeHead(400).end());
    const { webhooks, journal, store } = await startWebhooks(tempFolder(), { retry: { refusedAttempts: 1 } });
    const { id } = await webhooks.create(subscription({ url: receiver.url }));
    await journal.append(call(1));
    await waitFor(() => webhooks.deadLetterCount(id) === 1);
    await webhooks.remove(id);
    expect(() => webhooks.get(id)).toThrow('no webhook');
    expect(store.webhooks.deadLetterCount(id)).toBe(0);
  });

  test('changed by two at once, both succeed one after the other', async () => {
    const { webhooks } = await startWebhooks(tempFolder());
    const { id } = await webhooks.create(subscription({ url: 'http://127.0.0.1:9/' }));
    await Promise.all([webhooks.change(id, { events: ['call'] }), webhooks.change(id, { enabled: false })]);
    expect(webhooks.get(id)).toMatchObject({ events: ['call'], enabled: false });
  });
});
