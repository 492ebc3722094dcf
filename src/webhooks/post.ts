import type { Post } from './ports.ts';

/** How much of an answer is read, in bytes, so that the connection can be used again; the content means nothing. */
const MAX_ANSWER_BYTES = 65_536;

/** How long the rest of an answer is waited for, in milliseconds. */
const DRAIN_MS = 1_000;

/**
 * Posts with the platform's `fetch`. Redirects are not followed: a signed body goes to the address it was
 * configured for and to no other.
 */
export const postWithFetch: Post = async ({ url, headers, body, signal }) => {
  const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
  await drain(response.body);
  return { status: response.status, retryAfterMs: retryAfterMs(response.headers.get('retry-after')) };
};

/** Never rejects: the status is the answer, whatever becomes of the rest. */
async function drain(body: ReadableStream<Uint8Array> | null): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  // It gives up the connection, and with it what is still to come.
  const cancel = () => void reader.cancel().catch(() => undefined);
  const timer = setTimeout(cancel, DRAIN_MS);
  try {
    let size = 0;
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      size += chunk.value.byteLength;
      if (size > MAX_ANSWER_BYTES) cancel();
    }
  } catch {
    // Broken off.
  } finally {
    clearTimeout(timer);
  }
}

function retryAfterMs(header: string | null): number | null {
  if (header === null) return null;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
