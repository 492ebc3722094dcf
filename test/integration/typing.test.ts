import { describe, expect, test } from 'vitest';

import type { GatewayRig } from '../support/gateway-rig.ts';
import { call, linkedRig } from '../support/linked-rig.ts';
import { waitFor } from '../support/wait-for.ts';

const ALICE = '15550002222@c.us';
const LONG = 'x'.repeat(500);

function send(rig: GatewayRig, body: object) {
  return call(rig.baseUrl, 'POST', '/api/messages?wait=server', { to: ALICE, ...body });
}

/** What the other side was shown, in order. */
const shown = (rig: GatewayRig) => rig.simulator.world.chatStates.map(({ state }) => state);

describe.each(['serialized', 'minified'] as const)('SEND_TYPING on, %s keys', (vintage) => {
  test('text, voice and a cancelled one: shown before each, only the two go out; and a page that dies meanwhile', async () => {
    const rig = await linkedRig({
      simulator: { vintage, minifiedName: '$t' },
      env: { SEND_TYPING: 'true' },
    });
    const { simulator } = rig;

    const text = await send(rig, { type: 'text', text: 'hello' });
    expect(text.body).toMatchObject({ message: { status: 'sent', to: ALICE } });
    expect(simulator.world.chatStates).toEqual([
      { id: ALICE, state: 'typing' },
      { id: ALICE, state: 'stop' },
    ]);

    const data = Buffer.alloc(100).toString('base64');
    await send(rig, { type: 'voice', media: { data, mimetype: 'audio/ogg; codecs=opus' } });
    expect(shown(rig).slice(2)).toEqual(['recording', 'stop']);

    const { body } = await call(rig.baseUrl, 'POST', '/api/messages', {
      to: ALICE,
      type: 'text',
      text: LONG,
    });
    const { id } = body['message'] as { id: string };
    await waitFor(() => shown(rig).length === 5);
    expect((await call(rig.baseUrl, 'DELETE', `/api/messages/${id}`)).status).toBe(200);
    await waitFor(() => shown(rig).length === 6);
    expect(shown(rig).slice(4)).toEqual(['typing', 'stop']);

    const dying = send(rig, { type: 'text', text: LONG });
    await waitFor(() => shown(rig).length === 7);
    simulator.crashPage();
    expect((await dying).body).toMatchObject({ success: true });
    await waitFor(() => simulator.sent().length === 3, { timeoutMs: 60_000 });
    expect(simulator.sent().map(({ type, duplicates }) => [type, duplicates])).toEqual([
      ['chat', 0],
      ['ptt', 0],
      ['chat', 0],
    ]);
  });
});
