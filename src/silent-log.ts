import type { SessionLog } from './session/ports.ts';

/** For command line programs: what the parts do is told by their results. */
export const SILENT_LOG: SessionLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
