import { afterEach, expect, test, vi } from 'vitest';

import { findInPage, sendInPage } from '../../src/whatsapp/message-page.ts';

interface Message {
  readonly id: { readonly id: string; toString(): string };
  readonly ack: number;
}

/** As much of a page as a send touches. @param keyOf what the page makes of the key of a message that it takes */
function page(keyOf: (given: string) => string, stored: Message[] = []) {
  const messages: Message[] = [];
  const chat = { id: { _serialized: '15550002222@c.us', isLid: () => false } };
  class MessageKey {
    readonly id: string;
    readonly #to: string;
    constructor({ id, to }: { id: string; to: { _serialized: string } }) {
      this.id = id;
      this.#to = to._serialized;
    }
    toString() {
      return `true_${this.#to}_${this.id}`;
    }
  }
  const modules: Record<string, unknown> = {
    WAWebCollections: {
      Msg: {
        get: (key: string) => messages.find(({ id }) => id.toString() === key),
        getModelsArray: () => messages,
        getMessagesById: (keys: string[]) =>
          Promise.resolve({ messages: stored.filter(({ id }) => keys.includes(id.toString())) }),
      },
    },
    WAWebUserPrefsMeUser: { getMaybeMePnUser: () => ({}), getMaybeMeLidUser: () => null },
    WAWebMsgKey: MessageKey,
    WAWebWidFactory: {
      asUserWidOrThrow: (wid: unknown) => wid,
      createWid: (id: string) => {
        throw new Error(`not a chat: ${id}`);
      },
    },
  };
  vi.stubGlobal('window', {
    require: (name: string) => modules[name],
    WWebJS: {
      getChat: (id: string) =>
        id === 'strange' ? Promise.reject(new Error('no chat')) : Promise.resolve(chat),
      sendMessage: (
        _chat: unknown,
        _content: string,
        { extraOptions }: { extraOptions: { id: MessageKey } },
      ) => {
        const key = keyOf(extraOptions.id.toString());
        messages.push({ id: { id: extraOptions.id.id, toString: () => key }, ack: 1 });
        return Promise.resolve();
      },
    },
  });
}

afterEach(() => vi.unstubAllGlobals());

test.each([
  ['under the key that was given', (key: string) => key],
  [
    'under a key that names the chat by its privacy id',
    (key: string) => key.replace('15550002222@c.us', '7@lid'),
  ],
])('a message that the page keeps %s, taken: it must not be sent again', async (_what, keyOf) => {
  page(keyOf);
  const message = { chatId: '15550002222@c.us', waId: '3EB0A', content: 'x', options: {} };
  expect(await sendInPage(message)).toEqual({ outcome: 'taken', ack: 1 });
});

test('of several that are looked for, one whose chat has no name that the page knows, is told apart from missing', async () => {
  const key = 'true_15550002222@c.us_3EB0A';
  page((given) => given, [{ id: { id: '3EB0A', toString: () => key }, ack: 3 }]);
  const chatId = '15550002222@c.us';
  const queries = [
    { chatId: 'strange', waId: '3EB0C' },
    { chatId, waId: '3EB0A' },
    { chatId, waId: '3EB0B' },
  ];
  expect(await findInPage(queries)).toEqual([
    { outcome: 'failed', error: 'not a chat: strange' },
    { outcome: 'found', id: key, ack: 3 },
    { outcome: 'missing' },
  ]);
});
