import { constants } from 'node:os';

/** What asks the process to end: container engines and kill, Ctrl-C, the terminal that is closed. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export type StopHandler = (signal: NodeJS.Signals) => void;

/**
 * Catches the signals from now on. Until somebody takes over, one of them ends the process: there is nothing yet to
 * be ended in order.
 * @returns takes over. What arrives while the program is still being loaded is often heard only then: the listeners
 *   stay the same, because Node drops a signal whose listener is exchanged before it is heard
 */
export function catchStopSignals(): (handler: StopHandler) => void {
  let handle: StopHandler = (signal) => process.exit(endedBy(signal));
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      handle(signal);
    });
  }
  return (handler) => {
    handle = handler;
  };
}

/** Whoever asked whether the configuration is valid has not been told: that is no success, as it is of a gateway. */
function endedBy(signal: NodeJS.Signals): number {
  return process.argv.includes('--check-config') ? 128 + constants.signals[signal] : 0;
}
