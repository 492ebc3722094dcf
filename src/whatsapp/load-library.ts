import { createRequire } from 'node:module';
import { GatewayError, messageOf } from '../errors.ts';
import type { PageClient } from './page-client.ts';

const require = createRequire(import.meta.url);

/** The library's own file of defaults; it needs nothing else to be loaded. */
interface Constants {
  readonly DefaultOptions: { readonly userAgent: string };
}

/** The user agent that the library presents itself with to WhatsApp Web. Known before the library is loaded. */
export function libraryUserAgent(): string {
  const { DefaultOptions } = require('whatsapp-web.js/src/util/Constants') as Constants;
  return DefaultOptions.userAgent;
}

/**
 * Loads whatsapp-web.js, the first time, and makes a client of it. Loading takes about as long as a browser does until
 * it answers, so that it is done meanwhile.
 * @throws GatewayError `browser_failed` when a part of the library is missing or broken
 */
export async function loadClient(): Promise<PageClient> {
  const { PageClient } = await import('./page-client.ts').catch((error: unknown) => {
    throw new GatewayError({
      code: 'browser_failed',
      message: `whatsapp-web.js cannot be loaded: ${messageOf(error).split('\n')[0] ?? ''}`,
      action: 'Install the dependencies again: npm ci',
      cause: error,
    });
  });
  return new PageClient();
}
