import { createRequire } from 'node:module';
import path from 'node:path';

import type { IRouter, Response } from 'express';

import { sendBytes } from './answer.ts';
import { describeApi } from './openapi/document.ts';
import { route } from './route.ts';

/** What the page uses of Swagger UI; the rest of its package is not served. */
const SWAGGER_FILES = ['swagger-ui-bundle.js', 'swagger-ui.css'] as const;
const OWN_FILES = ['docs.js', 'docs.css'] as const;

/**
 * `/api/openapi.json` and `/api/docs`, the same as a page. They need no key: they say what can be asked, and nothing
 * of what was. To be mounted before whatever asks for the key. The description is made when it is first asked for.
 */
export function docsRoutes(router: IRouter, options: { version: string; publicDir: string }): void {
  let description: Buffer | null = null;
  route(router, '/api/openapi.json', {
    get: (_request, response) => {
      description ??= Buffer.from(JSON.stringify(describeApi(options.version)));
      sendBytes(response, 200, 'application/json; charset=utf-8', description);
    },
  });
  route(router, '/api/docs', {
    get: (_request, response) => sendFile(response, options.publicDir, 'docs.html'),
  });
  const own = path.join(options.publicDir, 'docs');
  for (const name of OWN_FILES) {
    route(router, `/api/docs/assets/${name}`, { get: (_request, response) => sendFile(response, own, name) });
  }
  for (const name of SWAGGER_FILES) {
    route(router, `/api/docs/assets/${name}`, {
      get: (_request, response) => sendFile(response, swaggerFolder(), name),
    });
  }
}

function sendFile(response: Response, root: string, name: string): void {
  // As for the page: asked for each time, so that files of two versions are never mixed.
  response.setHeader('Cache-Control', 'no-cache');
  response.sendFile(name, { root, cacheControl: false, acceptRanges: false });
}

function swaggerFolder(): string {
  return path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
}
