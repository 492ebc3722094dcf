import { createConfig, lintFromString } from '@redocly/openapi-core';
import { describe, expect, onTestFinished, test } from 'vitest';

import { OPERATIONS } from '../../src/http/openapi/document.ts';
import type { Example, Operation } from '../../src/http/openapi/operation.ts';
import { ApiDescription } from '../support/api-description.ts';
import { startGatewayRig, type GatewayRig } from '../support/gateway-rig.ts';
import { call, linkedRig } from '../support/linked-rig.ts';
import { serveUnlinkedApp } from '../support/serve-unlinked.ts';
import { waitFor } from '../support/wait-for.ts';

const description = new ApiDescription();

/** Files of the two pages, which nobody calls. */
const FILES = /^\/(whatsapp|api\/docs)\/assets\//;

/** One pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** Those end or change the session; they are tried in a gateway of their own, in this order. */
const SESSION = ['getQr', 'requestPairingCode', 'connect', 'restart', 'disconnect', 'logout'];

describe('the description of the API', () => {
  test('every route of the app, and no other, is in it', async () => {
    const { routes } = await serveUnlinkedApp();
    const answered = routes
      .filter(({ path }) => !FILES.test(path))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const described = OPERATIONS.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(described.toSorted()).toEqual(answered.toSorted());
    expect(new Set(OPERATIONS.map(({ id }) => id)).size).toBe(OPERATIONS.length);
  });

  test('read by a public linter, has nothing that it minds', async () => {
    const config = await createConfig({
      extends: ['recommended-strict'],
      rules: {
        // Calls that everybody may make, and that take nothing, cannot be made wrongly; and `/` only leads on.
        'operation-4xx-response': 'off',
        'operation-2xx-response': 'off',
      },
    });
    const source = JSON.stringify(description.document);
    const problems = await lintFromString({ source, absoluteRef: '/openapi.json', config });
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual(
      [],
    );
  });

  test('asked for without a key, is answered, the same as a program makes it', async () => {
    const { base } = await serveUnlinkedApp();
    const response = await fetch(`${base}/api/openapi.json`);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(((await response.json()) as { paths: object }).paths).toEqual(description.document.paths);
  });

  test('every example that leaves the session alone, sent to a connected gateway, is answered as described', async () => {
    const rig = await linkedRig();
    const names = await thingsThatExist(rig);
    const tried = OPERATIONS.filter(({ id }) => !SESSION.includes(id));
    // A message is deleted, and a group left, after everything else.
    const order = (id: string) => ['deleteMessage', 'leaveGroup'].indexOf(id);
    for (const operation of tried.toSorted((one, other) => order(one.id) - order(other.id))) {
      for (const example of operation.examples) await holds(rig, operation, example, names);
      for (const { summary, fields } of operation.form?.examples ?? []) {
        const form = new FormData();
        for (const [name, value] of Object.entries(fields)) form.set(name, value);
        form.set('media', new Blob([PNG], { type: 'image/png' }), 'photo.png');
        await holds(rig, operation, { summary }, names, form);
      }
    }
  });

  test('every example that changes the session, sent to a gateway that shows a QR, is answered as described', async () => {
    const rig = await startGatewayRig();
    onTestFinished(() => rig[Symbol.asyncDispose]());
    for (const id of SESSION) {
      await rig.until(id === 'disconnect' || id === 'logout' ? (id === 'logout' ? 'idle' : 'qr') : 'qr');
      const operation = OPERATIONS.find((each) => each.id === id);
      if (operation === undefined) throw new Error(`no operation ${id}`);
      for (const example of operation.examples) await holds(rig, operation, example, {});
    }
  });
});

/** Sends an example and holds the answer against the description; it has to be one of success. */
async function holds(
  rig: GatewayRig,
  operation: Operation,
  example: Example,
  names: Readonly<Record<string, string>>,
  form?: FormData,
): Promise<void> {
  const { method, path, params = {}, id } = operation;
  const where = path.replaceAll(/\{(\w+)\}/g, (_match, name: string) => {
    const given = example.path?.[name] ?? params[name]?.example ?? '';
    return encodeURIComponent(names[`${id}.${name}`] ?? names[given] ?? given);
  });
  const query = new URLSearchParams(example.query).toString();
  const json = example.body === undefined ? null : JSON.stringify(example.body);
  const body = json?.replaceAll(/AbCdEfGhIjKlMnOpQrStUv/g, names['invitation'] ?? '') ?? form;
  const response = await fetch(`${rig.baseUrl}${where}${query === '' ? '' : `?${query}`}`, {
    method: method.toUpperCase(),
    headers: { ...example.headers, ...(typeof body === 'string' && { 'content-type': 'application/json' }) },
    redirect: 'manual',
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  const context = `${id}, ${example.summary}: ${response.status} ${text.slice(0, 300)}`;
  expect(
    operation.answers.map(({ status }) => status),
    context,
  ).toContain(response.status);
  const type = response.headers.get('content-type');
  expect(description.problem(method, path, response.status, type, text), context).toBeNull();
}

/** Makes what the examples name, and says what it is called here. */
async function thingsThatExist(rig: GatewayRig): Promise<Record<string, string>> {
  const send = async (more: object = {}, query = '') => {
    const { body } = await call(rig.baseUrl, 'POST', `/api/messages${query}`, {
      to: '+1 555 000-2222',
      type: 'text',
      text: 'Hello',
      ...more,
    });
    return (body['message'] as { id: string }).id;
  };
  const waiting = () => send({ notBefore: '2099-01-01T00:00:00Z' });
  const hook = async () => {
    const { body } = await call(rig.baseUrl, 'POST', '/api/webhooks', {
      url: 'https://example.org/hook',
      // Nothing is posted there: nobody calls.
      events: ['call'],
    });
    return (body['webhook'] as { id: string }).id;
  };
  const sent = await send({}, '?wait=server');
  const cancelled = await waiting();
  await call(rig.baseUrl, 'DELETE', `/api/messages/${cancelled}`);
  const invite = await call(rig.baseUrl, 'GET', '/api/groups/120363000000000001@g.us/invite');
  const file = { data: 'SGVsbG8=', mimetype: 'text/plain', filename: 'note.txt' };
  await rig.simulator.receive({ from: '15550002222', type: 'document', media: file });
  const media = await waitFor(
    async () => {
      const { body } = await call(rig.baseUrl, 'GET', '/api/events?types=message');
      const events = body['events'] as { data: { id: string; media: unknown } }[];
      return events.find(({ data }) => data.media !== null)?.data.id;
    },
    { what: 'a picture that came in' },
  );
  return {
    msg_01: sent,
    msg_waiting: await waiting(),
    msg_cancelled: cancelled,
    wh_01: await hook(),
    wh_other: await hook(),
    true_15550002222: sent,
    'reactToMessage.id': sent,
    'editMessage.id': sent,
    'starMessage.id': sent,
    'forwardMessage.id': sent,
    'deleteMessage.id': sent,
    'getMedia.id': media,
    invitation: String(invite.body['code']),
  };
}
