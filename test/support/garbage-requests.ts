import fc from 'fast-check';
import { expect } from 'vitest';

import { ApiDescription } from './api-description.ts';
import { exportedSchemas, garbage, nearlyRight, word } from './garbage.ts';
import type { Route } from './routes.ts';
import { errorOf } from './serve.ts';

const description = new ApiDescription();

/** Files of the two pages, which nobody calls. */
const FILES = /^\/(whatsapp|api\/docs)\/assets\//;

/** `..`, and nothing at all, in the place of a name make another address of it. */
function isOneOf(path: string, url: string): boolean {
  const parts = new URL(url).pathname.split('/');
  return path === '/' || (parts.length === path.split('/').length && parts.at(-1) !== '');
}

/** An address of a route with garbage in its parameters. */
function addressOf(path: string): fc.Arbitrary<string> {
  const parts = path.split('/').map((part) => {
    if (!part.includes(':')) return fc.constant(part);
    const known = fc.constantFrom('msg_x', 'wh_environment', '4915123456789', '15550002222@c.us', '1@g.us');
    return fc.oneof(
      { weight: 3, arbitrary: known },
      { weight: 3, arbitrary: word.filter((text) => text.length < 2_000).map(encodeSafely) },
      { weight: 1, arbitrary: fc.constantFrom('%', '%E0%A4%A', '%00', '%2e%2e', '..%2f..%2f') },
    );
  });
  return fc.tuple(...parts).map((segments) => segments.join('/'));
}

const query = fc
  .array(
    fc.tuple(
      fc.constantFrom('since', 'limit', 'types', 'status', 'cursor', 'search', 'timeout', 'format', 'a[b]'),
      fc.oneof(
        word.filter((text) => text.length < 2_000),
        fc.constantFrom('1', '200', '9007199254740993', 'queued', 'message', '1_x@c.us'),
      ),
    ),
    { maxLength: 3 },
  )
  .map((pairs) =>
    pairs.length === 0
      ? ''
      : `?${pairs.map(([name, text]) => `${encodeSafely(name)}=${encodeSafely(text)}`).join('&')}`,
  );

const headers = fc
  .record(
    {
      'idempotency-key': fc.stringMatching(/^[\x20-\x7e]{0,300}$/),
      accept: fc.constantFrom('*/*', 'text/plain', 'image/png', 'application/xml', ';;;', '*'),
      range: fc.constantFrom('bytes=0-0', 'bytes=-1', 'bytes=9-1', 'bytes=0-,5-', 'x'),
      'if-none-match': fc.constantFrom('*', '"x"', 'W/"'),
      'content-encoding': fc.constantFrom('gzip', 'br', 'nothing'),
      'x-forwarded-for': fc.constantFrom('::1', 'x, y', ''),
      origin: fc.constantFrom('null', 'http://evil.example', 'x'),
    },
    { requiredKeys: [] },
  )
  .map((each) => each as Record<string, string>);

const TYPES = [
  'application/json',
  'application/json; charset=utf-7',
  'text/plain',
  'multipart/form-data; boundary=b',
];

/**
 * Sends garbage that is nearly right to routes. Each answer has the one form, is described, and is none of the gateway's
 * own faults.
 * @param options.runs requests to each route
 * @param options.foreseen whether a 5xx is an answer and no fault
 * @returns the statuses that came
 */
export async function sendGarbage(options: {
  readonly base: string;
  readonly routes: readonly Route[];
  readonly runs: number;
  readonly foreseen: (route: Route, status: number) => boolean;
}): Promise<ReadonlySet<number>> {
  const { base, routes, runs, foreseen } = options;
  const schemas = await exportedSchemas();
  expect(schemas.map(({ name }) => name)).toEqual(expect.arrayContaining(['sendRequestSchema', 'react']));
  const bodies = new Map(schemas.map((each) => [each.name, nearlyRight(each.schema)]));
  const anyBody = fc.oneof(...bodies.values(), garbage);
  const bodyOf = ({ path }: Route): fc.Arbitrary<unknown> => {
    const own = path === '/api/messages' ? 'sendRequestSchema' : (path.split('/').at(-1) ?? '');
    return fc.oneof({ weight: 4, arbitrary: bodies.get(own) ?? anyBody }, { weight: 1, arbitrary: anyBody });
  };
  const seen = new Set<number>();
  for (const route of routes) {
    await fc.assert(
      fc.asyncProperty(
        addressOf(route.path),
        query,
        // Most of them mean a refusal before the body is looked at.
        fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: headers }),
        fc.oneof(
          { weight: 6, arbitrary: fc.constant(TYPES[0]) },
          { weight: 1, arbitrary: fc.constantFrom(...TYPES) },
        ),
        fc.oneof({ weight: 8, arbitrary: bodyOf(route).map((value) => JSON.stringify(value)) }, word),
        async (where, what, odd, type, text) => {
          const response = await fetch(base + where + what, {
            method: route.method,
            headers: { 'content-type': type ?? '', ...odd },
            ...(!['GET', 'HEAD'].includes(route.method) && { body: text }),
            redirect: 'manual',
          });
          const { status } = response;
          seen.add(status);
          const answered = await response.text();
          const context = `${route.method} ${where}${what} ${status} ${answered.slice(0, 300)}`;
          if (!FILES.test(route.path) && isOneOf(route.path, response.url)) {
            const answerType = response.headers.get('content-type');
            expect(
              description.problem(route.method, route.path, status, answerType, answered),
              context,
            ).toBeNull();
          }
          expect(status < 500 || foreseen(route, status), context).toBe(true);
          if (status < 400 || route.path === '/health/ready') return;
          expect(errorOf({ body: JSON.parse(answered) }).message, context).not.toMatch(
            /node_modules|\bat .*:\d+:\d+/,
          );
        },
      ),
      { numRuns: runs },
    );
  }
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  return seen;
}

/** Lone surrogates cannot be written into an address. */
function encodeSafely(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
