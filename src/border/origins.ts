import type { IncomingHttpHeaders } from 'node:http';

/** Whether a request comes from a page that may talk to the gateway. */
export type OriginCheck = (headers: IncomingHttpHeaders) => boolean;

/**
 * Refuses requests that a foreign web page makes through the browser of somebody who can reach the
 * gateway: without an API key, such a page could otherwise log the account out. Browsers name the page
 * in `Origin`; programs send none and pass. The page's own origin and the listed ones pass.
 *
 * The scheme is not compared: behind a proxy that ends TLS the gateway sees http where the browser saw https.
 *
 * @param options.allowed exact origins, from CORS_ORIGINS
 * @param options.trustProxy when true, the host that a proxy names in `X-Forwarded-Host` is the page's own, too.
 *   A page cannot forge that header: one that it sets itself makes the browser ask first (CORS preflight)
 */
export function originCheck(options: {
  allowed: readonly string[];
  trustProxy: boolean | number | string;
}): OriginCheck {
  const allowed = new Set(options.allowed);
  const trusted = options.trustProxy !== false && options.trustProxy !== 0;
  return (headers) => {
    const { origin } = headers;
    if (origin === undefined || allowed.has(origin)) return true;
    const page = hostOf(origin);
    if (page === null) return false;
    if (page === withoutDefaultPort(headers.host)) return true;
    return trusted && page === withoutDefaultPort(firstOf(headers['x-forwarded-host']));
  };
}

/** Host and port of an origin; null for `null` (sandboxed pages, files) and for what is no web origin. */
function hostOf(origin: string): string | null {
  return withoutDefaultPort(/^https?:\/\/([^/?#@\s]+)$/i.exec(origin)?.[1]);
}

/** Browsers leave the default port out; some proxies write it. Which of the two it is depends on who ends TLS. */
function withoutDefaultPort(host: string | undefined): string | null {
  return host?.toLowerCase().replace(/:(?:80|443)$/, '') ?? null;
}

/** Proxies in a row append: the first is what the browser asked for. */
function firstOf(header: string | string[] | undefined): string | undefined {
  return (Array.isArray(header) ? header[0] : header)?.split(',')[0]?.trim();
}
