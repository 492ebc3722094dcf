import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Puppeteer from 'puppeteer';
import type wwebjs from 'whatsapp-web.js';
import { GatewayError, messageOf } from '../errors.ts';
import type { PageClient } from './page-client.ts';

const require = createRequire(import.meta.url);

/** The library's own file of defaults; it needs nothing else to be loaded. */
interface Constants {
  readonly DefaultOptions: { readonly userAgent: string };
}

/** The user agent that the library presents itself with to WhatsApp Web. Known before the library is loaded. */
export function libraryUserAgent(): string {
  const { DefaultOptions } = loaded(
    'whatsapp-web.js',
    () => require('whatsapp-web.js/src/util/Constants') as Constants,
  );
  return DefaultOptions.userAgent;
}

/**
 * The library. Asked for where something of it is made, and never imported: it is loaded once a browser boots, and
 * one that is missing is told by the session instead of ending the gateway.
 */
export function library(): typeof wwebjs {
  return loaded('whatsapp-web.js', () => require('whatsapp-web.js') as typeof wwebjs);
}

/**
 * puppeteer, in the build that whatsapp-web.js requires. Imported, it would come a second time, as another build: a
 * fifth of the start of the process, and its memory.
 */
export function puppeteer(): typeof Puppeteer {
  return loaded('puppeteer', () => require('puppeteer') as typeof Puppeteer);
}

/**
 * Loads whatsapp-web.js, the first time, and makes a client of it. Loading takes about as long as a browser does until
 * it answers, so that it is done meanwhile.
 * @throws GatewayError `browser_failed` when a part of the library is missing or broken
 */
export async function loadClient(): Promise<PageClient> {
  // First by its name, so that a failure is told as the library's.
  library();
  const { PageClient } = await import('./page-client.ts');
  return new PageClient();
}

/**
 * puppeteer looks for settings in the home folder of its user while it is loaded. The gateway has its own, and a home
 * that may not be entered (that of root, after a change of user) is no reason not to load.
 * @throws GatewayError `browser_failed`
 */
function loaded<T>(name: string, load: () => T): T {
  const before = process.env['XDG_CONFIG_HOME'];
  process.env['XDG_CONFIG_HOME'] = join(import.meta.dirname, 'no-settings');
  try {
    return load();
  } catch (error) {
    throw new GatewayError({
      code: 'browser_failed',
      message: `${name} cannot be loaded: ${messageOf(error).split('\n')[0] ?? ''}`,
      action: 'Install the dependencies again: npm ci',
      cause: error,
    });
  } finally {
    if (before === undefined) delete process.env['XDG_CONFIG_HOME'];
    else process.env['XDG_CONFIG_HOME'] = before;
  }
}
