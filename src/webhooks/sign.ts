import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';

/** Standard Webhooks asks for 24 to 64 bytes of secret. */
const SECRET_BYTES = { least: 24, most: 64, made: 32 };

/** A new secret in the form of the Standard Webhooks specification. */
export function newSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES.made).toString('base64');
}

/** Whether a text is a secret of that form: `whsec_` and the base64 of 24 to 64 bytes. */
export function isSecret(text: string): boolean {
  if (!text.startsWith(PREFIX)) return false;
  const encoded = text.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, 'base64');
  return (
    bytes.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '') &&
    bytes.length >= SECRET_BYTES.least &&
    bytes.length <= SECRET_BYTES.most
  );
}

/**
 * The three headers of the Standard Webhooks specification (standardwebhooks.com) for a body.
 * @param options.timestamp milliseconds since the Unix epoch, of this attempt
 */
export function signatureHeaders(options: {
  readonly id: string;
  readonly timestamp: number;
  readonly body: string;
  readonly secret: string;
}): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const seconds = String(Math.floor(options.timestamp / 1000));
  const key = Buffer.from(options.secret.slice(PREFIX.length), 'base64');
  const signature = createHmac('sha256', key)
    .update(`${options.id}.${seconds}.${options.body}`)
    .digest('base64');
  return {
    'webhook-id': options.id,
    'webhook-timestamp': seconds,
    'webhook-signature': `v1,${signature}`,
  };
}
