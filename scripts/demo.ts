/**
 * `npm run demo`: the gateway on a simulated WhatsApp, with a phone to play with. Nothing leaves this machine
 * and nothing is kept. PORT (3000) and PHONE_PORT (3001) choose the addresses.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulator, type Simulator } from '../test/simulator/server.ts';

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts');

/** A demo that is killed takes its gateway along: the end of the pipe says so. */
const ENDS_WITH_THE_DEMO = `data:text/javascript,${encodeURIComponent(
  "process.stdin.on('close', () => process.kill(process.pid, 'SIGTERM')).resume();",
)}`;

/** What the demo takes from its own environment; a configuration of a real gateway has no business here. */
const INHERITED =
  /^(PATH|HOME|USER|LANG|LC_.*|TZ|TERM|TMPDIR|XDG_.*|NODE_.*|LOG_LEVEL|PUPPETEER_EXECUTABLE_PATH)$/;

/** Simulators live next to their gateway; a taken port is no reason to fail. */
async function simulator(controlPort: number): Promise<Simulator> {
  const options = { qrRotateMs: 20_000, autoAck: 3, autoAckDelayMs: 800 } as const;
  try {
    return await startSimulator({ ...options, controlPort });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return startSimulator({ ...options, controlPort: 0 });
  }
}

const phonePort = Number(process.env['PHONE_PORT'] ?? '3001');
if (!Number.isInteger(phonePort) || phonePort < 0 || phonePort > 65_535) {
  process.stderr.write('PHONE_PORT: expected a port, 0 to 65535; 0 takes a free one\n');
  process.exit(78);
}
const folder = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-demo-'));
const whatsapp = await simulator(phonePort);
const port = process.env['PORT'] ?? '3000';
const inherited = Object.entries(process.env).filter(([name]) => INHERITED.test(name));
// A process group of its own: Ctrl+C reaches the demo, and the gateway hears of it once, from the demo. Its
// working folder is empty, so that no `.env` of a real gateway is read.
const gateway = spawn(process.execPath, ['--import', ENDS_WITH_THE_DEMO, MAIN], {
  cwd: folder,
  detached: true,
  stdio: ['pipe', 'inherit', 'inherit'],
  env: {
    ...Object.fromEntries(inherited),
    PORT: port,
    HOST: '127.0.0.1',
    WHATSAPP_SESSION_PATH: join(folder, 'session'),
    CHROMIUM_ARGS: whatsapp.chromiumArgsLine,
  },
});
const ended = new Promise<number>((resolve) => {
  gateway.once('exit', (code) => {
    resolve(code ?? 1);
  });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => gateway.kill('SIGTERM'));
}
// Nobody reads any more: `npm run demo | head`, or a terminal that was closed.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', () => gateway.kill('SIGTERM'));
}

void announce();
process.exitCode = await ended;
await whatsapp.stop();
await rm(folder, { recursive: true, force: true, maxRetries: 5 });

/** Says where to look, once the gateway answers. */
async function announce(): Promise<void> {
  const url = `http://127.0.0.1:${port}`;
  while (gateway.exitCode === null) {
    const response = await fetch(`${url}/health`).catch(() => null);
    if (response?.ok) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (gateway.exitCode !== null) return;
  process.stdout.write(
    [
      '',
      `  The gateway     ${url}/whatsapp`,
      `  A phone for it  ${whatsapp.controlUrl}/phone`,
      '',
      '  On the phone press "Scan the QR code", then write to the gateway, or send to 15550002222@c.us',
      '  from it. WhatsApp is simulated: nothing leaves this machine. Ctrl+C ends everything.',
      '',
      '',
    ].join('\n'),
  );
}
