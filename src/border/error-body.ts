import { GatewayError, type ErrorCode } from '../errors.ts';

/** An error as REST and Socket.IO tell it. */
export interface ErrorBody {
  /** For programs; never changes. */
  readonly code: ErrorCode;
  /** For people. */
  readonly message: string;
  /** What to do about it, or null. */
  readonly action: string | null;
}

/** What a caller learns of an error. Of one that nobody foresaw: nothing but that it happened. */
export function errorBody(thrown: unknown): ErrorBody {
  if (thrown instanceof GatewayError) {
    return { code: thrown.code, message: thrown.message, action: thrown.action };
  }
  return {
    code: 'internal',
    message: 'Something went wrong inside the gateway',
    action: "Look into the gateway's log",
  };
}
