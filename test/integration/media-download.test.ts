import dns from 'node:dns';
import { createServer, type RequestListener } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { describe, expect, onTestFinished, test } from 'vitest';

import { download } from '../../src/media/download.ts';
import { MediaIntake } from '../../src/media/intake.ts';
import { openStore } from '../../src/store/store.ts';
import { silent } from '../support/messaging.ts';
import { tempFolder } from '../support/temp-folder.ts';

async function serve(handler: RequestListener): Promise<{ url: string; port: number; asked: () => number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    handler(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, asked: () => asked };
}

describe('download, addresses that are not public', () => {
  test('every way to write the own machine, refused before a byte is asked for', async () => {
    const server = await serve((_request, response) => response.end('secret'));
    const hosts = [
      '127.0.0.1',
      'localhost',
      '[::1]',
      '0.0.0.0',
      '2130706433',
      '0x7f.1',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[64:ff9b::7f00:1]',
      '[::]',
      '0177.0.0.1',
      '017700000001',
      '127.1',
      '127.0.0.1.',
      'localhost.',
      'public.example@127.0.0.1',
      '①②⑦.⓪.⓪.①',
    ];
    for (const host of hosts) {
      await expect(download(`http://${host}:${server.port}/a.png`, []), host).rejects.toMatchObject({
        code: 'media_refused',
      });
    }
    expect(server.asked()).toBe(0);
  });

  test.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/',
    'http://192.168.1.1/',
    'http://[fd00::1]/',
  ])('%s, refused with a word on what to do and none on what is there', async (url) => {
    await expect(download(url, [])).rejects.toMatchObject({
      code: 'media_refused',
      message: expect.stringContaining('MEDIA_URL_ALLOW') as string,
    });
  });

  test('a name whose next answer leads inside, connected to what was checked and refused the next time', async () => {
    const server = await serve((_request, response) => response.end('file'));
    // 127.0.0.1 is allowed here in the place of a public address; its neighbour is not.
    const answers = ['127.0.0.1', '127.0.0.2'];
    const asked: string[] = [];
    const { lookup } = dns;
    const fake = (
      host: string,
      _options: object,
      told: (error: null, found: dns.LookupAddress[]) => void,
    ) => {
      asked.push(host);
      told(null, [{ address: answers.shift() ?? '', family: 4 }]);
    };
    dns.lookup = fake as unknown as typeof lookup;
    syncBuiltinESMExports();
    onTestFinished(() => {
      dns.lookup = lookup;
      syncBuiltinESMExports();
    });
    const address = `http://rebinding.example:${server.port}/`;
    const { body } = await download(address, ['127.0.0.1/32']);
    expect(await text(Readable.from(body))).toBe('file');
    // Looked up once: what was checked is what was connected to.
    expect(asked).toEqual(['rebinding.example']);
    await expect(download(address, ['127.0.0.1/32'])).rejects.toMatchObject({ code: 'media_refused' });
    expect(server.asked()).toBe(1);
  });

  test('a redirect to what is not allowed, refused there', async () => {
    const inside = await serve((_request, response) => response.end('secret'));
    const outside = await serve((_request, response) =>
      response.writeHead(302, { location: `http://127.0.0.2:${inside.port}/` }).end(),
    );
    // 127.0.0.1 is allowed here in the place of a public address; its neighbour is not.
    await expect(download(outside.url, ['127.0.0.1'])).rejects.toMatchObject({
      message: expect.stringContaining('MEDIA_URL_ALLOW') as string,
    });
    expect(inside.asked()).toBe(0);
  });

  test('allowed by a range, fetched', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'image/png; charset=x' }).end('png');
    });
    const { mimetype, filename, body } = await download(`${server.url}/a%20dot.png?x=1`, ['127.0.0.0/8']);
    expect([mimetype, filename]).toEqual(['image/png', 'a dot.png']);
    const chunks = [];
    for await (const chunk of body) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('png');
  });
});

describe('download, servers that misbehave', () => {
  const allow = ['127.0.0.1'];

  test.each(['nonsense', 'image/', '', 'text/plain, image/png', `image/${'x'.repeat(200)}`])(
    'a content type that is none (%j), taken for nothing said',
    async (type) => {
      const { url } = await serve((_request, response) => {
        response.writeHead(200, { 'content-type': type }).end('x');
      });
      expect((await download(url, allow)).mimetype).toBeNull();
    },
  );

  test('an error, named by its number', async () => {
    const { url } = await serve((_request, response) => response.writeHead(404).end());
    await expect(download(url, allow)).rejects.toMatchObject({
      message: expect.stringContaining('404') as string,
    });
  });

  test('redirects without end, refused after a few', async () => {
    const server = await serve((_request, response) => response.writeHead(302, { location: '/again' }).end());
    await expect(download(server.url, allow)).rejects.toMatchObject({ code: 'media_refused' });
    expect(server.asked()).toBe(4);
  });

  test.each(['file:///etc/passwd', 'ftp://127.0.0.1/', 'gopher://127.0.0.1/'])(
    'a redirect to %s, refused',
    async (location) => {
      const { url } = await serve((_request, response) => response.writeHead(302, { location }).end());
      await expect(download(url, allow)).rejects.toMatchObject({ code: 'media_refused' });
    },
  );

  test('an endless file, refused at the limit and nothing kept', async () => {
    const { url } = await serve((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    });
    const store = openStore(tempFolder(), silent);
    const intake = new MediaIntake(store.outgoingMedia, {
      maxBytes: 1_000_000,
      allow,
      isNeeded: () => false,
    });
    await expect(intake.take({ url })).rejects.toMatchObject({ code: 'payload_too_large' });
    store.close();
  });

  test('a transfer that breaks off, refused', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setImmediate(() => response.destroy());
    });
    const store = openStore(tempFolder(), silent);
    const intake = new MediaIntake(store.outgoingMedia, {
      maxBytes: 1_000_000,
      allow,
      isNeeded: () => false,
    });
    await expect(intake.take({ url })).rejects.toMatchObject({ code: 'media_refused' });
    store.close();
  });
});
