import { createRequire } from 'node:module';
import { pino, type DestinationStream, type Logger } from 'pino';
import type Pretty from 'pino-pretty';

import type { LogLevel } from './config.ts';
import { redact } from './redaction.ts';

export type { Logger };

const require = createRequire(import.meta.url);

/**
 * The program's logger: one JSON object a line, or readable text on a terminal.
 * @param options.destination where to write; default stdout
 */
export function createLogger(options: {
  level: LogLevel;
  terminal?: boolean;
  destination?: DestinationStream;
}): Logger {
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: redact },
    // Pino would take the errors that `redact` has written out for objects.
    serializers: { err: (error: unknown) => error },
    // What a child logger is made with does not pass through `formatters.log`.
    redact: { paths: ['apiKey', 'authorization', 'qrCode', 'payload'], censor: '[redacted]' },
  };
  if (options.destination !== undefined) return pino(settings, options.destination);
  // Synchronous: a line about the reason of a crash is no good in a buffer of the crashed process.
  if (options.terminal !== true) return pino(settings, pino.destination({ fd: 1, sync: true }));
  const pretty = require('pino-pretty') as typeof Pretty;
  return pino(
    settings,
    pretty({ sync: true, translateTime: 'SYS:HH:MM:ss', ignore: 'name', messageFormat: '{msg}' }),
  );
}
