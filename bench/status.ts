/**
 * Status requests per second, beside a bare Express route that answers the same bytes, in the same run.
 * Servers are processes of their own; rounds alternate, so that a busy machine slows both alike.
 *
 *   node bench/status.ts [--rounds 7] [--seconds 2] [--smoke]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import express from 'express';
import QRCode from 'qrcode';

import { Secret } from '../src/config.ts';
import { createApp } from '../src/http/app.ts';
import { createLogger } from '../src/log.ts';
import { FakeSession, qrStatus } from '../test/support/fake-session.ts';
import { answersPerSecond } from './support/http-load.ts';
import { median, print, ratios } from './support/report.ts';
import { sizes } from './support/sizes.ts';

const PATH = '/api/whatsapp/status';
const KEY = 'a-key-of-the-benchmark';
const CONNECTIONS = 16;

/** The servers: the floor as anybody writes it, the floor with all that costs left out, and the gateway. */
const SERVERS = {
  'express, as it comes': async () => {
    const bytes = await statusBytes();
    return express().get(PATH, (_request, response) => void response.type('json').send(bytes));
  },
  'express, no ETag, no send()': async () => {
    const bytes = await statusBytes();
    return express()
      .disable('x-powered-by')
      .get(PATH, (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': bytes.length });
        response.end(bytes);
      });
  },
  'gateway, no key configured': async () => await gateway(undefined),
  'gateway, key checked': async () => await gateway(new Secret(KEY)),
} as const;

type Name = keyof typeof SERVERS;

async function realisticStatus() {
  // As long as WhatsApp's: a reference and three base64 keys.
  const payload = `2@${'A1b2'.repeat(38)},${'c3D4'.repeat(11)},${'e5F6'.repeat(11)},${'g7H8'.repeat(11)}`;
  return { ...qrStatus(1), qrCode: await QRCode.toDataURL(payload) };
}

async function statusBytes(): Promise<Buffer> {
  return Buffer.from(JSON.stringify(await realisticStatus()));
}

async function gateway(apiKey: Secret | undefined) {
  const session = new FakeSession();
  session.become(await realisticStatus());
  return createApp({
    session,
    apiKey,
    corsOrigins: [],
    trustProxy: false,
    log: createLogger({ level: 'info' }),
    version: '0',
    publicDir: import.meta.dirname,
  });
}

/** Requests per second over keep-alive connections, one request at a time on each. */
async function measure(port: number, seconds: number): Promise<number> {
  const request = Buffer.from(`GET ${PATH} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Api-Key: ${KEY}\r\n\r\n`);
  return await answersPerSecond({
    port,
    connections: CONNECTIONS,
    seconds,
    request: () => request,
    status: 200,
  });
}

async function start(name: Name): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(import.meta.filename, ['--serve', name]);
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}

const served = process.argv[2] === '--serve' ? (process.argv[3] as Name) : null;
if (served !== null) {
  const server = createServer(await SERVERS[served]());
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('message', () => process.send?.(process.cpuUsage()));
  process.once('disconnect', () => process.exit());
} else {
  const { rounds, seconds } = sizes({ rounds: [7, 1], seconds: [2, 0.2] });
  const names = Object.keys(SERVERS) as Name[];
  const servers = await Promise.all(names.map(async (name) => ({ name, ...(await start(name)) })));
  for (const { port } of servers) await measure(port, seconds / 2); // warm-up
  const rates = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, port } of servers) rates.get(name)!.push(await measure(port, seconds));
  }
  for (const { child } of servers) child.disconnect();

  // Ratios within a round: what slows the machine down slows neighbours down alike.
  const [floor, leanest] = names.map((name) => rates.get(name)!) as [number[], number[]];
  print(
    `GET ${PATH}, ${(await statusBytes()).length} bytes, ${CONNECTIONS} connections (goal: ≥ 0.9 of a bare Express route)`,
    [
      ['', 'requests/s', 'of "as it comes"', 'of "no ETag, no send()"'],
      ...names.map((name) => {
        const own = rates.get(name)!;
        return [name, Math.round(median(own)).toString(), ratios(own, floor), ratios(own, leanest)];
      }),
    ],
  );
}
