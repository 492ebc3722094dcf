import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import type { Simulator } from '../server.ts';
import { keyText, type WireMessage } from './wire.ts';

const FOLDER = path.join(import.meta.dirname, '..', 'phone');

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** Bursts of changes are told as one. */
const TELL_MS = 50;

/** The web page that plays the account's phone and its friends. */
export class PhoneSite {
  readonly #simulator: Simulator;
  readonly #listeners = new Set<ServerResponse>();
  #telling: NodeJS.Timeout | null = null;

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
    simulator.world.onChange = () => {
      this.#tell();
    };
  }

  /** Answers what is below `/phone`. */
  async answer(pathname: string, response: ServerResponse): Promise<void> {
    if (pathname === '/phone/state') {
      response.writeHead(200, { ...HEADERS, 'content-type': 'application/json' });
      response.end(JSON.stringify(this.#state()));
    } else if (pathname === '/phone/events') {
      response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
      response.write(':\n\n');
      this.#listeners.add(response);
      response.on('close', () => this.#listeners.delete(response));
    } else if (pathname.startsWith('/phone/media/')) {
      this.#medium(pathname.slice('/phone/media'.length), response);
    } else {
      await this.#file(pathname === '/phone' ? 'index.html' : path.basename(pathname), response);
    }
  }

  close(): void {
    if (this.#telling) clearTimeout(this.#telling);
    for (const listener of this.#listeners) listener.end();
  }

  #tell(): void {
    this.#telling ??= setTimeout(() => {
      this.#telling = null;
      for (const listener of this.#listeners) listener.write('data: changed\n\n');
    }, TELL_MS);
  }

  #state(): object {
    const { world, options, faults } = this.#simulator;
    const online = new Set(this.#simulator.pages().map(({ deviceId }) => deviceId));
    const { me } = world.directory;
    return {
      account: { name: me.pushname, phone: options.account.pn },
      hasQr: this.#simulator.currentQr() !== null,
      devices: world.devices.linked.map(({ id, name, linkedAt }) => ({
        id,
        name,
        linkedAt,
        online: online.has(id),
      })),
      chats: world.chats.all.map(({ id }) => ({
        id,
        name: this.#name(id),
        messages: world.messages
          .ofChat(id)
          .slice(-100)
          .map((message) => this.#message(message)),
      })),
      autoAck: options.autoAck,
      faults,
    };
  }

  #name(id: string): string {
    const { groups, directory } = this.#simulator.world;
    const person = directory.find(id);
    return groups.find(id)?.subject ?? person?.name ?? person?.pushname ?? `+${id.split('@')[0] ?? ''}`;
  }

  #message(message: WireMessage): object {
    const text = message.body ?? message['caption'] ?? message['pollName'] ?? message['loc'] ?? '';
    const directPath = message['directPath'];
    const isImage = typeof directPath === 'string' && String(message['mimetype']).startsWith('image/');
    const { id, type, t, ack, author } = message;
    return {
      key: keyText(id),
      fromMe: id.fromMe,
      type,
      subtype: message['subtype'] ?? null,
      text: typeof text === 'string' && !isThumbnail(message) ? text : '',
      t,
      ack,
      author: author !== undefined && !id.fromMe ? this.#name(author) : null,
      media: isImage ? `/phone/media${directPath}` : null,
    };
  }

  #medium(directPath: string, response: ServerResponse): void {
    const medium = this.#simulator.media(directPath);
    if (!medium?.mimetype.startsWith('image/') || medium.mimetype.startsWith('image/svg')) {
      response.writeHead(404, HEADERS).end();
      return;
    }
    response.writeHead(200, { ...HEADERS, 'content-type': medium.mimetype }).end(medium.data);
  }

  async #file(name: string, response: ServerResponse): Promise<void> {
    const type = TYPES[path.extname(name)];
    const data = type === undefined ? null : await readFile(path.join(FOLDER, name)).catch(() => null);
    if (data === null) {
      response.writeHead(404, HEADERS).end();
      return;
    }
    response.writeHead(200, { ...HEADERS, 'content-type': type }).end(data);
  }
}

/** Media messages carry a preview picture where others have their text. */
function isThumbnail({ type, body }: WireMessage): boolean {
  return ['image', 'video', 'sticker'].includes(type) && body !== undefined && body.length > 200;
}
