import { createRequire } from 'node:module';
import path from 'node:path';

import express, { type IRouter, type Response } from 'express';

import { otherMethods, route } from './route.ts';

/** The one file of Socket.IO's browser client that the page imports; it comes with the server's own package. */
const SOCKET_CLIENT = 'socket.io.esm.min.js';

/**
 * The page and its files. They need no key: they hold no data, and the page asks for the key itself.
 *
 * Names of files do not change with their content, so browsers ask each time (`no-cache`) and get 304 when
 * nothing did: a page is never mixed from two versions.
 */
export function pageRoutes(router: IRouter, publicDir: string): void {
  const files = { cacheControl: false, acceptRanges: false } as const;

  route(router, '/', { get: (_request, response) => response.redirect(302, '/whatsapp') });
  route(router, '/whatsapp', {
    get: (_request, response) => {
      revalidate(response);
      response.sendFile('index.html', { root: publicDir, ...files });
    },
  });
  route(router, `/whatsapp/assets/${SOCKET_CLIENT}`, {
    get: (_request, response) => {
      revalidate(response);
      response.sendFile(SOCKET_CLIENT, { root: socketClientDir(), ...files });
    },
  });
  router.use(
    '/whatsapp/assets',
    express.static(path.join(publicDir, 'assets'), {
      ...files,
      index: false,
      redirect: false,
      setHeaders: revalidate,
    }),
    (request, response, next) => {
      if (request.method === 'GET' || request.method === 'HEAD') next();
      else otherMethods(['GET', 'HEAD'])(request, response, next);
    },
  );
}

function revalidate(response: Response): void {
  response.setHeader('Cache-Control', 'no-cache');
}

function socketClientDir(): string {
  const manifest = createRequire(import.meta.url).resolve('socket.io/package.json');
  return path.join(path.dirname(manifest), 'client-dist');
}
