import type { z } from 'zod';

import type { ErrorCode } from '../../errors.ts';

export type Tag =
  'WhatsApp' | 'Messages' | 'Events' | 'Webhooks' | 'Chats' | 'Contacts' | 'Groups' | 'Gateway';

/** Of every call that needs the disk. */
export const STORAGE_ERRORS = [
  'storage_full',
  'storage_unavailable',
  'storage_in_use',
  'storage_newer',
] as const satisfies readonly ErrorCode[];

/** Of every call that asks WhatsApp Web. */
export const PAGE_ERRORS = [
  'not_connected',
  'unprocessable',
  'timeout',
  'page_crashed',
] as const satisfies readonly ErrorCode[];

/** One request that can be made as it stands, in a place where what it names exists. */
export interface Example {
  /** For people. */
  readonly summary: string;
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** A form that can be sent as it stands, with any small image in its part `media`. */
export interface FormExample {
  readonly summary: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** What a call is answered with when it went well. */
export interface Answer {
  readonly status: 200 | 201 | 202 | 206 | 302 | 503;
  readonly description: string;
  /** Left out: no body, or one that is not JSON. */
  readonly schema?: z.ZodType;
  /** Content types other than JSON. */
  readonly types?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** One method of one path: what the description of the API, its examples and its tests are made of. */
export interface Operation {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** As OpenAPI has it, with `{names}`. */
  readonly path: string;
  readonly tag: Tag;
  /** Unique; generated clients make a function's name of it. */
  readonly id: string;
  /** A sentence without a full stop. */
  readonly summary: string;
  readonly description?: string;
  /** Who may: with the key; everybody; or everybody, who then sees less. */
  readonly access?: 'open' | 'redacted';
  /** What each name in the path means, with an example. */
  readonly params?: Readonly<Record<string, { readonly description: string; readonly example: string }>>;
  /** The schema that validates the query. */
  readonly query?: z.ZodObject;
  /** Request headers besides the key. */
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly example: string }>>;
  /** The schema that validates the body. */
  readonly body?: z.ZodType;
  /** A form with a file, beside JSON. */
  readonly form?: { readonly description: string; readonly examples: readonly FormExample[] };
  readonly answers: readonly Answer[];
  /** Codes of the errors that this call has beside those that its form brings along (`document.ts`). */
  readonly errors?: readonly ErrorCode[];
  readonly examples: readonly [Example, ...Example[]];
}
