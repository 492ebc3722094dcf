import type { Typing } from './chats.ts';
import type { OutboxMessage } from './message.ts';

/**
 * WhatsApp, as the outbox needs it. Every method keeps a deadline of its own and throws one of the
 * errors below, nothing else: what happened to a send decides whether it may be tried again.
 */
export interface MessageTransport {
  /**
   * Hands a message over under `message.waId`; one that the page is not done with is not handed over again.
   * Resolves once the page has taken it, which is not yet WhatsApp's server; the acknowledgement comes on its own.
   * @throws RejectedError the page refused it and nothing was sent
   * @throws MediaMissingError its file is gone and nothing was sent
   * @throws GatewayError its file cannot be read now, and nothing was sent
   * @throws NotTakenError the page could not take it, and certainly has not
   * @throws OutcomeUnknownError it may or may not have been taken
   * @throws NotConnectedError nothing was handed over
   */
  send(message: SendableMessage): Promise<Receipt>;
  /**
   * Looks in the page for a message of a chat by the id that the gateway chose.
   * @throws NotConnectedError, OutcomeUnknownError when there was no answer
   */
  lookUp(waId: string, chatId: string): Promise<LookUp>;
  /**
   * The same for many at once, a few dozen at most.
   * @returns what is known of each, in the same order; null where the page cannot tell
   * @throws NotConnectedError, OutcomeUnknownError when there was no answer
   */
  lookUpAll(messages: readonly SentMessage[]): Promise<(LookUp | null)[]>;
  /**
   * The chat of a phone number, or null when WhatsApp does not know the number.
   * @throws NotConnectedError, OutcomeUnknownError
   */
  resolveNumber(digits: string): Promise<string | null>;
  /**
   * Shows the other side of a chat that something is being written or recorded, or no more.
   * @throws NotConnectedError, OutcomeUnknownError
   */
  showTyping(chatId: string, state: Typing): Promise<void>;
}

export interface SendableMessage {
  readonly waId: string;
  readonly chatId: string;
  readonly content: OutboxMessage['content'];
}

/** A message that may have been handed over. */
export type SentMessage = Pick<SendableMessage, 'waId' | 'chatId'>;

export interface Receipt {
  /** WhatsApp's acknowledgement so far; see `ACK`. */
  readonly ack: number;
}

export type LookUp =
  | { readonly found: false }
  /** The page was given it and is not done with it (a slow upload, say): it may still come to have it. */
  | { readonly found: false; readonly isUnderWay: true }
  /** `id` is WhatsApp's, with chat and direction. */
  | { readonly found: true; readonly ack: number; readonly id: string };

/** WhatsApp refused: trying again without a change cannot help. */
export class RejectedError extends Error {
  override readonly name = 'RejectedError';
}

/** The file of the message is not stored any more: trying again cannot help. */
export class MediaMissingError extends Error {
  override readonly name = 'MediaMissingError';
}

/** WhatsApp Web failed before it took the message; another try can help (an upload that broke off, for example). */
export class NotTakenError extends Error {
  override readonly name = 'NotTakenError';
}

/** Nobody knows: the page died, or did not answer in time. */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError';
}

/** There is no connected page; nothing was done. */
export class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError';
}
