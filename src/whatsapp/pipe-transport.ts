import type { Readable, Writable } from 'node:stream';
import type { ConnectionTransport } from 'puppeteer';

/** The DevTools protocol over the two pipes of `--remote-debugging-pipe`: JSON texts, each ended by a zero byte. */
export class PipeTransport implements ConnectionTransport {
  onmessage?: (message: string) => void;
  onclose?: () => void;
  readonly #write: Writable;
  #received: Buffer[] = [];
  #closed = false;

  constructor(write: Writable, read: Readable) {
    this.#write = write;
    read.on('data', (chunk: Buffer) => this.#take(chunk));
    read.on('close', () => this.onclose?.());
    // A browser that dies under a question is told by the end of its answers.
    read.on('error', () => undefined);
    write.on('error', () => undefined);
  }

  send(message: string): void {
    if (!this.#closed) this.#write.write(`${message}\0`);
  }

  close(): void {
    this.#closed = true;
  }

  #take(chunk: Buffer): void {
    if (this.#closed) return;
    this.#received.push(chunk);
    if (!chunk.includes(0)) return;
    const all = Buffer.concat(this.#received);
    let start = 0;
    for (let end = all.indexOf(0); end !== -1; end = all.indexOf(0, start)) {
      const message = all.toString('utf8', start, end);
      // Each in a turn of its own, as with puppeteer's own transports: what awaits one runs before the next.
      setImmediate(() => {
        if (!this.#closed) this.onmessage?.(message);
      });
      start = end + 1;
    }
    this.#received = start < all.length ? [all.subarray(start)] : [];
  }
}
