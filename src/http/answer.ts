import type { Response } from 'express';

import { redactedStatus, type StatusBody } from '../session/status.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/** Answers with JSON. Not `response.json`: an answer about a state must not be revalidated with an ETag. */
export function sendJson(response: Response, status: number, body: object): void {
  sendBytes(response, status, JSON_TYPE, Buffer.from(JSON.stringify(body)));
}

/** Answers with a status body, written as JSON once per status and not once per request. */
export function sendStatus(response: Response, httpStatus: number, body: StatusBody): void {
  sendBytes(response, httpStatus, JSON_TYPE, jsonOf(body));
}

/** Answers with bytes; Node leaves them out by itself when the request is a `HEAD`. */
export function sendBytes(response: Response, status: number, type: string, bytes: Buffer): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': bytes.length });
  response.end(bytes);
}

const redactions = new WeakMap<StatusBody, StatusBody>();

/** What of a status everybody may see; the same object for the same status. */
export function redacted(body: StatusBody): StatusBody {
  let shown = redactions.get(body);
  if (shown === undefined) {
    shown = redactedStatus(body);
    redactions.set(body, shown);
  }
  return shown;
}

const written = new WeakMap<StatusBody, Buffer>();

function jsonOf(body: StatusBody): Buffer {
  let bytes = written.get(body);
  if (bytes === undefined) {
    bytes = Buffer.from(JSON.stringify(body));
    written.set(body, bytes);
  }
  return bytes;
}
