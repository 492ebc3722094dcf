import { onTestFinished } from 'vitest';

import { startGatewayRig, type GatewayRig, type GatewayRigOptions } from './gateway-rig.ts';

/** The gateway in a linked and synced account; gone when the test ends. */
export async function linkedRig(options: GatewayRigOptions = {}): Promise<GatewayRig> {
  const rig = await startGatewayRig(options);
  onTestFinished(() => rig[Symbol.asyncDispose]());
  await rig.until('qr');
  await rig.simulator.scan();
  await rig.until('ready');
  return rig;
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { error?: { code: string; message: string } };
}

/** Calls the gateway with JSON. */
export async function call(
  baseUrl: string,
  method: string,
  path: string,
  body?: object,
): Promise<Answer & { headers: Headers }> {
  const response = await fetch(baseUrl + path, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  };
}
