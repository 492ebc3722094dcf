import { readFile } from 'node:fs/promises';

import express, { type IRouter } from 'express';
import { describe, expect, it } from 'vitest';

import { ERROR_CODES, httpStatusOf, isErrorCode } from '../../src/errors.ts';
import { createApp } from '../../src/http/app.ts';
import { commandsOf } from '../../src/realtime/commands.ts';
import type { Phase } from '../../src/session/state.ts';
import { FakeSession, qrStatus } from '../support/fake-session.ts';
import { recordingLogger } from '../support/serve.ts';

const docs = await readFile('docs/api.md', 'utf8');

/** The rows of the tables under a heading, as lists of cells. */
function rowsUnder(heading: string): string[][] {
  const [, section = ''] = docs.split(new RegExp(`^#+ ${heading}$`, 'm'));
  return section
    .split(/^#+ /m)[0]!
    .split('\n')
    .filter((line) => line.startsWith('|') && !line.startsWith('|---'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const quoted = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, word]) => word!);

/** The routes of an app as Express knows them: `GET /health`. */
function routesOf(app: IRouter & { router?: IRouter }): string[] {
  return (app.router ?? app).stack.flatMap(({ route }) =>
    route === undefined
      ? []
      : route.stack
          .filter(({ method }) => method === 'get' || method === 'post')
          .map(({ method }) => `${method.toUpperCase()} ${route.path}`),
  );
}

describe('docs/api.md', () => {
  it('its calls, compared with the routes, are all of them', () => {
    const app = createApp({
      session: new FakeSession(),
      apiKey: undefined,
      corsOrigins: [],
      trustProxy: false,
      log: recordingLogger().logger,
      version: '0',
      publicDir: '/nowhere',
      metrics: { text: () => '' },
    });
    const documented = rowsUnder('REST').flatMap((cells) =>
      quoted(cells.join(' ')).filter((word) => /^(GET|POST) \//.test(word)),
    );
    const routes = routesOf(app).filter((call) => !call.includes('/assets/'));
    expect(routes.length).toBeGreaterThan(5);
    expect(documented.toSorted()).toEqual(routes.toSorted());
    expect(routesOf(express())).toEqual([]);
  });

  it('its codes, compared with the table of errors, are all of them with their HTTP status', () => {
    const refusals = rowsUnder('Errors').flatMap(([status = '', codes = '']) =>
      quoted(codes)
        .filter((code) => isErrorCode(code))
        .map((code) => [code, Number(status)] as const),
    );
    const reasons = rowsUnder('Reasons').flatMap(([codes = '']) =>
      quoted(codes)
        .filter((code) => isErrorCode(code))
        .map((code) => [code, 503] as const),
    );
    const actual = ERROR_CODES.map((code) => [code, httpStatusOf(code)] as const);
    expect(Object.fromEntries([...refusals, ...reasons])).toEqual(Object.fromEntries(actual));
    expect(refusals.length + reasons.length).toBe(actual.length);
  });

  it('its fields, compared with a status body, are all of them', () => {
    const example = JSON.parse(/## The status body\s+```json\n([\s\S]+?)```/.exec(docs)?.[1] ?? '') as object;
    expect(Object.keys(example)).toEqual(Object.keys(qrStatus(1)));
    const explained = rowsUnder('The status body').flatMap(([field = '']) => quoted(field));
    for (const field of Object.keys(example)) {
      if (['success', 'isReady', 'hasQr', 'qrCode'].includes(field)) continue;
      expect(explained).toContain(field);
    }
  });

  it('its phases, compared with those of the session, are all of them', () => {
    // The type makes this list complete.
    const phases: Record<Phase, true> = {
      stopped: true,
      checking: true,
      starting: true,
      qr: true,
      syncing: true,
      ready: true,
      reconnecting: true,
      unlinking: true,
      stopping: true,
      removing: true,
      waiting: true,
      failed: true,
      stuck: true,
    };
    const row = rowsUnder('The status body').find(([field]) => field === '`phase`');
    expect(quoted(row?.[1] ?? '')).toEqual(Object.keys(phases));
  });

  it('its events of clients, compared with the commands, are all of them', () => {
    const documented = rowsUnder('Socket\\.IO').flatMap(([events = '']) =>
      quoted(events).filter((word) => /^[a-z_]+_(whatsapp|code)$/.test(word)),
    );
    expect(documented.toSorted()).toEqual([...commandsOf(new FakeSession()).keys()].toSorted());
  });
});
