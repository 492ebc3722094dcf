import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * Security headers for every answer. Nothing but this origin's own files runs on the page; `data:` images
 * are the QR; `'self'` in connect-src covers the WebSocket of the same origin.
 *
 * What would break a gateway on plain http in a home network is off: `upgrade-insecure-requests` and HSTS.
 * Whoever puts TLS in front sets HSTS there. Off is also what only browsers of the past read (Flash, IE, the XSS
 * auditor): each header costs every request.
 *
 * The headers are the same for every request, so helmet computes them once.
 */
export function securityHeaders(): RequestHandler {
  const headers = computed(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          styleSrc: ["'self'"],
          imgSrc: ["'self'", 'data:'],
          connectSrc: ["'self'"],
          fontSrc: ["'self'"],
          manifestSrc: ["'self'"],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      xFrameOptions: { action: 'deny' },
      strictTransportSecurity: false,
      originAgentCluster: false,
      xDnsPrefetchControl: false,
      xDownloadOptions: false,
      xPermittedCrossDomainPolicies: false,
      xXssProtection: false,
    }),
  );
  // The page and its files say otherwise for themselves.
  headers.push(['cache-control', 'no-store']);
  return (_request, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    next();
  };
}

type NodeMiddleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** Runs a middleware once, on a request that nobody sent, and takes what it set. */
function computed(middleware: NodeMiddleware): [string, string][] {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  middleware(response.req, response, () => undefined);
  return Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]);
}
