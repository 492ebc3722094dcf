import type { Post } from './ports.ts';

/** How much of an answer is read, in bytes, so that the connection can be used again; the content means nothing. */
const MAX_ANSWER_BYTES = 65_536;

/**
 * Posts with the platform's `fetch`. Redirects are not followed: a signed body goes to the address it was
 * configured for and to no other.
 */
export const postWithFetch: Post = async ({ url, headers, body, signal }) => {
  const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
  await drain(response.body);
  return { status: response.status, retryAfterMs: retryAfterMs(response.headers.get('retry-after')) };
};

async function drain(body: ReadableStream<Uint8Array> | null): Promise<void> {
  if (body === null) return;
  let size = 0;
  // Leaving the loop cancels the stream, and with it the connection.
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) return;
  }
}

function retryAfterMs(header: string | null): number | null {
  if (header === null) return null;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
