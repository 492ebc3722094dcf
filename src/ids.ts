import { createHash, randomBytes } from 'node:crypto';

/** Crockford's alphabet: no i, l, o, u, so that an id survives being read aloud. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * A new id that sorts by time: `prefix_` and 26 characters (48 bits of milliseconds, 80 random bits).
 * @param now milliseconds since the Unix epoch
 */
export function newId(prefix: string, now: number = Date.now()): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(now, 0, 6);
  randomBytes(10).copy(bytes, 6);
  return `${prefix}_${base32(bytes)}`;
}

/** The same id for the same key, always: `prefix_` and 26 characters of a SHA-256. */
export function derivedId(prefix: string, key: string): string {
  return `${prefix}_${base32(createHash('sha256').update(key).digest().subarray(0, 16))}`;
}

function base32(bytes: Buffer): string {
  let value = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (let index = 0; index < 26; index += 1) {
    text = ALPHABET.charAt(Number(value & 31n)) + text;
    value >>= 5n;
  }
  return text;
}
