import type { IRouter, RequestHandler } from 'express';

import { GatewayError } from '../errors.ts';

interface Handlers {
  readonly get?: RequestHandler;
  readonly post?: RequestHandler;
  readonly patch?: RequestHandler;
  readonly delete?: RequestHandler;
}

/**
 * Registers a path whole: its methods, `OPTIONS` that lists them, and 405 with `Allow` for all others.
 * Express answers `HEAD` by the handler of `GET`.
 */
export function route(router: IRouter, path: string, handlers: Handlers): void {
  const here = router.route(path);
  const methods: string[] = [];
  if (handlers.get !== undefined) {
    here.get(handlers.get);
    methods.push('GET', 'HEAD');
  }
  if (handlers.post !== undefined) {
    here.post(handlers.post);
    methods.push('POST');
  }
  if (handlers.patch !== undefined) {
    here.patch(handlers.patch);
    methods.push('PATCH');
  }
  if (handlers.delete !== undefined) {
    here.delete(handlers.delete);
    methods.push('DELETE');
  }
  here.all(otherMethods(methods));
}

/** Answers `OPTIONS` with the methods of a path and refuses what is not among them. */
export function otherMethods(methods: readonly string[]): RequestHandler {
  const allow = [...methods, 'OPTIONS'].join(', ');
  return (request, response, next) => {
    response.setHeader('Allow', allow);
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    next(
      new GatewayError({
        code: 'method_not_allowed',
        message: 'This address does not know this method',
        action: `Use ${methods.join(' or ')}`,
      }),
    );
  };
}
