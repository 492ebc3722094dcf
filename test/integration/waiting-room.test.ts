import { request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttpServer } from '../../src/realtime/http-server.ts';
import { WaitingRoom } from '../../src/realtime/waiting-room.ts';
import { waitFor } from '../support/wait-for.ts';

const UPGRADE =
  'GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

/** A server that listens and has nobody to answer yet. */
async function waiting() {
  const server = createHttpServer();
  let arrivals = 0;
  const room = new WaitingRoom(server, () => (arrivals += 1));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  const { port } = server.address() as AddressInfo;
  const answered: string[] = [];
  return {
    room,
    port,
    url: `http://127.0.0.1:${port}`,
    answered,
    arrived: (count: number) => waitFor(() => arrivals >= count, { what: `${count} arrivals` }),
    open: () =>
      room.open(() => {
        server.on('request', (incoming, response) => {
          answered.push(incoming.url ?? '');
          response.end(`answer to ${incoming.url}`);
        });
        server.on('upgrade', (_incoming, connection) => connection.end('HTTP/1.1 101 Hello\r\n\r\n'));
      }),
  };
}

/** A raw connection, what it was told, and its end. */
function raw(port: number, text: string) {
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  let said = '';
  socket.setEncoding('utf8').on('data', (part: string) => (said += part));
  const closed = new Promise<string>((resolve) => {
    socket.on('error', () => undefined).on('close', () => resolve(said));
  });
  return { socket, closed };
}

describe('requests before anybody can answer', () => {
  test('two requests, the server opens, both are answered in their order, and so are later ones', async () => {
    const { url, arrived, open, answered } = await waiting();
    const first = fetch(`${url}/1`);
    await arrived(1);
    const second = fetch(`${url}/2`);
    await arrived(2);
    expect(answered).toEqual([]);
    open();
    expect(await (await first).text()).toBe('answer to /1');
    expect(await (await second).text()).toBe('answer to /2');
    expect(await (await fetch(`${url}/3`)).text()).toBe('answer to /3');
    expect(answered).toEqual(['/1', '/2', '/3']);
  });

  test('an upgrade of Socket.IO, the server opens, it is handed on', async () => {
    const { port, arrived, open } = await waiting();
    const { closed } = raw(port, UPGRADE);
    await arrived(1);
    open();
    expect(await closed).toBe('HTTP/1.1 101 Hello\r\n\r\n');
  });

  test('clients that have left, the server opens, they are not answered and nothing breaks', async () => {
    const { port, url, arrived, open, answered } = await waiting();
    const left = request(`${url}/left`).on('error', () => undefined);
    left.end();
    await arrived(1);
    left.destroy();
    const upgrade = raw(port, UPGRADE);
    await arrived(2);
    upgrade.socket.resetAndDestroy();
    await upgrade.closed;
    const stays = fetch(`${url}/stays`);
    await arrived(3);
    open();
    expect(await (await stays).text()).toBe('answer to /stays');
    expect(answered).toEqual(['/stays']);
  });

  test('a stop before it opens, what waits is cut, and so is what comes then', async () => {
    const { room, port, url, arrived } = await waiting();
    const waits = fetch(`${url}/waits`);
    const upgrade = raw(port, UPGRADE);
    await arrived(2);
    room.close();
    await expect(waits).rejects.toThrow();
    expect(await upgrade.closed).toBe('');
    await expect(fetch(`${url}/late`)).rejects.toThrow();
    expect(await raw(port, UPGRADE).closed).toBe('');
  });

  test('a stop after it has opened, it goes on answering', async () => {
    const { room, url, open } = await waiting();
    open();
    room.close();
    expect(await (await fetch(`${url}/1`)).text()).toBe('answer to /1');
  });
});
