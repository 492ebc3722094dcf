import { afterEach, expect, test, vi } from 'vitest';

import { sendInPage } from '../../src/whatsapp/message-page.ts';

interface Message {
  readonly id: { readonly id: string; toString(): string };
  readonly ack: number;
}

/** As much of a page as a send touches. @param keyOf what the page makes of the key of a message that it takes */
function page(keyOf: (given: string) => string) {
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
      },
    },
    WAWebUserPrefsMeUser: { getMaybeMePnUser: () => ({}), getMaybeMeLidUser: () => null },
    WAWebMsgKey: MessageKey,
  };
  vi.stubGlobal('window', {
    require: (name: string) => modules[name],
    WWebJS: {
      getChat: () => Promise.resolve(chat),
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
