import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pino, type DestinationStream, type Logger } from 'pino';
import type Pretty from 'pino-pretty';

import type { LogLevel } from './config.ts';
import { codeOf, messageOf } from './errors.ts';
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
  const output = standardOutput();
  // Without its flushSync, which pino calls after a fatal line: on a full disk that one tries again for ever.
  if (options.terminal !== true) return pino(settings, { write: (line: string) => output.write(line) });
  const { isColorSupported, prettyFactory } = require('pino-pretty') as typeof Pretty;
  const inWords = prettyFactory({
    colorize: isColorSupported,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'name',
    messageFormat: '{msg}',
  });
  return pino(settings, { write: (line: string) => output.write(inWords(line)) });
}

/** How much of the log waits in memory for a disk that is full, in bytes; beyond, lines are dropped. */
const MAX_WAITING = 65_536;

/** How soon a reader who had no room is tried again, in milliseconds. */
const TRY_AGAIN_MS = 250;

/** How long the end of the program may wait for such a reader, in milliseconds. */
const LAST_TRY_MS = 200;

/** A log that cannot be written (full disk, closed terminal) costs its lines, never the connection. */
function standardOutput(): DestinationStream {
  // Synchronous: a line about the reason of a crash is no good in a buffer of the crashed process.
  // A reader of the pipe who pauses must not stop the program: what he has no room for waits with the rest.
  const output = pino.destination({ fd: 1, sync: true, maxLength: MAX_WAITING, retryEAGAIN: () => false });
  let told = false;
  let isWaiting = false;
  const tryAgain = () => {
    isWaiting = false;
    // With nothing more to say: what waits is written first.
    output.write('');
  };
  const lastTry = () => {
    const until = Date.now() + LAST_TRY_MS;
    while (isWaiting && Date.now() < until) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      tryAgain();
    }
  };
  output.on('error', (error: unknown) => {
    if (codeOf(error) === 'EAGAIN') {
      if (isWaiting) return;
      isWaiting = true;
      setTimeout(tryAgain, TRY_AGAIN_MS).unref();
      if (!process.listeners('exit').includes(lastTry)) process.on('exit', lastTry);
      return;
    }
    if (told) return;
    told = true;
    try {
      writeSync(2, `The log cannot be written (${messageOf(error)}); the gateway goes on without it\n`);
    } catch {
      // Then nobody can be told.
    }
  });
  return output;
}
