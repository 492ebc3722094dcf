import type { ErrorCode } from '../errors.ts';

/** Every duration of the session's life, in milliseconds, and the retry budget. */
export interface Policy {
  /** Launch of the browser and load of WhatsApp Web together. The driver's own deadlines are shorter and say more. */
  readonly startMs: number;
  /** How long WhatsApp shows the first QR of a client, and every later one. */
  readonly firstQrMs: number;
  readonly qrMs: number;
  /** How long after its expiry a QR may stay without a successor before a fresh one is asked for. */
  readonly qrGraceMs: number;
  /** How long a fresh QR may take once asked for, and how often it is asked for before the browser is restarted. */
  readonly qrRefreshMs: number;
  readonly qrRefreshes: number;
  /** How long a pairing code is good for. */
  readonly pairingMs: number;
  /** From linked to ready without any progress. A first sync of a large account takes minutes, but it moves. */
  readonly syncMs: number;
  /** Between two measurements of a ready page, and of one that is not connected. */
  readonly probeMs: number;
  readonly probeAgainMs: number;
  /** How many unanswered measurements in a row mean that the page is dead. */
  readonly silentProbes: number;
  /** How long WhatsApp Web may reconnect by itself before the browser is restarted. */
  readonly reconnectMs: number;
  /** How long an end of the browser may take before the gateway says that it cannot be ended. */
  readonly stopMs: number;
  /** How long a connection must hold before earlier failures are forgotten. */
  readonly stableMs: number;
  /** First delay of the exponential backoff, and its longest. */
  readonly retryMs: number;
  readonly retryMaxMs: number;
  /** After so many failures in a row the state is `error`; tries go on every `slowRetryMs`, because networks come back. */
  readonly retries: number;
  readonly slowRetryMs: number;
  /** How often a folder or browser that a person must put right is looked at again. */
  readonly recheckMs: number;
}

/**
 * The times of the real WhatsApp. QR: 60 s for the first and 20 s for each later one (the page's own
 * rotation); pairing code: 180 s (whatsapp-web.js renews it in that interval).
 */
export const DEFAULT_POLICY: Policy = {
  startMs: 150_000,
  firstQrMs: 60_000,
  qrMs: 20_000,
  qrGraceMs: 15_000,
  qrRefreshMs: 15_000,
  qrRefreshes: 2,
  pairingMs: 180_000,
  syncMs: 180_000,
  probeMs: 15_000,
  probeAgainMs: 5_000,
  silentProbes: 2,
  reconnectMs: 180_000,
  stopMs: 30_000,
  stableMs: 300_000,
  retryMs: 2_000,
  retryMaxMs: 120_000,
  retries: 8,
  slowRetryMs: 600_000,
  recheckMs: 5_000,
};

/**
 * What a failure asks for.
 * - `retry`: try again with backoff; after the budget the state is `error` and tries go on slowly.
 * - `recheck`: a person must put something right; look again every few seconds and connect by itself.
 * - `give_up`: trying again does harm (a ban); wait for a person.
 * - `slow`: a person is needed and time may help too; try again slowly.
 */
export type Remedy = 'retry' | 'recheck' | 'give_up' | 'slow';

const REMEDY: Partial<Record<ErrorCode, Remedy>> = {
  session_path_not_writable: 'recheck',
  session_path_not_creatable: 'recheck',
  session_path_not_a_directory: 'recheck',
  session_path_read_only: 'recheck',
  session_path_no_space: 'recheck',
  session_path_deleted: 'recheck',
  session_path_dangling_link: 'recheck',
  session_path_not_mounted: 'recheck',
  session_profile_not_writable: 'recheck',
  session_path_unusable: 'recheck',
  profile_in_use: 'recheck',
  browser_not_found: 'recheck',
  outdated: 'slow',
  // Two browsers on copies of one login would take over from each other for ever.
  conflict: 'slow',
  passkey_required: 'slow',
  blocked: 'give_up',
};

/** What the gateway does about a failure; everything that is not listed is worth a retry. */
export function remedyFor(code: ErrorCode): Remedy {
  return REMEDY[code] ?? 'retry';
}

/**
 * The delay before the next try: exponential, capped, the upper half of it random so that many gateways
 * behind one broken line do not come back in step.
 * @param failures failures in a row, 1 for the first
 * @param random in [0, 1)
 * @returns milliseconds
 */
export function retryDelay(policy: Policy, failures: number, random: number): number {
  const full = Math.min(policy.retryMaxMs, policy.retryMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full / 2 + (full / 2) * random);
}
