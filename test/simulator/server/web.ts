import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import path from 'node:path';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Faults } from '../faults.ts';
import type { SimulatorOptions } from '../options.ts';
import { certificate } from './certificate.ts';

const PAGE_FOLDER = path.join(import.meta.dirname, '..', 'page');

const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "connect-src 'self' wss://web.whatsapp.com https://*.whatsapp.net blob: data:",
  "img-src 'self' https://*.whatsapp.net blob: data:",
  "media-src 'self' blob: data:",
  "style-src 'self' 'unsafe-inline'",
].join('; ');

/** The simulated https://web.whatsapp.com: the page, its media and the socket to the simulated servers. */
export class WebServer {
  /** Media by direct path. */
  readonly media = new Map<string, { data: Buffer; mimetype: string }>();
  readonly #options: SimulatorOptions;
  readonly #faults: Faults;
  readonly #connections = new Set<Socket>();
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 * 1024 });
  #server: ReturnType<typeof createServer> | null = null;
  #port = 0;
  #pageLoads = 0;

  constructor(options: SimulatorOptions, faults: Faults, onPage: (socket: WebSocket) => void) {
    this.#options = options;
    this.#faults = faults;
    this.#sockets.on('connection', onPage);
  }

  get port(): number {
    return this.#port;
  }

  /** How often the page itself was asked for, faults included. */
  get pageLoads(): number {
    return this.#pageLoads;
  }

  /** Listens on 127.0.0.1; after the first time always on the same port. */
  async open(): Promise<void> {
    if (this.#server) return;
    const server = createServer(await certificate(), (request, response) => {
      void this.#answer(request, response);
    });
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      if (this.#faults.reset) {
        socket.resetAndDestroy();
        return;
      }
      this.#connections.add(socket);
      socket.on('close', () => this.#connections.delete(socket));
    });
    server.on('upgrade', (request, socket, head) => {
      if (this.#faults.offline || !request.url?.startsWith('/__sim/socket')) {
        socket.destroy();
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (client) =>
        this.#sockets.emit('connection', client, request),
      );
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Stops listening and cuts every connection. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const client of this.#sockets.clients) client.terminate();
    for (const connection of this.#connections) connection.destroy();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  /** Cuts the pages' sockets to the simulated servers; the pages try to come back. */
  cutSockets(): void {
    for (const client of this.#sockets.clients) client.terminate();
  }

  /** Stores media as an upload would. Returns its direct path. */
  store(data: Buffer, mimetype: string): string {
    const directPath = `/v/t62.7118-24/${randomBytes(12).toString('hex')}.enc`;
    this.media.set(directPath, { data, mimetype });
    return directPath;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'https://web.whatsapp.com');
    try {
      if (pathname === '/') await this.#page(response);
      else if (pathname === '/__sim/blank') html(response, 200, '<!doctype html><title>frame</title>');
      else if (pathname.startsWith('/v/')) await this.#medium(request, response, pathname);
      else if (pathname.startsWith('/__sim/media')) await this.#medium(request, response, pathname.slice(12));
      else if (pathname.startsWith('/app/'))
        await file(response, path.join(PAGE_FOLDER, path.basename(pathname)));
      else html(response, 404, 'not found');
    } catch (error) {
      if (!response.headersSent) response.writeHead(500);
      response.end((error as Error).message);
    }
  }

  async #page(response: ServerResponse): Promise<void> {
    this.#pageLoads += 1;
    const faults = this.#faults;
    if (faults.hangHeaders) return;
    if (faults.http500) {
      html(response, 500, '<!doctype html><title>Internal Server Error</title>');
      return;
    }
    if (faults.unsupportedBrowser) {
      html(response, 200, await readFile(path.join(PAGE_FOLDER, 'unsupported.html'), 'utf8'));
      return;
    }
    const { vintage, minifiedName, version, bootMs, loginIn, resendOnReload, lidChats } = this.#options;
    const config = { vintage, minifiedName, version, bootMs, loginIn, resendOnReload, lidChats, faults };
    const template = await readFile(path.join(PAGE_FOLDER, 'index.html'), 'utf8');
    const text = template.replace('{{config}}', JSON.stringify(config).replaceAll('<', '\\u003c'));
    if (faults.hangBody) {
      response.writeHead(200, { 'content-type': 'text/html', 'content-length': Buffer.byteLength(text) });
      response.write(text.slice(0, text.length / 2));
      return;
    }
    html(response, 200, text);
  }

  async #medium(request: IncomingMessage, response: ServerResponse, directPath: string): Promise<void> {
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (this.#faults.uploadFails) {
        html(response, 503, 'upload failed');
        return;
      }
      const mimetype = request.headers['content-type'] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ directPath: this.store(Buffer.concat(chunks), mimetype) }));
      return;
    }
    if (this.#faults.mediaHangs) return;
    const medium = this.#faults.mediaGone ? undefined : this.media.get(directPath);
    if (!medium) {
      html(response, 404, 'gone');
      return;
    }
    response.writeHead(200, {
      'content-type': medium.mimetype,
      'cache-control': 'no-store',
      'access-control-allow-origin': '*',
    });
    response.end(medium.data);
  }
}

function html(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'cache-control': 'no-store',
  });
  response.end(text);
}

async function file(response: ServerResponse, name: string): Promise<void> {
  const type = name.endsWith('.js') ? 'text/javascript' : 'text/css';
  const data = await readFile(name).catch(() => null);
  if (data === null) {
    html(response, 404, 'not found');
    return;
  }
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(data);
}
