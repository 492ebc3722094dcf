import { monitorEventLoopDelay } from 'node:perf_hooks';

import type { ErrorCode } from '../errors.ts';
import type { SessionControl } from '../session/control.ts';
import type { Phase } from '../session/state.ts';
import type { StatusBody } from '../session/status.ts';
import { Counts, metric } from './exposition.ts';

const STATES = ['idle', 'qr', 'syncing', 'ready', 'error'] as const satisfies readonly StatusBody['status'][];

/** What `GET /metrics` tells, in the Prometheus text format. No phone number, chat or text is in it. */
export class Metrics {
  readonly #session: SessionControl;
  readonly #version: string;
  readonly #socketClients: () => number;
  readonly #messages: () => string | null;
  readonly #reasons = new Counts();
  readonly #delay = monitorEventLoopDelay({ resolution: 20 });
  #code: ErrorCode | null = null;
  #phase: Phase = 'stopped';

  /** @param parts.messages the metrics of messages; null while the store is not open */
  constructor(parts: {
    session: SessionControl;
    version: string;
    socketClients: () => number;
    messages: () => string | null;
  }) {
    this.#session = parts.session;
    this.#version = parts.version;
    this.#socketClients = parts.socketClients;
    this.#messages = parts.messages;
    this.#delay.enable();
    parts.session.subscribe((status) => this.#follow(status));
  }

  /** All of them, as they are now. */
  text(): string {
    const { status, isReady } = this.#session.status();
    const { rss, heapUsed, external } = process.memoryUsage();
    const p99 = this.#delay.percentile(99) / 1e9;
    this.#delay.reset();
    const messages = this.#messages();
    return [
      metric('wa_build_info', 'gauge', 'Always 1', [[{ version: this.#version, node: process.version }, 1]]),
      metric(
        'wa_session_state',
        'gauge',
        '1 for the state that the session is in',
        STATES.map((state) => [{ state }, state === status ? 1 : 0]),
      ),
      metric('wa_session_ready', 'gauge', '1 while messages flow', [[{}, isReady ? 1 : 0]]),
      metric(
        'wa_session_interruptions_total',
        'counter',
        'How often the session was held up, by the code of its reason',
        this.#reasons.samples('reason'),
      ),
      metric('wa_socket_clients', 'gauge', 'Clients of Socket.IO', [[{}, this.#socketClients()]]),
      metric('wa_storage_up', 'gauge', '1 while DATA_PATH can be used', [[{}, messages === null ? 0 : 1]]),
      metric('process_resident_memory_bytes', 'gauge', 'Memory of node, without the browser', [[{}, rss]]),
      metric('nodejs_heap_used_bytes', 'gauge', 'Heap in use', [[{}, heapUsed]]),
      metric('nodejs_external_memory_bytes', 'gauge', 'Memory outside the heap', [[{}, external]]),
      metric('nodejs_eventloop_delay_p99_seconds', 'gauge', 'Since the last scrape', [[{}, p99]]),
      messages ?? '',
    ].join('');
  }

  /** One reason counts once, through however many phases and tries it lasts. */
  #follow({ reason, phase }: StatusBody): void {
    const code = reason?.code ?? null;
    if (code !== null && code !== this.#code && !isWanted(code, this.#phase)) this.#reasons.add(code);
    this.#code = code;
    this.#phase = phase;
  }

  stop(): void {
    this.#delay.disable();
  }
}

/** Phases in which only WhatsApp or the phone can end the login; a person who ends it is told by another phase first. */
const LIVE = ['starting', 'qr', 'syncing', 'ready', 'reconnecting'] as const satisfies readonly Phase[];

/** Whether somebody asked for it. @param before the phase that it came from */
function isWanted(code: ErrorCode, before: Phase): boolean {
  if (code === 'stopped' || code === 'unlink_unconfirmed') return true;
  return code === 'logged_out' && !LIVE.some((phase) => phase === before);
}
