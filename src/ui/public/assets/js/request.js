import { hasWords, t } from './i18n.js';

/** Longer than the gateway takes for anything: a logout waits for WhatsApp, then for the browser's end. */
const DEADLINE_MS = 90_000;

/** A request that failed. */
export class RequestError extends Error {
  /**
   * @param {string} code the gateway's, or `unreachable`
   * @param {{ message?: string, action?: string | null }} [said] the gateway's own words
   */
  constructor(code, { message = '', action = null } = {}) {
    super(code);
    this.code = code;
    this.said = { message, action };
  }

  /** What failed, in the language of the moment. */
  get words() {
    const own = `error.${this.code}`;
    if (hasWords(own)) return t(own, { origin: location.origin });
    const title = `reason.${this.code}.title`;
    return hasWords(title) ? `${t(title)}.` : t('error.other', { code: this.code });
  }
}

/**
 * Asks the gateway.
 * @param {'GET' | 'POST' | 'DELETE'} method
 * @param {string} path
 * @param {{ key: string | null, body?: object | undefined, idempotencyKey?: string | undefined }} options
 * @returns {Promise<{ answer: Record<string, unknown>, date: string | null }>}
 * @throws {RequestError}
 */
export async function ask(method, path, { key, body, idempotencyKey }) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (key !== null) headers['X-Api-Key'] = key;
  if (idempotencyKey !== undefined) headers['Idempotency-Key'] = idempotencyKey;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response;
  let answer;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      cache: 'no-store',
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    answer = await response.json();
  } catch {
    // No answer, or one that is not the gateway's, such as a proxy's own page.
    throw new RequestError('unreachable');
  }
  if (!response.ok) throw new RequestError(String(answer?.error?.code ?? 'unreachable'), answer?.error);
  return { answer, date: response.headers.get('Date') };
}
