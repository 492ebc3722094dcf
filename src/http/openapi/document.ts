import { httpStatusOf, type ErrorCode } from '../../errors.ts';
import { EVENT_TYPES } from '../../events/types.ts';
import { actionCalls } from './action-calls.ts';
import { errorSchema, eventSchema } from './answers.ts';
import { chatCalls } from './chat-calls.ts';
import { contactCalls } from './contact-calls.ts';
import { eventCalls } from './event-calls.ts';
import { gatewayCalls } from './gateway-calls.ts';
import { groupCalls } from './group-calls.ts';
import { JsonSchemas, type JsonSchema } from './json-schema.ts';
import { messageCalls } from './message-calls.ts';
import type { Answer, Example, Operation, Tag } from './operation.ts';
import { sessionCalls } from './session-calls.ts';

/** Every call of the gateway, in the order in which a person wants to read of them. */
export const OPERATIONS: readonly Operation[] = [
  ...sessionCalls,
  ...messageCalls,
  ...actionCalls,
  ...eventCalls,
  ...chatCalls,
  ...contactCalls,
  ...groupCalls,
  ...gatewayCalls,
];

const TAGS: Readonly<Record<Tag, string>> = {
  WhatsApp: 'The one session: its state, the QR code, connecting and logging out',
  Messages: 'Sending, what becomes of it, and what can be done with a message',
  Events: 'What has happened, numbered, for programs that ask',
  Webhooks: 'The same for programs that are told',
  Chats: 'The chats of the account',
  Contacts: 'The people that it knows',
  Groups: 'Its groups',
  Gateway: 'Health, figures, and the pages',
};

const DESCRIPTION = `One WhatsApp account behind REST, Socket.IO and webhooks. All times are ISO 8601, UTC.

Errors have one form, with a code for programs and a line to type where there is one. What is delivered over Socket.IO
is described in docs/api.md and docs/messages.md.`;

/**
 * The description of the API, as OpenAPI 3.1.
 * @param version the gateway's
 */
export function describeApi(version: string): JsonSchema {
  const schemas = new JsonSchemas();
  // Every answer of failure refers to it.
  schemas.ofOutput(errorSchema);
  const paths: Record<string, JsonSchema> = {};
  for (const operation of OPERATIONS) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: describe(operation, schemas),
    };
  }
  const webhooks = Object.fromEntries(EVENT_TYPES.map((type) => [type, describeEvent(type, schemas)]));
  return {
    openapi: '3.1.1',
    info: {
      title: 'WhatsApp gateway',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ header: [] }, { bearer: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    webhooks,
    components: {
      schemas: schemas.components,
      securitySchemes: {
        header: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Api-Key',
          description: 'The value of `API_KEY`. Without `API_KEY` the gateway asks for none',
        },
        bearer: { type: 'http', scheme: 'bearer', description: 'The same key' },
      },
    },
  };
}

