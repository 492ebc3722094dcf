/** The two programs that stand beside the gateway in the image, against a real server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';

const KEY = '0123456789abcdef';

/** Runs a program of docker/ against `listener`; without one, against a port where nobody listens. */
async function run(
  program: string,
  args: readonly string[],
  listener: RequestListener | null,
): Promise<{ code: number | null; output: string }> {
  const server = createServer(listener ?? undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  if (listener === null) await new Promise((resolve) => server.close(resolve));
  const child = spawn(process.execPath, [`docker/${program}`, ...args], {
    env: { HOST: '0.0.0.0', PORT: String(port), API_KEY: KEY },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  if (listener !== null) {
    server.closeAllConnections();
    server.close();
  }
  return { code, output };
}

const status = (body: object): RequestListener => {
  return (request, response) => {
    if (request.url === '/health') response.end('{"status":"ok"}');
    else response.end(JSON.stringify({ reason: null, account: null, qr: null, ...body }));
  };
};

describe('healthcheck', () => {
  it('/health answers 200, succeeds without a word', async () => {
    expect(await run('healthcheck.cjs', [], status({}))).toEqual({ code: 0, output: '' });
  });

  it('/health answers 500, fails and says so', async () => {
    const result = await run('healthcheck.cjs', [], (_, response) => {
      response.statusCode = 500;
      response.end();
    });
    expect(result).toEqual({ code: 1, output: 'unhealthy: GET /health: answered 500\n' });
  });

  it('nobody listens, fails in one line', async () => {
    const { code, output } = await run('healthcheck.cjs', [], null);
    expect(code).toBe(1);
    expect(output).toMatch(/^unhealthy: GET \/health: .*ECONNREFUSED.*\n$/);
  });

  it('accepted and never answered, fails after its own deadline', async () => {
    const { code, output } = await run('healthcheck.cjs', [], () => undefined);
    expect(code).toBe(1);
    expect(output).toContain('no answer within 5 s');
  });
});

describe('ask', () => {
  it('status, is one name=value a line, whatever the texts hold, and the key goes in the header', async () => {
    const seen: (string | undefined)[] = [];
    const body = {
      status: 'error',
      hasQr: false,
      message: 'first\nstate=ready',
      account: { id: '1@c.us', phone: '1', name: 'Ann\nreason=x' },
      reason: { code: 'profile_in_use', message: 'in use', action: null },
    };
    const { code, output } = await run('ask.cjs', ['status'], (request, response) => {
      seen.push(request.headers['x-api-key'] as string | undefined);
      status(body)(request, response);
    });
    expect(code).toBe(0);
    expect(seen).toEqual([KEY, KEY]);
    expect(output).not.toContain(KEY);
    const lines = output.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('state='))).toEqual(['state=error']);
    expect(lines.filter((line) => line.startsWith('reason='))).toEqual(['reason=profile_in_use']);
    expect(lines).toContain('health=200');
    expect(lines).toContain('status=200');
    expect(lines).toContain('account=Ann reason=x, 1');
  });

  it('qr, is drawn as the gateway drew it', async () => {
    const result = await run('ask.cjs', ['qr'], (request, response) => {
      expect(request.url).toBe('/api/whatsapp/qr?format=text');
      response.end('██ █\n█ ██\n\n');
    });
    expect(result).toEqual({ code: 0, output: '██ █\n█ ██\n' });
  });

  it('qr while there is none, has an exit code of its own and prints nothing', async () => {
    const result = await run('ask.cjs', ['qr'], (_, response) => {
      response.statusCode = 409;
      response.end('{}');
    });
    expect(result).toEqual({ code: 3, output: '' });
  });

  it('gateway away or anything asked wrongly, says so in one line', async () => {
    const away = await run('ask.cjs', ['status'], null);
    expect(away.code).toBe(1);
    expect(away.output).toMatch(/^no answer: .*\n$/);
    expect(await run('ask.cjs', ['key'], null)).toMatchObject({ code: 64 });
  });
});
