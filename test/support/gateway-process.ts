import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StatusBody } from '../../src/session/status.ts';
import { waitFor } from './wait-for.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

export interface GatewayProcessOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Run under another user; only root can. */
  readonly uid?: number;
  readonly gid?: number;
  /** `npm start`, as the README says; or `node src/main.ts`, as the container does. */
  readonly command?: 'npm' | 'node';
  /** As a shell starts it in a terminal: with a process group of its own, for `pressCtrlC`. */
  readonly inGroup?: boolean;
}

/** The gateway as a process of its own. */
export class GatewayProcess {
  readonly child: ChildProcess;
  readonly lines: Record<string, unknown>[] = [];
  stdout = '';
  stderr = '';
  /** A folder of its own, open to every user that the process may run as. */
  readonly #dataPath = mkdtempSync(join(tmpdir(), 'whatsapp-gateway-data-'));
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  constructor({ env, uid, gid, command = 'node', inGroup = false }: GatewayProcessOptions) {
    chmodSync(this.#dataPath, 0o777);
    const [file, args] =
      command === 'npm'
        ? (['npm', ['start', '--silent']] as const)
        : ([process.execPath, ['--max-semi-space-size=2', 'src/main.ts']] as const);
    this.child = spawn(file, args, {
      cwd: PROJECT,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: inGroup,
      ...(uid !== undefined && { uid, gid: gid ?? uid }),
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        PUPPETEER_EXECUTABLE_PATH: process.env['PUPPETEER_EXECUTABLE_PATH'] ?? '',
        HOST: '127.0.0.1',
        PORT: '0',
        // Set and empty: a .env of the developer has no say.
        API_KEY: '',
        CORS_ORIGINS: '',
        TRUST_PROXY: '',
        WHATSAPP_AUTO_CONNECT: '',
        WHATSAPP_CLIENT_ID: '',
        LOG_LEVEL: 'debug',
        DATA_PATH: this.#dataPath,
        ...env,
      },
    });
    let rest = '';
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines)
        if (line.startsWith('{')) this.lines.push(JSON.parse(line) as Record<string, unknown>);
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.exited = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        rmSync(this.#dataPath, { recursive: true, force: true });
        resolve({ code, signal });
      });
    });
  }

  /** The messages of the log that hold `text`. */
  said(text: string): string[] {
    return this.lines.map(({ msg }) => String(msg)).filter((message) => message.includes(text));
  }

  /** Waits until the gateway listens. @returns its base URL */
  async url(): Promise<string> {
    const port = await waitFor(
      () => this.lines.map(({ port: found }) => found).find((found) => typeof found === 'number'),
      {
        what: `the gateway to listen; it said: ${this.stderr}`,
      },
    );
    return `http://127.0.0.1:${port}`;
  }

  async status(): Promise<StatusBody> {
    const response = await fetch(`${await this.url()}/api/whatsapp/status`);
    if (response.status !== 200) throw new Error(`status answered ${response.status}`);
    return (await response.json()) as StatusBody;
  }

  /** Waits for a status that `wanted` accepts. */
  async until(wanted: (status: StatusBody) => boolean, what: string): Promise<StatusBody> {
    return waitFor(
      async () => {
        const status = await this.status();
        return wanted(status) ? status : null;
      },
      { what, timeoutMs: 45_000, intervalMs: 50 },
    );
  }

  /** Sends a signal and waits for the end. */
  async end(
    signal: NodeJS.Signals = 'SIGTERM',
  ): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    this.child.kill(signal);
    return this.exited;
  }

  /** What a terminal does: it tells everybody of the group. */
  pressCtrlC(): void {
    process.kill(-(this.child.pid ?? NaN), 'SIGINT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.end('SIGKILL');
  }
}
