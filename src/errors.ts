/**
 * Every code that the gateway speaks, with the HTTP status it has when it is the answer to a request.
 * Codes are for programs and never change; messages are for people.
 */
const HTTP_STATUS = {
  // Why the WhatsApp session is where it is (status body: `reason.code`).
  session_path_not_writable: 503,
  session_path_not_creatable: 503,
  session_path_not_a_directory: 503,
  session_path_read_only: 503,
  session_path_no_space: 503,
  session_path_deleted: 503,
  session_path_dangling_link: 503,
  session_path_not_mounted: 503,
  session_profile_not_writable: 503,
  session_path_unusable: 503,
  profile_in_use: 503,
  browser_not_found: 503,
  browser_failed: 503,
  browser_crashed: 503,
  browser_unresponsive: 503,
  page_crashed: 503,
  whatsapp_unreachable: 503,
  load_timeout: 503,
  sync_timeout: 503,
  qr_stale: 503,
  logged_out: 503,
  unlink_unconfirmed: 503,
  unpaired: 503,
  conflict: 503,
  outdated: 503,
  blocked: 503,
  passkey_required: 503,
  stopped: 503,
  login_not_removed: 503,
  // Backup and restore of the login.
  no_login: 409,
  backup_failed: 500,
  backup_invalid: 422,
  // What was wrong with a request.
  invalid_request: 400,
  unauthorized: 401,
  forbidden_origin: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  wrong_state: 409,
  no_qr: 409,
  not_connected: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  unprocessable: 422,
  pairing_failed: 502,
  timeout: 504,
  // What becomes of messages, events and webhooks.
  invalid_recipient: 422,
  unknown_number: 422,
  idempotency_conflict: 422,
  media_refused: 422,
  queue_full: 429,
  too_busy: 429,
  // The disk of messages, events and webhooks; the gateway looks again by itself.
  storage_full: 503,
  storage_unavailable: 503,
  storage_in_use: 503,
  storage_newer: 503,
  internal: 500,
} as const;

export type ErrorCode = keyof typeof HTTP_STATUS;

/** All codes. The documentation is held against them. */
export const ERROR_CODES = Object.freeze(Object.keys(HTTP_STATUS)) as readonly ErrorCode[];

/** The HTTP status that belongs to a code: one table for the whole program. */
export function httpStatusOf(code: ErrorCode): number {
  return HTTP_STATUS[code];
}

/** Whether a string is one of the program's codes. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(HTTP_STATUS, code);
}

export interface GatewayErrorOptions {
  readonly code: ErrorCode;
  /** A sentence for a person. */
  readonly message: string;
  /** What to do or to type, or null when there is nothing to be done. */
  readonly action?: string | null;
  /** Whether trying again without a change can help. Default false. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** The one error type that crosses module borders: a code for programs, a sentence and a remedy for people. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  readonly action: string | null;
  readonly retryable: boolean;

  constructor(options: GatewayErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.action = options.action ?? null;
    this.retryable = options.retryable ?? false;
  }
}

/**
 * The text of anything that was thrown. Libraries throw strings and odd objects
 * (whatsapp-web.js rejects with `'auth timeout'`), so a `message` cannot be counted on.
 */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  if (typeof thrown === 'string') return thrown;
  try {
    // Undefined, functions and symbols have no JSON, which the type of `stringify` does not say.
    const json: unknown = JSON.stringify(thrown);
    return typeof json === 'string' ? json : String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}

/** The code of a failed system call (`EACCES`), of Node (`ERR_…`) or of a library; null when there is none. */
export function codeOf(thrown: unknown): string | null {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : null;
}
