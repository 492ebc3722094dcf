/**
 * From a call to the message in the hands of WhatsApp: `POST /api/messages` (validated, fsynced, sent) beside a
 * bare `client.sendMessage` of the library, each on a simulated WhatsApp and a browser of its own, in the same run
 * and the same process. Calls alternate, so that a busy machine slows both alike.
 *
 *   node bench/hand-over.ts [--rounds 200] [--smoke]
 */
import { startSimulator, type Simulator } from '../test/simulator/server.ts';
import { startGatewayRig } from '../test/support/gateway-rig.ts';
import { startLinkedLibrary } from './support/linked-library.ts';
import { median, percentile, print, ratios } from './support/report.ts';
import { sizes } from './support/sizes.ts';

const GOAL = 1.5;
const TO = '15550002222@c.us';
const WARM_UP = 20;

const { rounds } = sizes({ rounds: [200, 3] });

/** Milliseconds from the call to WhatsApp's server having the message; ends when the call has ended, too. */
async function measure(simulator: Simulator, call: () => Promise<unknown>): Promise<number> {
  const hold = simulator.hold('recorded');
  const started = performance.now();
  const called = call();
  await hold.reached();
  const elapsed = performance.now() - started;
  hold.release();
  await called;
  return elapsed;
}

await using simulator = await startSimulator();
await using rig = await startGatewayRig({ policy: { probeMs: 60_000 }, env: { LOG_LEVEL: 'info' } });
await rig.until('qr');
await rig.simulator.scan();
await rig.until('ready');
await using bare = await startLinkedLibrary(simulator.chromiumArgs, () => simulator.scan());
const post = async (text: string) => {
  const response = await fetch(`${rig.baseUrl}/api/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ to: TO, type: 'text', text }),
  });
  if (response.status !== 202) throw new Error(`answered ${response.status}: ${await response.text()}`);
};
const library: number[] = [];
const gateway: number[] = [];
for (let round = -WARM_UP; round < rounds; round += 1) {
  const first = await measure(simulator, () => bare.client.sendMessage(TO, `message ${round}`));
  const second = await measure(rig.simulator, () => post(`message ${round}`));
  if (round < 0) continue;
  library.push(first);
  gateway.push(second);
}
const row = (name: string, times: readonly number[]) => [
  name,
  `p50 ${median(times).toFixed(2)} ms`,
  `p99 ${percentile(times, 0.99).toFixed(2)} ms`,
];
print(`call -> message at WhatsApp, ${rounds} times each`, [
  row('bare client.sendMessage', library),
  row('POST /api/messages', gateway),
  ['ratio of p50', (median(gateway) / median(library)).toFixed(2), `goal <= ${GOAL}`],
  ['ratio, pair by pair', ratios(gateway, library)],
]);
