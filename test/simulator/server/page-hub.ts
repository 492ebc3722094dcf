import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';

/** How long the page may take to answer; a frozen page is given up on and counts as not reached. */
const ANSWER_MS = 3_000;

interface Frame {
  call?: string;
  args?: unknown;
  seq: number;
  result?: unknown;
  error?: { code?: string; message: string };
}

export type PageHandlers = Record<string, (page: PageLink, args: never) => unknown>;

/** One loaded page: calls in both directions over one WebSocket. */
export class PageLink {
  readonly id = randomUUID();
  /** The device that the page has logged in as. */
  deviceId: string | null = null;
  /** What the page last said of its socket. */
  state = 'OPENING';
  /** The public keys of this profile, as the QR carries them. */
  keys: { noise: string; identity: string; adv: string; platform: string } | null = null;
  readonly #socket: WebSocket;
  readonly #handlers: PageHandlers;
  readonly #waiting = new Map<number, (frame: Frame | null) => void>();
  #seq = 0;

  constructor(socket: WebSocket, handlers: PageHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.on('message', (data: Buffer) => void this.#receive(JSON.parse(data.toString()) as Frame));
    socket.on('close', () => {
      for (const settle of this.#waiting.values()) settle(null);
    });
  }

  get open(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Tells the page something. Resolves with its answer, or undefined when it is gone or does not answer. */
  async call(name: string, args: unknown = {}): Promise<unknown> {
    const frame = await this.#ask(name, args);
    if (frame?.error) throw new Error(`page, ${name}: ${frame.error.message}`);
    return frame?.result;
  }

  /** Tells the page something. Resolves with whether it has heard it. */
  async tell(name: string, args: unknown): Promise<boolean> {
    const frame = await this.#ask(name, args);
    if (frame?.error) throw new Error(`page, ${name}: ${frame.error.message}`);
    return frame !== null;
  }

  async #ask(name: string, args: unknown): Promise<Frame | null> {
    if (!this.open) return null;
    const seq = ++this.#seq;
    const frame = await new Promise<Frame | null>((resolve) => {
      const timer = setTimeout(resolve, ANSWER_MS, null);
      this.#waiting.set(seq, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#socket.send(JSON.stringify({ call: name, args, seq }));
    });
    this.#waiting.delete(seq);
    return frame;
  }

  close(): void {
    this.#socket.terminate();
  }

  async #receive(frame: Frame): Promise<void> {
    if (frame.call === undefined) {
      this.#waiting.get(frame.seq)?.(frame);
      return;
    }
    const answer: Frame = { seq: frame.seq };
    try {
      const handler = this.#handlers[frame.call] as ((page: PageLink, args: unknown) => unknown) | undefined;
      if (!handler) throw new Error(`the simulated server does not know "${frame.call}"`);
      answer.result = await handler(this, frame.args);
    } catch (error) {
      const { message, code } = error as Error & { code?: string };
      answer.error = { message, ...(code === undefined ? {} : { code }) };
    }
    if (this.open) this.#socket.send(JSON.stringify(answer));
  }
}

/** All pages that are connected now. */
export class PageHub {
  readonly #pages = new Set<PageLink>();

  add(socket: WebSocket, handlers: PageHandlers, onClose: (page: PageLink) => void): PageLink {
    const page = new PageLink(socket, handlers);
    this.#pages.add(page);
    socket.on('close', () => {
      this.#pages.delete(page);
      onClose(page);
    });
    socket.on('error', () => {
      socket.terminate();
    });
    return page;
  }

  get all(): PageLink[] {
    return [...this.#pages];
  }

  /** The pages that are logged in as a device that is still linked. */
  get linked(): PageLink[] {
    return this.all.filter((page) => page.deviceId !== null);
  }

  /** Tells every page; resolves when each has answered or was given up on. */
  async broadcast(name: string, args: unknown = {}, pages: readonly PageLink[] = this.all): Promise<void> {
    await Promise.all(pages.map((page) => page.call(name, args)));
  }
}
