import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, LaunchOptions, Page } from 'puppeteer';
import { messageOf } from '../errors.ts';
import { commandLine } from './browser-flags.ts';
import { puppeteer } from './load-library.ts';
import { PipeTransport } from './pipe-transport.ts';

/** How much of what the browser writes is kept, in characters. */
const WORDS = 2_000;

/** How long the process may live after its pipe has ended, in milliseconds, and its output after both. */
const LAST_WORDS_MS = 500;

export interface Launched {
  readonly browser: Browser;
  readonly page: Page;
}

/**
 * A browser as a child process, spoken to through its pipe. The process is started without puppeteer, which is loaded
 * when it is first spoken to: the one boots while the other is read.
 *
 * puppeteer's own launch leaves the `error` event of the process without a listener when it speaks through the
 * pipe: a machine that is out of processes (EAGAIN) or memory ends the gateway. And it keeps to itself how the
 * browser ended and what it said.
 */
export class BrowserProcess {
  readonly #launch: LaunchOptions;
  readonly #killAtExit = () => this.kill();
  readonly #child: ChildProcess | null;
  readonly #exit = Promise.withResolvers<undefined>();
  readonly #said = Promise.withResolvers<undefined>();
  #browser: Browser | null = null;
  #words = '';
  #end: string | null = null;

  /** Starts the process. @param launch from `launchOptions` */
  constructor(launch: LaunchOptions) {
    this.#launch = launch;
    this.#child = this.#spawn();
  }

  /** The leader of the browser's process group; undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves once the process has ended, or could not be started. */
  get exited(): Promise<unknown> {
    return this.#exit.promise;
  }

  /**
   * Connects and waits for the first page.
   * @throws Error with the exit code and the browser's own words when it ends before
   */
  async connect(): Promise<Launched> {
    try {
      return await this.#connect();
    } catch (error) {
      // The pipe ends before the process does, and its last words arrive after both. A helper that keeps them
      // open is not waited for.
      await Promise.race([this.exited, delay(LAST_WORDS_MS)]);
      if (this.#end === null) throw error;
      await Promise.race([this.#said.promise, delay(LAST_WORDS_MS)]);
      throw new Error(`The browser ended: ${this.#end}\n${this.#words}`, { cause: error });
    }
  }

  /** Asks the browser to end, which flushes the profile; one that is still starting is killed. Resolves when it has ended. */
  async close(): Promise<void> {
    if (this.#browser === null) this.kill();
    else if (this.#browser.connected) await this.#browser.close();
    await this.exited;
  }

  /** Ends the process and its group at once. */
  kill(): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#end !== null) return;
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
    } catch {
      // It has ended in between.
    }
  }

  async #connect(): Promise<Launched> {
    const { protocolTimeout, timeout } = this.#launch;
    const [, , , write, read] = this.#child?.stdio ?? [];
    const transport = new PipeTransport(write as Writable, read as Readable);
    const { default: client, TargetType } = puppeteer();
    const browser = await client.connect({
      transport,
      defaultViewport: null,
      ...(protocolTimeout !== undefined && { protocolTimeout }),
    });
    this.#browser = browser;
    const target = await browser.waitForTarget((candidate) => candidate.type() === TargetType.PAGE, {
      ...(timeout !== undefined && { timeout }),
    });
    return { browser, page: (await target.page()) ?? (await browser.newPage()) };
  }

  #spawn(): ChildProcess | null {
    const { executablePath = '', env } = this.#launch;
    const args = [...commandLine(this.#launch), '--remote-debugging-pipe'];
    try {
      const child = spawn(executablePath, args, {
        // A group of its own, so that nothing of it is left when the group is ended.
        detached: process.platform !== 'win32',
        stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
        ...(env !== undefined && { env }),
      });
      // A browser that hangs does not notice the end of its pipe.
      process.on('exit', this.#killAtExit);
      child.on('error', (error) => this.#ended(error.message));
      child.on('exit', (code, signal) =>
        this.#ended(signal === null ? `Code: ${code}` : `Signal: ${signal}`),
      );
      this.#listen(child.stdout);
      this.#listen(child.stderr)?.on('end', () => this.#said.resolve(undefined));
      return child;
    } catch (error) {
      // Some failures of spawn are thrown, others come as an event.
      this.#ended(messageOf(error));
      return null;
    }
  }

  #listen(stream: Readable | null): Readable | undefined {
    stream?.on('error', () => undefined);
    return stream?.setEncoding('utf8').on('data', (text: string) => {
      this.#words = `${this.#words}${text}`.slice(-WORDS);
    });
  }

  #ended(how: string): void {
    this.#end ??= how;
    process.off('exit', this.#killAtExit);
    this.#exit.resolve(undefined);
  }
}
