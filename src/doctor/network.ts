import { lookup } from 'node:dns/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, messageOf } from '../errors.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

const WHATSAPP = 'https://web.whatsapp.com/';
const NETWORK_MS = 10_000;

/**
 * Whether WhatsApp can be reached from here: name, then TLS and HTTP.
 * @param options.chromiumArgs a proxy for the browser makes the direct way say nothing
 * @param options.url what is asked for; a seam for tests
 */
export async function checkNetwork(options: {
  readonly chromiumArgs: readonly string[];
  readonly url?: string;
  readonly timeoutMs?: number;
}): Promise<Finding> {
  const { chromiumArgs, url = WHATSAPP, timeoutMs = NETWORK_MS } = options;
  if (chromiumArgs.some((flag) => /^--(proxy-|host-)/.test(flag))) {
    return ok('WhatsApp', 'not looked for: CHROMIUM_ARGS leads the browser another way than this program');
  }
  const { hostname } = new URL(url);
  try {
    const address = await resolve(hostname, timeoutMs);
    const response = await fetch(url, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const message = `${hostname} (${address}) answers, HTTP ${response.status}`;
    if (response.status < 400) return ok('WhatsApp', message);
    return warning(
      'WhatsApp',
      message,
      'WhatsApp has trouble, or a filter or proxy on the way refuses; try again later',
    );
  } catch (error) {
    const { code, action } = diagnose(error, hostname);
    return problem('WhatsApp', `${hostname} cannot be reached: ${code}`, action);
  }
}

/** A name server that is away holds an answer back for longer than anybody waits. */
async function resolve(hostname: string, timeoutMs: number): Promise<string> {
  const settled = new AbortController();
  const late = delay(timeoutMs, null, { signal: settled.signal }).then(
    () => {
      throw Object.assign(new Error('no answer from the name server'), { code: 'EAI_AGAIN' });
    },
    () => '',
  );
  try {
    const found = lookup(hostname.replace(/^\[|\]$/g, '')).then(({ address }) => address);
    return await Promise.race([found, late]);
  } finally {
    settled.abort();
  }
}

function diagnose(error: unknown, hostname: string): { code: string; action: string } {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return { code: 'no answer in time', action: `Check firewall and proxy: curl -I https://${hostname}` };
  }
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = codeOf(cause);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return { code: `the name is not known (${code})`, action: `Check DNS: nslookup ${hostname}` };
  }
  if (code !== null && /CERT|SIGNATURE|SELF_SIGNED|ALTNAME/.test(code)) {
    return {
      code: `its certificate is not trusted (${code})`,
      action: 'Check the clock of the machine (date), and for a proxy that opens TLS connections',
    };
  }
  return {
    code: code ?? messageOf(cause),
    action: `Check network, firewall and proxy: curl -I https://${hostname}`,
  };
}
