import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { EVENT_TYPES } from '../../src/events/types.ts';
import { createApp, type MessagingBorder } from '../../src/http/app.ts';
import { outgoingSchema } from '../../src/messages/schema.ts';
import { FakeSession } from '../support/fake-session.ts';
import { silent } from '../support/messaging.ts';

const docs = await readFile('docs/messages.md', 'utf8');

test('docs/messages.md, its calls, compared with the routes, are all of them', () => {
  const options = {
    session: new FakeSession(),
    apiKey: undefined,
    corsOrigins: [],
    trustProxy: false,
    log: silent,
    version: '0',
    publicDir: '/nowhere',
  };
  const routesOf = (app: ReturnType<typeof createApp>) =>
    app.router.stack.flatMap(({ route }) =>
      route === undefined
        ? []
        : route.stack
            .filter(({ method }) => ['get', 'post', 'patch', 'delete'].includes(method))
            .map(({ method }) => `${method.toUpperCase()} ${route.path.replace(/:\w+/g, '{}')}`),
    );
  // Routes are registered here and never called: nothing of it is used.
  const messaging = { messages: {} } as unknown as MessagingBorder;
  const without = new Set(routesOf(createApp(options)));
  const routes = routesOf(createApp({ ...options, messaging })).filter((call) => !without.has(call));
  const documented = [...docs.matchAll(/^\| `([A-Z]+ \/api\/[^`]+)`/gm)].map(([, call]) =>
    call!.replace(/\{\w+\}/g, '{}'),
  );
  expect(routes.length).toBeGreaterThan(20);
  expect(documented.toSorted()).toEqual(routes.toSorted());
});

test('docs/messages.md, every type of message and of event, is named', () => {
  const types = outgoingSchema.options.map(({ shape }) => shape.type.value);
  for (const type of [...types, ...EVENT_TYPES]) expect(docs).toContain(`\`${type}\``);
});
