import { readdir } from 'node:fs/promises';

import fc from 'fast-check';
import { z } from 'zod';

/** A schema of the program with the name under which its module exports it. */
export interface NamedSchema {
  readonly name: string;
  readonly schema: z.ZodType;
}

const FOLDERS = ['http', 'messages', 'webhooks'];

/** Every zod schema that a module of the borders exports, alone or in a table; a new one is among them by itself. */
export async function exportedSchemas(): Promise<NamedSchema[]> {
  const found: NamedSchema[] = [];
  for (const folder of FOLDERS) {
    const place = new URL(`../../src/${folder}/`, import.meta.url);
    for (const file of await readdir(place)) {
      if (!file.endsWith('.ts')) continue;
      const module = (await import(new URL(file, place).href)) as Record<string, unknown>;
      for (const [name, value] of Object.entries(module)) found.push(...schemasIn(name, value));
    }
  }
  return found;
}

function schemasIn(name: string, value: unknown): NamedSchema[] {
  if (value instanceof z.ZodType) return [{ name, schema: value }];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    inner instanceof z.ZodType ? [{ name: key, schema: inner }] : [],
  );
}

/** Text that has broken programs before. */
export const word: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '\ud800',
    '👩‍👩‍👧‍👦'.repeat(60),
    'x'.repeat(70_000),
    '__proto__',
    'constructor',
    'toString',
    '../../etc/passwd',
    '..\\..\\boot.ini',
    '%2e%2e%2f',
    "'; DROP TABLE outbox; --",
    '+49 151 23456789',
    '120363000000000001@g.us',
    '15550002222@c.us',
    'status@broadcast',
    'true_15550002222@c.us_3EB0123456',
    'msg_01',
    'http://127.0.0.1:1/',
    'http://[::]/',
    'file:///etc/passwd',
    '2026-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '0000-00-00T00:00:00Z',
    '-1',
    '9007199254740993',
    '1e999',
  ),
);

/** Values that belong nowhere. */
export const garbage: fc.Arbitrary<unknown> = fc.oneof(
  word,
  fc.jsonValue({ maxDepth: 4 }),
  fc.double(),
  fc.constantFrom<unknown>(null, true, false, 0, -0, -1, 1e308, 2 ** 53, [], {}, [[[[[[]]]]]], {
    a: { a: {} },
  }),
  fc
    .constantFrom('{"__proto__":{"x":1}}', '{"constructor":{"prototype":{}}}')
    .map((text): unknown => JSON.parse(text)),
);

interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly examples?: readonly unknown[];
}

/** Bodies that are right or nearly right for a schema: each value is now and then replaced by garbage. */
export function nearlyRight(schema: z.ZodType): fc.Arbitrary<unknown> {
  const described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  return of(described, '');
}

/** What the fields of this program take; a schema says little more than "text". */
const RIGHT: Readonly<Record<string, readonly unknown[]>> = {
  to: ['+49 151 23456789', '120363000000000001@g.us'],
  phone: ['+49 151 23456789'],
  phoneNumber: ['+49 151 23456789'],
  url: ['https://example.org/hook', 'http://127.0.0.1:1/x'],
  data: ['AAAA'],
  mimetype: ['image/png', 'audio/ogg; codecs=opus'],
  filename: ['a.png'],
  events: [['message'], ['group.*']],
  mentions: [['+49 151 23456789']],
  quotedMessageId: ['true_4915123456789@c.us_3EB0F7A1B2C3D4E5F60718'],
  ttl: [60],
  options: [['a', 'b']],
  notBefore: ['2026-01-01T00:00:00Z', '9999-12-31T23:59:59Z'],
  muted: [true, '2026-01-01T00:00:00Z'],
  vcard: ['BEGIN:VCARD\nFN:x\nEND:VCARD'],
};

function of(schema: JsonSchema, name: string): fc.Arbitrary<unknown> {
  const right = rightFor(schema, name);
  return fc.oneof({ weight: 9, arbitrary: right }, { weight: 1, arbitrary: garbage });
}

function rightFor(schema: JsonSchema, name: string): fc.Arbitrary<unknown> {
  const known = RIGHT[name];
  if (known !== undefined && schema.const === undefined) return fc.constantFrom(...known);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => rightFor(choice, name)));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'object':
      return objectOf(schema);
    case 'array':
      return fc.array(of(schema.items ?? {}, ''), { minLength: schema.minItems ?? 0, maxLength: 15 });
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.constantFrom(schema.minimum ?? 1, schema.maximum ?? 1, 1, 0, -1, 1.5);
    default:
      return word;
  }
}

function objectOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  const fields = Object.entries(schema.properties ?? {}).map(
    ([name, inner]) => [name, of(inner, name)] as const,
  );
  const required = (schema.required ?? []).filter((name) => fields.some(([known]) => known === name));
  const right = fc.record(Object.fromEntries(fields), { requiredKeys: required });
  const odd = fc.tuple(right, fc.constantFrom('__proto__', 'constructor', 'x', ''), garbage);
  return fc.oneof(
    { weight: 9, arbitrary: right },
    {
      weight: 1,
      arbitrary: odd.map(([value, key, extra]): unknown =>
        // As JSON.parse makes it: an own property, whatever its name.
        Object.defineProperty({ ...value }, key, { value: extra, enumerable: true, configurable: true }),
      ),
    },
  );
}
