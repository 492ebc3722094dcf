import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';

import { z } from 'zod';

import type { ErrorBody } from '../../src/border/error-body.ts';
import { Secret } from '../../src/config.ts';
import { isErrorCode, type ErrorCode } from '../../src/errors.ts';
import { createApp, type AppOptions } from '../../src/http/app.ts';
import { createLogger, type Logger } from '../../src/log.ts';
import { createHttpServer } from '../../src/realtime/http-server.ts';
import { createRealtime } from '../../src/realtime/server.ts';
import { FakeSession } from './fake-session.ts';
import { removeFolder } from './remove-folder.ts';

export const KEY = 'correct-horse-battery-staple';

export interface Served {
  readonly server: Server;
  readonly url: string;
  readonly port: number;
  readonly session: FakeSession;
  /** The lines of the log so far. */
  readonly log: Record<string, unknown>[];
  /** Closes Socket.IO before the rest. */
  closeRealtime(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The error of an answer, whose form is checked on the way. */
export function errorOf(answer: { readonly body: unknown }): ErrorBody & { readonly requestId: string } {
  return errorAnswer.parse(answer.body).error;
}

const errorAnswer = z.strictObject({
  success: z.literal(false),
  error: z.strictObject({
    code: z.custom<ErrorCode>((code) => typeof code === 'string' && isErrorCode(code)),
    message: z.string().min(1),
    action: z.string().min(1).nullable(),
    requestId: z.string().min(1),
  }),
});

/** A logger whose lines a test can read. */
export function recordingLogger(): { logger: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  return { logger: createLogger({ level: 'debug', destination }), lines };
}

/**
 * REST and Socket.IO over a scripted session, on a real port.
 * @param options.apiKey a key that callers need; default none
 */
export async function serve(
  options: Partial<Omit<AppOptions, 'apiKey' | 'session' | 'log'>> & { apiKey?: string } = {},
): Promise<Served> {
  const session = new FakeSession();
  const { logger, lines } = recordingLogger();
  const publicDir = await mkdtemp(path.join(os.tmpdir(), 'page-'));
  await mkdir(path.join(publicDir, 'assets'));
  await writeFile(path.join(publicDir, 'index.html'), '<!doctype html><title>page</title>');
  await writeFile(path.join(publicDir, 'assets', 'app.js'), 'export const app = 1;');
  await writeFile(path.join(publicDir, 'secret.txt'), 'not served');

  const shared = {
    session,
    apiKey: options.apiKey === undefined ? undefined : new Secret(options.apiKey),
    corsOrigins: options.corsOrigins ?? [],
    trustProxy: options.trustProxy ?? false,
    log: logger,
  };
  const app = createApp({ ...shared, version: options.version ?? '1.2.3', publicDir });
  const server = createHttpServer(app);
  const realtime = createRealtime({ ...shared, httpServer: server });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;

  return {
    server,
    url: `http://127.0.0.1:${port}`,
    port,
    session,
    log: lines,
    closeRealtime: () => realtime.close(),
    async [Symbol.asyncDispose]() {
      await realtime.close();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await removeFolder(publicDir);
    },
  };
}
