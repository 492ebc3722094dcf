/** The floor of bench/first-qr.ts: what anybody writes first with whatsapp-web.js. */
import wwebjs from 'whatsapp-web.js';

const client = new wwebjs.Client({
  authStrategy: new wwebjs.LocalAuth({ dataPath: process.env['WHATSAPP_SESSION_PATH'] ?? '.' }),
  webVersionCache: { type: 'none' },
  puppeteer: {
    headless: 'shell' as unknown as boolean,
    executablePath: process.env['PUPPETEER_EXECUTABLE_PATH'] ?? '',
    args: ['--no-sandbox', ...(JSON.parse(process.env['BENCH_ARGS'] ?? '[]') as string[])],
    pipe: true,
  },
});
client.on('qr', () => process.stdout.write('[WA] event=qr\n'));
process.on('SIGTERM', () => {
  void client.destroy().then(() => process.exit(0));
});
// A stop in mid-start rejects it; the benchmark has what it wants by then.
await client.initialize().catch(() => undefined);
