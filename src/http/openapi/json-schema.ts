import { z } from 'zod';

/** A schema of JSON Schema 2020-12, which is that of OpenAPI 3.1. */
export type JsonSchema = Record<string, unknown>;

/**
 * Turns the program's schemas into those of the description. What has an `id` (`meta`) becomes a component that is
 * referred to; everything else stands where it is used.
 */
export class JsonSchemas {
  readonly #components: Record<string, JsonSchema> = {};

  /** Everything with an id that has been met so far, by its id. */
  get components(): Readonly<Record<string, JsonSchema>> {
    return this.#components;
  }

  /** What a caller may send: texts that become numbers are still texts. */
  ofInput(schema: z.ZodType): JsonSchema {
    return this.#convert(schema, 'input');
  }

  /** What the gateway answers. Clients are to put up with fields that come later. */
  ofOutput(schema: z.ZodType): JsonSchema {
    return this.#convert(schema, 'output');
  }

  #convert(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const { $defs, ...converted } = z.toJSONSchema(schema, {
      io,
      target: 'draft-2020-12',
      unrepresentable: 'any',
      override: ({ jsonSchema }) => {
        // The pattern is that of the text; told is the number.
        if (jsonSchema.type === 'integer') delete jsonSchema.pattern;
        if (io === 'output' && jsonSchema.additionalProperties === false)
          delete jsonSchema.additionalProperties;
        // A person reads which of several forms is meant.
        const type = jsonSchema.properties?.['type'];
        if (typeof type === 'object' && typeof type.const === 'string' && jsonSchema.id === undefined) {
          jsonSchema.title ??= type.const;
        }
      },
    }) as JsonSchema & { $defs?: Record<string, JsonSchema> };
    delete converted['$schema'];
    for (const [id, component] of Object.entries($defs ?? {})) {
      this.#components[id] ??= pointed(component) as JsonSchema;
    }
    const { id, ...rest } = converted;
    if (typeof id !== 'string') return pointed(rest) as JsonSchema;
    this.#components[id] ??= pointed(rest) as JsonSchema;
    return { $ref: `#/components/schemas/${id}` };
  }
}

/** The same with references as OpenAPI has them, and without what only zod wants. */
function pointed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pointed);
  if (typeof value !== 'object' || value === null) return value;
  const result: JsonSchema = {};
  for (const [key, inner] of Object.entries(value)) {
    if (key === '$ref' && typeof inner === 'string')
      result[key] = inner.replace('#/$defs/', '#/components/schemas/');
    else if (key !== 'id' || typeof inner !== 'string') result[key] = pointed(inner);
  }
  return result;
}
