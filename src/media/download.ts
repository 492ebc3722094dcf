import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';

import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent';

import { codeOf, GatewayError, messageOf } from '../errors.ts';

const MAX_REDIRECTS = 3;

/** From the question to the last byte, in milliseconds. */
const WITHIN_MS = 60_000;

export interface Download {
  readonly body: AsyncIterable<Uint8Array>;
  /** What the server calls it, without parameters; null when it says nothing. */
  readonly mimetype: string | null;
  /** The last part of the address, decoded; null when there is none that can be a file name. */
  readonly filename: string | null;
}

/**
 * Fetches media from an address that a caller has given. The address that is connected to is checked, after the
 * name is resolved and for every redirect anew, so neither a DNS answer nor a redirect leads inside.
 * @param allow host names, addresses or CIDR ranges that are allowed although they are private
 * @throws GatewayError `media_refused`; the body throws it too when it breaks off or takes too long
 */
export async function download(address: string, allow: readonly string[]): Promise<Download> {
  const signal = AbortSignal.timeout(WITHIN_MS);
  let url = new URL(address);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const response = await request(url, allow, signal);
    const { statusCode = 0, headers } = response;
    if (statusCode >= 200 && statusCode < 300) {
      return {
        body: guarded(response),
        mimetype: typeIn(headers['content-type']),
        filename: filenameOf(url),
      };
    }
    response.destroy();
    if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) {
      throw refused(`its server answered ${statusCode}`);
    }
    if (!URL.canParse(headers.location, url.href))
      throw refused('its server redirects to something that is no address');
    url = new URL(headers.location, url.href);
  }
  throw refused(`its server redirects more than ${MAX_REDIRECTS} times`);
}

function request(url: URL, allow: readonly string[], signal: AbortSignal): Promise<IncomingMessage> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return Promise.reject(refused('only http and https addresses can be fetched'));
  }
  const rules = {
    allowPrivateIPAddress: allow.includes(url.hostname),
    allowIPAddressList: allow.filter((entry) => /^[\d.]+(\/\d+)?$|:/.test(entry)),
  };
  const secure = url.protocol === 'https:';
  const agent = secure ? new RequestFilteringHttpsAgent(rules) : new RequestFilteringHttpAgent(rules);
  const headers = { accept: '*/*', 'user-agent': 'whatsapp-gateway' };
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(refused(reasonOf(error, signal), error));
    try {
      const options = { agent, signal, headers };
      (secure ? https : http).get(url, options, resolve).on('error', fail);
    } catch (error) {
      // The agent refuses addresses that are written as numbers at once.
      fail(error);
    }
  });
}

async function* guarded(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response) yield chunk as Uint8Array;
  } catch (error) {
    throw refused(`the transfer broke off (${messageOf(error)})`, error);
  }
}

function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return `its server did not answer within ${WITHIN_MS / 1000} s`;
  const text = messageOf(error);
  // The agent's own words name the address that a name resolves to, which is nobody's business outside.
  if (text.includes('is not allowed')) return 'its address is not a public one; see MEDIA_URL_ALLOW';
  const code = codeOf(error);
  return code === null ? 'its server cannot be reached' : `its server cannot be reached (${code})`;
}

/** Servers say anything; what is no media type says nothing. */
function typeIn(header = ''): string | null {
  const type = header.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return /^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/.test(type) ? type : null;
}

function filenameOf(url: URL): string | null {
  let name = url.pathname.split('/').at(-1) ?? '';
  try {
    name = decodeURIComponent(name);
  } catch {
    return null;
  }
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return /^[^/\\\u0000-\u001f\u007f]{1,240}$/.test(name) && name !== '.' && name !== '..' ? name : null;
}

function refused(why: string, cause?: unknown): GatewayError {
  return new GatewayError({
    code: 'media_refused',
    message: `The media could not be fetched: ${why}`,
    action: 'Give an address that this machine can reach, or upload the file',
    cause,
  });
}
