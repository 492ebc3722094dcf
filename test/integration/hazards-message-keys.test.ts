import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import wwebjs from 'whatsapp-web.js';
import type { PageClient } from '../../src/whatsapp/page-client.ts';
import { RealDriverWorld } from '../support/real-driver-world.ts';
import { forbidStrayRejections } from '../support/stray-rejections.ts';
import { waitFor } from '../support/wait-for.ts';

const ALICE = '15550002222@c.us';
const GROUP = '120363000000000001@g.us';

/** A pixel; what it shows does not matter. */
const IMAGE =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

forbidStrayRejections();

describe.each([
  { vintage: 'serialized', minifiedName: 'unused' },
  { vintage: 'minified', minifiedName: '$1' },
  { vintage: 'minified', minifiedName: 'zz' },
] as const)(
  'hazard: message keys of a page of vintage $vintage ($minifiedName)',
  ({ vintage, minifiedName }) => {
    let world: RealDriverWorld;
    let library: PageClient;
    beforeAll(async () => {
      world = await RealDriverWorld.create({ simulator: { vintage, minifiedName } });
      library = world.library(await world.ready());
    });
    afterAll(() => world[Symbol.asyncDispose]());

    /** The next event of this name that the library emits, while `cause` runs. */
    async function next<T>(name: string, cause: () => Promise<unknown>): Promise<T> {
      const heard: T[] = [];
      const listener = (first: T) => void heard.push(first);
      library.on(name, listener as never);
      await cause();
      await waitFor(() => heard.length > 0, { what: name });
      library.off(name, listener as never);
      return heard[0]!;
    }

    test.each([
      { where: 'a chat', from: ALICE, pattern: /^false_15550002222@c\.us_[0-9A-F]+$/ },
      {
        where: 'a group',
        from: GROUP,
        pattern: /^false_120363000000000001@g\.us_[0-9A-F]+_\d+@(?:c\.us|lid)$/,
      },
    ])('received in $where, the id is there in Node', async ({ from, pattern }) => {
      let key = '';
      const message = await next<wwebjs.Message>('message', async () => {
        key = await world.simulator.receive({ from, body: 'in' });
      });
      expect(message.id._serialized).toBe(key);
      expect(message.id._serialized).toMatch(pattern);
    });

    test('sent, the result has the id that the server got, and the receipt too', async () => {
      const results: (wwebjs.Message | undefined)[] = [];
      const receipt = await next<wwebjs.Message>('message_ack', async () => {
        results.push(await library.sendMessage(ALICE, 'out'));
      });
      const [sent] = world.simulator.sent().slice(-1);
      expect(results[0]?.id._serialized).toBe(sent?.key);
      expect(receipt.id._serialized).toBe(sent?.key);
    });

    test('quoted, media, history, chats and deletion, all by id', async () => {
      const key = await world.simulator.receive({
        from: ALICE,
        caption: 'look',
        media: { data: IMAGE, mimetype: 'image/png' },
      });
      const found = await library.getMessageById(key);
      expect(found.id._serialized).toBe(key);
      expect((await found.downloadMedia()).data).toBe(IMAGE);
      const answer = await found.reply('seen');
      expect(answer.id._serialized).toMatch(/^true_/);
      expect((await answer.getQuotedMessage()).id._serialized).toBe(key);

      const chats = await library.getChats();
      expect(chats.find(({ id }) => id._serialized === ALICE)?.lastMessage.id._serialized).toBe(
        answer.id._serialized,
      );
      const history = await (await library.getChatById(ALICE)).fetchMessages({ limit: 10 });
      expect(history.map(({ id }) => id._serialized)).toContain(key);
      expect(history.every(({ id }) => /^(?:true|false)_/.test(id._serialized))).toBe(true);
    });

    test('reaction and deletion for everyone, both name the message', async () => {
      const key = await world.simulator.receive({ from: ALICE, body: 'react to me' });
      const reaction = await next<wwebjs.Reaction>('message_reaction', () =>
        world.simulator.react(key, '👍', ALICE),
      );
      expect(reaction.msgId._serialized).toBe(key);
      const revoked = await next<wwebjs.Message>('message_revoke_everyone', () =>
        world.simulator.revoke(key),
      );
      expect(revoked.id._serialized).toBe(key);
    });
  },
);

test('hazard: options shared between clients, the defaults of the library are as they were', async () => {
  const pristine = JSON.stringify(defaults());
  await using world = await RealDriverWorld.create();
  await world.ready();
  expect(JSON.stringify(defaults())).toBe(pristine);
});

/** What a client without options would start with: the shared objects, not copies. */
function defaults(): unknown {
  const { options } = new wwebjs.Client({ authStrategy: new wwebjs.NoAuth() }) as unknown as {
    options: Record<string, unknown>;
  };
  const { authStrategy: _authStrategy, ...rest } = options;
  return rest;
}