function describe(operation: Operation, schemas: JsonSchemas): JsonSchema {
  const { access, tag, id, summary, description, params = {}, headers = {}, answers } = operation;
  const parameters = [
    ...Object.entries(params).map(([name, { description: meaning, example }]) => ({
      name,
      in: 'path',
      required: true,
      description: meaning,
      schema: { type: 'string' },
      example,
    })),
    ...queryParameters(operation, schemas),
    ...Object.entries(headers).map(([name, header]) => ({
      name,
      in: 'header',
      required: false,
      description: `${header.description}. For example \`${header.example}\``,
      schema: { type: 'string' },
    })),
  ];
  const body = bodyOf(operation, schemas);
  return {
    tags: [tag],
    operationId: id,
    summary,
    ...(description !== undefined && { description }),
    ...(access === 'open' && { security: [] }),
    ...(access === 'redacted' && { security: [{}, { header: [] }, { bearer: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== null && { requestBody: body }),
    responses: {
      ...Object.fromEntries(answers.map((answer) => [answer.status, describeAnswer(answer, schemas)])),
      ...failures(operation),
    },
  };
}

function queryParameters({ query, examples }: Operation, schemas: JsonSchemas): JsonSchema[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = schemas.ofInput(query) as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => {
    const example = examples.map((each) => each.query?.[name]).find((each) => each !== undefined);
    return {
      name,
      in: 'query',
      required: required.includes(name),
      ...(description !== undefined && { description }),
      schema,
      ...(example !== undefined && { example: schema['type'] === 'integer' ? Number(example) : example }),
    };
  });
}

function bodyOf({ body, form, examples }: Operation, schemas: JsonSchemas): JsonSchema | null {
  if (body === undefined) return null;
  return {
    required: true,
    content: {
      'application/json': {
        schema: schemas.ofInput(body),
        examples: Object.fromEntries(
          examples.map((example) => [nameOf(example), { summary: example.summary, value: example.body }]),
        ),
      },
      ...(form !== undefined && {
        'multipart/form-data': {
          schema: {
            type: 'object',
            description: form.description,
            required: ['to', 'type', 'media'],
            properties: {
              to: { type: 'string' },
              type: { enum: ['image', 'video', 'audio', 'voice', 'document', 'sticker'] },
              media: { type: 'string', format: 'binary' },
              caption: { type: 'string' },
              quotedMessageId: { type: 'string' },
              mentions: { type: 'string', description: 'A JSON list' },
              viewOnce: { type: 'string', enum: ['true', 'false'] },
              ttl: { type: 'string', description: 'Seconds', pattern: '^[0-9]+$' },
              notBefore: { type: 'string', format: 'date-time' },
            },
          },
          examples: Object.fromEntries(
            form.examples.map(({ summary, fields }) => [
              nameOf({ summary }),
              { summary, value: { ...fields, media: '@photo.jpg' } },
            ]),
          ),
        },
      }),
    },
  };
}

/** OpenAPI names examples by what a URL may hold. */
function nameOf({ summary }: Pick<Example, 'summary'>): string {
  return summary.replaceAll(/[^A-Za-z0-9]+/g, '-').toLowerCase();
}

function describeAnswer({ description, schema, types, headers }: Answer, schemas: JsonSchemas): JsonSchema {
  const content =
    schema === undefined
      ? Object.fromEntries((types ?? []).map((type) => [type, {}]))
      : { 'application/json': { schema: schemas.ofOutput(schema) } };
  return {
    description,
    ...(headers !== undefined && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, meaning]) => [
          name,
          { description: meaning, schema: { type: 'string' } },
        ]),
      ),
    }),
    ...(Object.keys(content).length > 0 && { content }),
  };
}

/** The failures of a call by their HTTP status: its own, and those that its form brings along. */
function failures(operation: Operation): JsonSchema {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...inherent(operation), ...(operation.errors ?? [])])) {
    const status = httpStatusOf(code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const sorted = [...byStatus].toSorted(([one], [other]) => one - other);
  return Object.fromEntries(
    sorted.map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\``).join(', '),
        ...((codes.includes('queue_full') || codes.includes('too_busy')) && {
          headers: { 'Retry-After': { description: 'Seconds', schema: { type: 'integer' } } },
        }),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    ]),
  );
}

function inherent({ method, path, access, query, body }: Operation): ErrorCode[] {
  const codes: ErrorCode[] = ['internal'];
  const takesBody = method !== 'get' && path.startsWith('/api/');
  if (access === undefined) codes.push('unauthorized');
  // A name that is no UTF-8 once it is decoded, and a body that is no JSON even where none is wanted.
  if (query !== undefined || body !== undefined || path.includes('{') || takesBody)
    codes.push('invalid_request');
  if (takesBody) codes.push('payload_too_large', 'unsupported_media_type');
  if (method !== 'get') codes.push('forbidden_origin');
  return codes;
}

function describeEvent(type: (typeof EVENT_TYPES)[number], schemas: JsonSchemas): JsonSchema {
  const header = (name: string, description: string) => ({
    name,
    in: 'header',
    required: true,
    description,
    schema: { type: 'string' },
  });
  return {
    post: {
      tags: ['Webhooks'],
      operationId: `on ${type}`.replaceAll(/[ .](\w)/g, (_match, letter: string) => letter.toUpperCase()),
      summary: `The event ${type}, sent to every webhook that wants it`,
      description:
        'Signed as Standard Webhooks (https://www.standardwebhooks.com) has it; in order, at least once.',
      security: [],
      parameters: [
        header('webhook-id', 'The id of the event: the same for each try'),
        header('webhook-timestamp', 'Seconds since the Unix epoch, of this try'),
        header('webhook-signature', '`v1,` and the signature in base64'),
      ],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schemas.ofOutput(eventSchema(type)) } },
      },
      responses: {
        '2XX': { description: 'Delivered' },
        '4XX': {
          description:
            'Tried again for three days; 400, 409, 413, 415 and 422 six times and for six hours; 410 switches the webhook off',
        },
      },
    },
  };
}
