import { types } from 'node:util';

import { pino } from 'pino';

const CENSORED = '[redacted]';

/**
 * Names of fields whose values never reach a log, at any depth, written in any of the usual ways
 * (`apiKey`, `api_key`, `X-Api-Key`). Nothing logs such a field on purpose; this is the net below.
 */
const SECRET =
  /^(?:x?apikey|authorization|proxyauthorization|cookie|setcookie|password|secret|token|qrcode|dataurl|payload|raw|body|pairingcode)$/;

/** A QR as an image says as much as its text. */
const DATA_URL = /data:[\w+./-]+;base64,[\w+/=-]+/g;

/** Whom a chat id names. Errors of the page quote them. */
const IN_CHAT_ID = /\d[\d-]{4,}(?=(?:[.:]\d+)*@(?:c\.us|g\.us|lid|newsletter|s\.whatsapp\.net))/g;

/** Deeper than anything that is worth a log line. */
const MAX_DEPTH = 6;

/** A copy of what is to be logged, without secrets. Errors become plain objects with type, message and stack. */
export function redact(fields: object): Record<string, unknown> {
  return copyOf(fields, 0);
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return textOf(value);
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return '[bytes]';
  if (value instanceof Error) return copyOf(pino.stdSerializers.err(value), depth);
  if ('toJSON' in value && typeof value.toJSON === 'function') return value;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  return copyOf(value, depth);
}

function copyOf(fields: object, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    copy[name] = isSecret(name) && value !== null ? CENSORED : redactValue(value, depth + 1);
    // The code of an error is for everybody; that of a pairing links a phone.
    if (name === 'pairing' && value !== null) copy[name] = CENSORED;
  }
  return copy;
}

function textOf(text: string): string {
  const withoutFiles = text.includes('base64,') ? text.replace(DATA_URL, CENSORED) : text;
  return withoutFiles.includes('@') ? withoutFiles.replace(IN_CHAT_ID, CENSORED) : withoutFiles;
}

function isSecret(name: string): boolean {
  return SECRET.test(name.toLowerCase().replace(/[-_]/g, ''));
}
