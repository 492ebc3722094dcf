import type { Request, Response } from 'express';
import { z } from 'zod';

import { validate } from '../border/validate.ts';
import { GatewayError } from '../errors.ts';
import type { QrImages, SessionControl } from '../session/control.ts';
import type { StatusBody } from '../session/status.ts';
import { sendBytes } from './answer.ts';

const TEXT = 'text/plain; charset=utf-8';

/** The forms of a QR: content type, and bytes. */
const FORMS = {
  png: ['image/png', (images: QrImages) => images.png],
  svg: ['image/svg+xml; charset=utf-8', (images: QrImages) => Buffer.from(images.svg)],
  text: [TEXT, (images: QrImages) => Buffer.from(images.text)],
  raw: [TEXT, (images: QrImages) => Buffer.from(images.raw)],
} as const;

type Form = keyof typeof FORMS;

export const qrQuery = z.object({
  format: z.enum(['png', 'svg', 'text', 'raw'], { error: 'expected png, svg, text or raw' }).optional(),
});

/** What `Accept` may ask for, in the order of preference when it does not care. */
const BY_TYPE: Readonly<Record<string, Form>> = {
  'image/png': 'png',
  'image/svg+xml': 'svg',
  'text/plain': 'text',
};

/**
 * Answers with the current QR in the form that `?format=` or else `Accept` asks for.
 * @throws GatewayError `invalid_request`, `not_acceptable`, or `no_qr` that says why there is none
 */
export function sendQr(request: Request, response: Response, session: SessionControl): void {
  response.vary('Accept');
  const form = validate(qrQuery, request.query).format ?? acceptedForm(request);
  const images = session.qrImages();
  if (images === null) throw noQr(session.status());
  const [type, bytesOf] = FORMS[form];
  sendBytes(response, 200, type, bytesOf(images));
}

function acceptedForm(request: Request): Form {
  const type = request.accepts(Object.keys(BY_TYPE));
  const form = type === false ? undefined : BY_TYPE[type];
  if (form !== undefined) return form;
  throw new GatewayError({
    code: 'not_acceptable',
    message: `The QR code comes as ${Object.keys(BY_TYPE).join(', ')}`,
    action: 'Change the header Accept, or add ?format=png, svg, text or raw',
  });
}

function noQr(status: StatusBody): GatewayError {
  const { reason, phase } = status;
  const code = reason === null ? '' : ` (${reason.code})`;
  return new GatewayError({
    code: 'no_qr',
    message: `There is no QR code now: ${reason?.message ?? status.message}${code}`,
    action: reason?.action ?? (phase === 'stopped' ? 'POST /api/whatsapp/connect starts the client' : null),
    retryable: true,
  });
}
