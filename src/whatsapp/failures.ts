import { GatewayError, messageOf } from '../errors.ts';

/** Why a browser did not start, read from how its process ended and what it said. */
export function launchFailure(thrown: unknown): GatewayError {
  const text = messageOf(thrown);
  if (/Failed to create a ProcessSingleton|profile appears to be in use/i.test(text)) {
    return new GatewayError({
      code: 'profile_in_use',
      message: 'Another browser uses the login in the session folder',
      action: 'Stop the other gateway or container that uses the same WHATSAPP_SESSION_PATH',
      retryable: true,
      cause: thrown,
    });
  }
  if (/without --no-sandbox|No usable sandbox|SUID sandbox/i.test(text)) {
    return new GatewayError({
      code: 'browser_failed',
      message: "Chromium's sandbox does not work here",
      action: 'Set CHROMIUM_ARGS=--no-sandbox, or run as a user who may create user namespaces',
      cause: thrown,
    });
  }
  const library = /error while loading shared libraries: ([^:\s]+)/.exec(text)?.[1];
  if (library !== undefined) {
    return new GatewayError({
      code: 'browser_failed',
      message: `The browser does not start: the library ${library} is missing`,
      action: 'sudo apt-get install chromium-headless-shell',
      cause: thrown,
    });
  }
  const spawn = /^The browser ended: spawn .*?(E[A-Z0-9]+)$/m.exec(text)?.[1];
  if (spawn === 'ENOENT' || spawn === 'EACCES') {
    return new GatewayError({
      code: 'browser_not_found',
      message: `The browser that was found before cannot be started any more (${spawn})`,
      action: 'Install it again: sudo apt-get install chromium-headless-shell',
      cause: thrown,
    });
  }
  if (spawn === 'EAGAIN' || spawn === 'ENOMEM') {
    return new GatewayError({
      code: 'browser_failed',
      message: `The machine has no process or memory left for the browser (${spawn})`,
      action: 'Raise the limit of processes (pids_limit, ulimit -u) or of memory, or end what uses them up',
      retryable: true,
      cause: thrown,
    });
  }
  const end = /^The browser ended: (?:Code|Signal): (\w+)$/m.exec(text)?.[1];
  return new GatewayError({
    code: 'browser_failed',
    message: `The browser did not start${end === undefined ? '' : ` (exit ${end})`}`,
    action: 'The log has the browser’s own words; npm run doctor checks the machine',
    retryable: true,
    cause: thrown,
  });
}

/** Whether, in puppeteer's words, the document went away under a question. */
export function isReplaced(thrown: unknown): boolean {
  return /context was destroyed|Cannot find context|navigated or closed/i.test(messageOf(thrown));
}

/** Whether a question got no answer because the document, its page or the whole browser is not there any more. */
export function isPageGone(thrown: unknown): boolean {
  const isClosed = /Target closed|Session closed|Connection closed|Page closed|detached/i.test(
    messageOf(thrown),
  );
  return isClosed || isReplaced(thrown);
}

/** Why WhatsApp Web did not load, read from what puppeteer and whatsapp-web.js throw, strings included. */
export function loadFailure(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  const text = messageOf(thrown);
  const network = /net::(ERR_[A-Z_]+)/.exec(text)?.[1];
  if (network !== undefined) {
    return new GatewayError({
      code: 'whatsapp_unreachable',
      message: `web.whatsapp.com cannot be reached: ${network}`,
      action: networkAction(network),
      retryable: true,
      cause: thrown,
    });
  }
  if (text.includes('not taken over in time')) {
    return new GatewayError({
      code: 'load_timeout',
      message: 'WhatsApp Web loaded, but did not get as far as a QR code or a login',
      action: 'Check the network of the gateway; it tries again by itself',
      retryable: true,
      cause: thrown,
    });
  }
  if (/TimeoutError|Navigation timeout/.test(`${nameOf(thrown)} ${text}`)) {
    return new GatewayError({
      code: 'load_timeout',
      message: 'WhatsApp Web did not finish loading',
      action: 'Check the speed of the network and the free memory; the gateway tries again by itself',
      retryable: true,
      cause: thrown,
    });
  }
  if (/Target closed|Session closed|Connection closed|Target\.\w+ .*closed/i.test(text)) {
    return new GatewayError({
      code: 'browser_crashed',
      message: 'The browser ended while WhatsApp Web was loading',
      action: null,
      retryable: true,
      cause: thrown,
    });
  }
  return new GatewayError({
    code: 'page_crashed',
    message: 'The page of WhatsApp Web failed while it was loading',
    action: null,
    retryable: true,
    cause: thrown,
  });
}

/** WhatsApp's server answered, but not with the page. */
export function httpFailure(status: number): GatewayError {
  return new GatewayError({
    code: 'whatsapp_unreachable',
    message: `web.whatsapp.com answered with HTTP ${status}`,
    action: 'Nothing to do if it passes; the gateway tries again by itself',
    retryable: true,
  });
}

/** WhatsApp asks this account for a passkey before it links a device. A browser without a screen has none to give. */
export function passkeyRequired(): GatewayError {
  return new GatewayError({
    code: 'passkey_required',
    message:
      'WhatsApp asks for the passkey of this account before it links a device; the gateway has none to give',
    action:
      'Only accounts that are not asked for a passkey can be linked now; what is known about it: https://github.com/wwebjs/whatsapp-web.js/issues/201806',
  });
}

/** WhatsApp has given no pairing code. */
export function pairingFailure(cause: unknown): GatewayError {
  return new GatewayError({
    code: 'pairing_failed',
    message: 'WhatsApp gave no pairing code for this phone number',
    action:
      'Check the number (digits with country code) and wait some minutes: WhatsApp limits the tries. The QR code works without waiting',
    retryable: true,
    cause,
  });
}

/** The browser was ended while somebody waited for a pairing code. */
export function stoppedMeanwhile(): GatewayError {
  return new GatewayError({
    code: 'wrong_state',
    message: 'The connection was ended while the pairing code was being asked for',
    action: 'Connect, wait for the state qr and ask again',
    retryable: true,
  });
}

/** The page came, and its scripts did not. */
export function withoutScripts(): GatewayError {
  return new GatewayError({
    code: 'load_timeout',
    message: 'The page of WhatsApp Web loaded, but its scripts did not',
    action:
      'Check that static.whatsapp.net can be reached (a DNS filter or firewall may block it); WhatsApp may also refuse this browser as too old',
    retryable: true,
  });
}

function networkAction(network: string): string {
  if (network.startsWith('ERR_NAME')) return 'Check DNS: nslookup web.whatsapp.com';
  if (network.startsWith('ERR_CERT'))
    return 'Check the clock of the machine, and for a proxy that opens TLS connections';
  return 'Check the network of the gateway: curl -I https://web.whatsapp.com';
}

function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : '';
}
