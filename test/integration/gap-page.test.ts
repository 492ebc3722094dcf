import { expect, test } from 'vitest';

import { eventDataSchemas } from '../../src/events/schema.ts';
import type { GatewayRig, GatewayRigOptions } from '../support/gateway-rig.ts';
import { linkedRig } from '../support/linked-rig.ts';
import { waitFor } from '../support/wait-for.ts';

const ALICE = '15550002222';

/** What the journal says of messages. */
function told(rig: GatewayRig): string[] {
  return rig.gateway.messaging.journal
    .read(0, 1_000)
    .flatMap((event) =>
      event.type === 'message'
        ? [`${eventDataSchemas.message.parse(event.data).body} ${event.replayed ? 'replayed' : 'live'}`]
        : [],
    );
}

/** Linked, and from now on what comes in is looked for: of what came before the first connection nothing is. */
async function lookedAfter(options: GatewayRigOptions = {}): Promise<GatewayRig> {
  const rig = await linkedRig(options);
  await waitFor(() => rig.gateway.messaging.journal.watermarks.beginning !== null, {
    what: 'the first search',
  });
  return rig;
}

const undeciphered = { from: ALICE, type: 'ciphertext' };
const deciphered = { type: 'chat', body: 'the secret' };

test.each(['serialized', 'minified'] as const)(
  'came in encrypted while the gateway was down, told of as soon as it can be read, once (%s keys)',
  async (vintage) => {
    const rig = await lookedAfter({ simulator: { vintage } });
    await rig.gateway.session.disconnect();
    const key = await rig.simulator.receive(undeciphered);
    await rig.simulator.receive({ from: ALICE, body: 'plain' });
    await rig.restartProcess();
    await rig.until('ready');
    await waitFor(() => told(rig).length > 0);
    expect(told(rig)).toEqual(['plain replayed']);
    await rig.simulator.change(key, deciphered);
    await waitFor(() => told(rig).length > 1);
    await rig.simulator.receive({ from: ALICE, body: 'the end' });
    await waitFor(() => told(rig).includes('the end live'));
    expect(told(rig)).toEqual(['plain replayed', 'the secret live', 'the end live']);
  },
);

test('came in encrypted while connected, and the process ended before it could be read, told of by the next', async () => {
  const rig = await lookedAfter();
  const key = await rig.simulator.receive(undeciphered);
  await rig.simulator.receive({ from: ALICE, body: 'plain' });
  await waitFor(() => told(rig).length > 0);
  await rig.gateway.session.disconnect();
  await rig.simulator.change(key, deciphered);
  await rig.restartProcess();
  await rig.until('ready');
  await waitFor(() => told(rig).length > 1);
  expect(told(rig)).toEqual(['plain live', 'the secret replayed']);
});
