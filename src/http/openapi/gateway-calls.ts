import { z } from 'zod';

import { statusSchema } from './answers.ts';
import type { Operation } from './operation.ts';

/** Health, figures, the page, and this description. */
export const gatewayCalls: readonly Operation[] = [
  {
    method: 'get',
    path: '/health',
    tag: 'Gateway',
    id: 'getHealth',
    summary: 'Whether the process serves',
    description: '200 whatever WhatsApp does: a restart heals nothing there.',
    access: 'open',
    answers: [
      {
        status: 200,
        description: 'It serves',
        schema: z.object({
          status: z.literal('ok'),
          version: z.string(),
          uptime: z.int().meta({ description: 'Seconds' }),
          whatsapp: z.enum(['idle', 'qr', 'syncing', 'ready', 'error']),
        }),
      },
    ],
    examples: [{ summary: 'Ask' }],
  },
  {
    method: 'get',
    path: '/health/ready',
    tag: 'Gateway',
    id: 'getReadiness',
    summary: 'Whether messages flow',
    access: 'open',
    answers: [
      { status: 200, description: 'They flow', schema: statusSchema },
      { status: 503, description: 'They do not; the status says why', schema: statusSchema },
    ],
    examples: [{ summary: 'Ask' }],
  },
  {
    method: 'get',
    path: '/metrics',
    tag: 'Gateway',
    id: 'getMetrics',
    summary: 'Figures for Prometheus',
    answers: [{ status: 200, description: 'The text format of Prometheus', types: ['text/plain'] }],
    examples: [{ summary: 'Scrape' }],
  },
  {
    method: 'get',
    path: '/',
    tag: 'Gateway',
    id: 'getRoot',
    summary: 'Leads to the page',
    access: 'open',
    answers: [
      {
        status: 302,
        description: 'To `/whatsapp`',
        types: ['text/plain', 'text/html'],
        headers: { Location: 'The page' },
      },
    ],
    examples: [{ summary: 'Open' }],
  },
  {
    method: 'get',
    path: '/whatsapp',
    tag: 'Gateway',
    id: 'getPage',
    summary: 'The page with the QR code',
    access: 'open',
    answers: [{ status: 200, description: 'The page', types: ['text/html'] }],
    examples: [{ summary: 'Open' }],
  },
  {
    method: 'get',
    path: '/api/openapi.json',
    tag: 'Gateway',
    id: 'getDescription',
    summary: 'This description',
    access: 'open',
    answers: [
      { status: 200, description: 'OpenAPI 3.1', schema: z.looseObject({ openapi: z.literal('3.1.1') }) },
    ],
    examples: [{ summary: 'Fetch' }],
  },
  {
    method: 'get',
    path: '/api/docs',
    tag: 'Gateway',
    id: 'getDocs',
    summary: 'This description as a page',
    access: 'open',
    answers: [{ status: 200, description: 'The page', types: ['text/html'] }],
    examples: [{ summary: 'Open' }],
  },
];
