import { z } from 'zod';

import { pairingRequest } from '../../border/validate.ts';
import { qrQuery } from '../qr.ts';
import { statusSchema, success, time } from './answers.ts';
import type { Operation } from './operation.ts';

const status = (description: string, code: 200 | 202) => [
  { status: code, description, schema: statusSchema } as const,
];

/** `/api/whatsapp`: the one session. */
export const sessionCalls: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/whatsapp/status',
    tag: 'WhatsApp',
    id: 'getStatus',
    summary: 'Where the session is, and why',
    description:
      '200 in every state. Without the key, QR code, account and pairing code are null, so that monitoring keeps working.',
    access: 'redacted',
    answers: status('The status', 200),
    examples: [{ summary: 'Ask' }],
  },
  {
    method: 'get',
    path: '/api/whatsapp/qr',
    tag: 'WhatsApp',
    id: 'getQr',
    summary: 'The QR code that waits to be scanned',
    description: 'In the form that `format`, or else the header `Accept`, asks for.',
    query: qrQuery,
    answers: [
      {
        status: 200,
        description: 'The QR code; `raw` is the text that is drawn',
        types: ['image/png', 'image/svg+xml', 'text/plain'],
      },
    ],
    errors: ['no_qr', 'not_acceptable'],
    examples: [{ summary: 'To scan off a terminal', query: { format: 'text' } }],
  },
  {
    method: 'post',
    path: '/api/whatsapp/connect',
    tag: 'WhatsApp',
    id: 'connect',
    summary: 'Starts the client',
    description: 'Harmless when it runs already.',
    answers: status('It starts, or runs', 202),
    examples: [{ summary: 'Connect' }],
  },
  {
    method: 'post',
    path: '/api/whatsapp/disconnect',
    tag: 'WhatsApp',
    id: 'disconnect',
    summary: 'Stops the browser and keeps the login',
    answers: status('It has stopped', 200),
    examples: [{ summary: 'Disconnect' }],
  },
  {
    method: 'post',
    path: '/api/whatsapp/restart',
    tag: 'WhatsApp',
    id: 'restart',
    summary: 'Stops the browser and starts it again',
    answers: status('It starts again', 202),
    examples: [{ summary: 'Restart' }],
  },
  {
    method: 'post',
    path: '/api/whatsapp/logout',
    tag: 'WhatsApp',
    id: 'logout',
    summary: 'Unlinks this device and removes the login',
    answers: [
      {
        status: 200,
        description: 'The login is gone; whether WhatsApp has confirmed the unlink',
        schema: statusSchema.extend({ unlinkConfirmed: z.boolean() }).meta({ id: 'StatusAfterLogout' }),
      },
    ],
    errors: ['wrong_state', 'login_not_removed'],
    examples: [{ summary: 'Log out' }],
  },
  {
    method: 'post',
    path: '/api/whatsapp/pairing-code',
    tag: 'WhatsApp',
    id: 'requestPairingCode',
    summary: 'A code to type on the phone, for linking without a camera',
    body: pairingRequest,
    answers: [
      {
        status: 200,
        description: 'The code',
        schema: success({ code: z.string(), expiresAt: time }),
      },
    ],
    errors: ['wrong_state', 'pairing_failed', 'timeout', 'browser_unresponsive'],
    examples: [{ summary: 'For a phone', body: { phoneNumber: '+49 151 23456789' } }],
  },
];
