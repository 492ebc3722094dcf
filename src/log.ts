import { pino, type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';

import type { LogLevel } from './config.ts';

export type { Logger };

/**
 * Names of fields whose values never reach a log, wherever somebody puts them.
 * Nothing logs such a field on purpose; this is the net below.
 */
const REDACTED = ['apiKey', 'qrCode', 'payload', 'raw', 'body', 'code', 'authorization'].flatMap((name) =>
  name === 'code' ? ['pairing.code'] : [name, `*.${name}`],
);

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
    redact: { paths: REDACTED, censor: '[redacted]' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (options.destination !== undefined) return pino(settings, options.destination);
  // Synchronous: a line about the reason of a crash is no good in a buffer of the crashed process.
  return options.terminal === true
    ? pino(
        settings,
        pretty({ sync: true, translateTime: 'SYS:HH:MM:ss', ignore: 'name', messageFormat: '{msg}' }),
      )
    : pino(settings, pino.destination({ fd: 1, sync: true }));
}
