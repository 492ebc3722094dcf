import type wwebjs from 'whatsapp-web.js';

import { GatewayError, messageOf } from '../errors.ts';
import { withDeadline } from './deadline.ts';
import { isPageGone } from './failures.ts';

/**
 * Asks the library something on behalf of a caller who waits.
 * @param client null when WhatsApp is not connected
 * @throws GatewayError `not_connected`, `timeout`, `page_crashed`, `unprocessable`, and what `question` throws of that kind
 */
export async function askClient<T>(
  client: wwebjs.Client | null,
  ms: number,
  question: (client: wwebjs.Client) => Promise<T>,
): Promise<T> {
  if (client === null) {
    throw new GatewayError({
      code: 'not_connected',
      message: 'WhatsApp is not connected',
      action: 'GET /api/whatsapp/status says why',
      retryable: true,
    });
  }
  const late = () =>
    new GatewayError({ code: 'timeout', message: 'WhatsApp Web did not answer in time', retryable: true });
  try {
    return await withDeadline(question(client), ms, late);
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    if (isPageGone(error)) {
      throw new GatewayError({
        code: 'page_crashed',
        message: 'WhatsApp Web went away while it was asked; it may have done it or not',
        action: 'The gateway connects again by itself; GET /api/whatsapp/status tells when it is ready',
        retryable: true,
        cause: error,
      });
    }
    throw refused(`WhatsApp Web refused: ${firstLine(messageOf(error))}`, error);
  }
}

/** The page of a client that is in use. @throws GatewayError `not_connected` */
export function pageOf(client: wwebjs.Client) {
  if (client.pupPage !== undefined) return client.pupPage;
  throw new GatewayError({ code: 'not_connected', message: 'WhatsApp is not connected', retryable: true });
}

/** WhatsApp does not allow it. */
export function refused(message: string, cause?: unknown): GatewayError {
  return new GatewayError({ code: 'unprocessable', message, cause });
}

/** What the page throws comes with a stack of the page. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.slice(0, 200) ?? '';
}
