import { hash, timingSafeEqual } from 'node:crypto';

import type { Secret } from '../config.ts';
import { GatewayError } from '../errors.ts';

/** Whether a caller may act and see everything. Without a configured key everybody may. */
export type KeyCheck = (presented: unknown) => boolean;

/**
 * Compares in constant time: both sides are hashed first, so that neither the length nor the first
 * differing character of the configured key shows in how long the answer takes.
 */
export function keyCheck(apiKey: Secret | undefined): KeyCheck {
  if (apiKey === undefined) return () => true;
  const expected = digest(apiKey.reveal());
  return (presented) => typeof presented === 'string' && timingSafeEqual(digest(presented), expected);
}

/** @param how where this border takes the key from, as the remedy says it */
export function unauthorized(how: string): GatewayError {
  return new GatewayError({
    code: 'unauthorized',
    message: 'The API key is missing or wrong',
    action: `Send the value of API_KEY ${how}`,
  });
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
