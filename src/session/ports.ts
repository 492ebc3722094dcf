import type { GatewayError } from '../errors.ts';

/** Time as the session sees it; tests drive it by hand. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `callback` once after `ms` milliseconds; the returned function cancels it. */
  schedule(ms: number, callback: () => void): () => void;
}

/** A number in [0, 1). */
export type Random = () => number;

/** The folder of the login, as the session uses it. */
export interface LoginStore {
  /**
   * Removes the stored login. Only called when no browser is alive.
   * @throws GatewayError `login_not_removed`
   */
  remove(): Promise<void>;
  /**
   * Whether the next start will find the login that the browser uses now. Asked again and again while it is connected.
   * @returns what is wrong, or null
   */
  problem(): Promise<GatewayError | null>;
}

/**
 * Everything that must be right before a browser is started: the session folder, the locks in it, the browser.
 * @throws GatewayError with the reason and the remedy
 */
export type Preflight = () => Promise<void>;

/** Where the session writes what it does; a pino logger fits. */
export interface SessionLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
