import { GatewayError, messageOf } from '../errors.ts';

/** One line of the doctor's table. */
export interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** What to do or to type; null when all is well, or nothing can be done. */
  readonly action: string | null;
}

export function ok(check: string, message: string): Finding {
  return { check, verdict: 'ok', message, action: null };
}

export function warning(check: string, message: string, action: string | null): Finding {
  return { check, verdict: 'warning', message, action };
}

export function problem(check: string, message: string, action: string | null): Finding {
  return { check, verdict: 'problem', message, action };
}

/** What was thrown, as a problem. */
export function failed(check: string, error: unknown): Finding {
  return problem(check, messageOf(error), error instanceof GatewayError ? error.action : null);
}
