/**
 * The simulated WhatsApp Web beside a container, as a process of its own: prints one line of JSON with what the
 * container's browser and the test need, then runs until SIGTERM.
 */
import { once } from 'node:events';
import { startSimulator } from '../simulator/server.ts';

await using simulator = await startSimulator({ qrRotateMs: 20_000 });
const { chromiumArgsLine, controlUrl } = simulator;
process.stdout.write(`${JSON.stringify({ chromiumArgsLine, controlUrl })}\n`);
await once(process, 'SIGTERM');
