import { GatewayError, messageOf } from '../errors.ts';
import type { DriverEvent } from '../session/driver.ts';
import type { SessionLog } from '../session/ports.ts';

/** The events after which a client has nothing more to say. */
type LastEvent = Extract<DriverEvent, { type: 'logged_out' | 'failed' }>;

/** What one client says: in order, nothing after its last event or its end, and no timer beyond them. */
export class ClientEvents {
  readonly #emit: (event: DriverEvent) => void;
  readonly #log: SessionLog;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #over = Promise.withResolvers<never>();
  #last: LastEvent | null = null;
  #closed = false;

  constructor(emit: (event: DriverEvent) => void, log: SessionLog) {
    this.#emit = emit;
    this.#log = log;
    this.#over.promise.catch(() => undefined);
  }

  /** Whether nothing is said any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The event that ended this client's use, or null. */
  get last(): LastEvent | null {
    return this.#last;
  }

  /** Rejects once nothing is said any more, with the reason: for work that is pointless from then on. */
  get over(): Promise<never> {
    return this.#over.promise;
  }

  /** Never throws: what the session cannot take is logged. */
  emit(event: DriverEvent): void {
    if (this.#closed) return;
    try {
      this.#emit(event);
    } catch (error) {
      this.#log.error({ error: messageOf(error), event: event.type }, 'the session could not take an event');
    }
  }

  /** The last event of this client: what would come after it is about a page that is of no use. */
  end(event: LastEvent): void {
    if (this.#closed) return;
    this.emit(event);
    this.#last = event;
    this.#close(event.type === 'failed' ? event.error : loggedOut());
  }

  /** Nothing is said from now on. */
  close(): void {
    this.#close(stopped());
  }

  /**
   * Runs `action` after `ms` milliseconds unless nothing is said any more by then.
   * @returns what calls it off
   */
  later(ms: number, action: () => void): () => void {
    if (this.#closed) return () => undefined;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  #close(reason: GatewayError): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#over.reject(reason);
  }
}

function stopped(): GatewayError {
  return new GatewayError({ code: 'stopped', message: 'Stopped while the browser was starting' });
}

function loggedOut(): GatewayError {
  return new GatewayError({ code: 'logged_out', message: 'This device was unlinked' });
}
