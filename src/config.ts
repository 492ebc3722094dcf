import { isIP } from 'node:net';

import { parse as parseShell } from 'shell-quote';
import { z } from 'zod';

import { eventPatterns, webhookSecret, webhookUrl } from './webhooks/schema.ts';

/** A secret that does not show itself in logs, JSON or error messages. Read it with `reveal()`. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  reveal(): string {
    return this.#value;
  }
  toJSON(): string {
    return '[secret]';
  }
  toString(): string {
    return '[secret]';
  }
}

export interface Config {
  readonly port: number;
  readonly host: string;
  /** As configured; resolved against the working directory by the session folder. */
  readonly sessionPath: string;
  readonly clientId: string;
  readonly autoConnect: boolean;
  /** Undefined: found by itself. */
  readonly browserPath: string | undefined;
  readonly chromiumArgs: readonly string[];
  /** Undefined: everybody who reaches the port may do everything. */
  readonly apiKey: Secret | undefined;
  readonly corsOrigins: readonly string[];
  /** Express's `trust proxy`: false, a hop count, or a list of addresses. */
  readonly trustProxy: boolean | number | string;
  readonly logLevel: LogLevel;
  /** Holds the outbox, the journal and media; as configured. */
  readonly dataPath: string;
  /** 0: no pacing. */
  readonly sendRatePerMinute: number;
  /** Whether a chat is shown as being typed in before a message to it goes out. */
  readonly sendTyping: boolean;
  /** Messages that may wait to be sent. */
  readonly queueLimit: number;
  /** The largest file that is taken, in bytes. */
  readonly mediaMaxBytes: number;
  /** Private addresses that media may be fetched from all the same: host names, addresses or CIDR ranges. */
  readonly mediaUrlAllow: readonly string[];
  /** How long events and finished messages are kept, in days. */
  readonly retentionDays: number;
  /** The webhook of the environment; null when there is none. */
  readonly webhook: {
    readonly url: string;
    readonly secret: Secret;
    readonly events: readonly string[];
  } | null;
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A `.env` line `NAME=` means "not set", as it does for compose and for shells' `${NAME:-}`. */
const text = (schema: z.ZodType<string>) => schema.optional();

const port = z
  .string()
  .regex(/^\d{1,5}$/, 'expected a port number from 0 to 65535')
  .transform(Number)
  .refine((value) => value <= 65_535, 'expected a port number from 0 to 65535');

/** A shell would make a home folder of `~`; from a file `.env` it would become a folder of that name, which nobody wants. */
const folder = z
  .string()
  .refine((value) => !value.includes('\0'), 'expected a folder path')
  .refine((value) => !value.startsWith('~'), 'expected a folder path without ~; write the home folder out');

const chromiumArgs = z.string().transform((value, context) => {
  const flags = flagsOf(value);
  if (flags !== null) return flags;
  context.addIssue({
    code: 'custom',
    message:
      'expected Chromium flags that start with --, split as a shell would; quote what has spaces or shell characters in it',
  });
  return z.NEVER;
});

/** @returns null when something is no flag, or nothing that a shell could split */
function flagsOf(line: string): string[] | null {
  let words: ReturnType<typeof parseShell>;
  try {
    words = parseShell(line, (name) => `$${name}`);
  } catch {
    return null;
  }
  const flags: string[] = [];
  for (const word of words) {
    const flag = typeof word === 'string' ? word : 'pattern' in word ? word.pattern : null;
    if (flag?.startsWith('--') !== true) return null;
    flags.push(flag);
  }
  return flags;
}

const origins = z.string().transform((value, context) => {
  const list = value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  for (const origin of list) {
    if (!isOrigin(origin)) {
      context.addIssue({
        code: 'custom',
        message: `expected comma-separated origins such as https://example.org (scheme, host, optional port, nothing after it)`,
      });
      return z.NEVER;
    }
  }
  return list;
});

const trustProxy = z.string().transform((value, context): boolean | number | string => {
  if (/^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  if (/^\d{1,2}$/.test(value)) return Number(value);
  if (value.split(',').every((part) => isProxy(part.trim()))) return value;
  context.addIssue({
    code: 'custom',
    message: 'expected true, false, the number of proxies, or addresses such as 192.168.1.5 or loopback',
  });
  return z.NEVER;
});

const host = z.string().refine(
  // What consists of digits and dots alone is meant to be an address.
  (value) => isIP(value) !== 0 || (!/^[\d.]+$/.test(value) && isHostName(value)),
  'expected an IP address of this machine, such as 0.0.0.0 (all) or 127.0.0.1, or its name',
);

const count = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, `expected a number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `expected a number from ${least} to ${most}`);

const list = z.string().transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/** Every environment variable that the gateway reads. `.env.example` and the README are held against it by tests. */
export const environmentSchema = z.object({
  PORT: port.default(3000),
  HOST: host.default('0.0.0.0'),
  WHATSAPP_SESSION_PATH: folder.default('.wwebjs_auth'),
  WHATSAPP_CLIENT_ID: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected 1 to 64 letters, digits, _ or -')
    .default('whatsapp-client'),
  WHATSAPP_AUTO_CONNECT: z.stringbool({ error: 'expected true or false' }).default(true),
  PUPPETEER_EXECUTABLE_PATH: text(z.string()),
  CHROMIUM_ARGS: chromiumArgs.default([]),
  API_KEY: text(
    z
      .string()
      .min(16, 'expected at least 16 characters; make one with: openssl rand -hex 24')
      .regex(
        /^[\x21-\x7e]+$/,
        'expected printable ASCII without spaces, because it travels in an HTTP header',
      ),
  ),
  CORS_ORIGINS: origins.default([]),
  TRUST_PROXY: trustProxy.default(false),
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `expected one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  DATA_PATH: folder.default('./data'),
  SEND_RATE_PER_MINUTE: count(0, 6_000).default(60),
  SEND_TYPING: z.stringbool({ error: 'expected true or false' }).default(false),
  QUEUE_LIMIT: count(1, 1_000_000).default(10_000),
  MEDIA_MAX_BYTES: count(1_024, 2_147_483_647).default(67_108_864),
  MEDIA_URL_ALLOW: list
    .pipe(
      z.array(
        z
          .string()
          .toLowerCase()
          .refine(
            (entry) => isHostName(entry) || isRange(entry, 0),
            'expected host names, addresses or ranges such as 192.168.1.0/24, without scheme and port',
          ),
      ),
    )
    .default([]),
  RETENTION_DAYS: count(2, 3_650).default(30),
  WEBHOOK_URL: webhookUrl.optional(),
  WEBHOOK_SECRET: webhookSecret.optional(),
  WEBHOOK_EVENTS: list.pipe(eventPatterns).default([]),
});

/** Variables that make sense together only. */
const environmentRules = environmentSchema.superRefine((env, context) => {
  if (env.WEBHOOK_URL !== undefined && env.WEBHOOK_SECRET === undefined) {
    context.addIssue({
      code: 'custom',
      path: ['WEBHOOK_SECRET'],
      message: 'expected together with WEBHOOK_URL; make one with: echo "whsec_$(openssl rand -base64 32)"',
    });
  }
});

export interface ConfigProblem {
  /** The environment variable, or the file that they come from. */
  readonly name: string;
  /** What was expected. */
  readonly message: string;
}

/** Names every bad variable at once. It never repeats a value: one of them may be a key. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ name, message }) => `${name}: ${message}`).join('\n'));
    this.problems = problems;
  }
}

/**
 * Reads the configuration from environment variables. An empty value counts as not set.
 * @param before what is wrong already with where they come from
 * @throws ConfigError with every problem
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  before: readonly ConfigProblem[] = [],
): Config {
  const given: Record<string, string> = {};
  for (const name of Object.keys(environmentSchema.shape)) {
    const value = environment[name]?.trim();
    if (value !== undefined && value !== '') given[name] = value;
  }
  const parsed = environmentRules.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => ({ name: String(path[0]), message }));
    throw new ConfigError([...before, ...problems]);
  }
  if (before.length > 0) throw new ConfigError(before);
  const env = parsed.data;
  return Object.freeze({
    port: env.PORT,
    host: env.HOST,
    sessionPath: env.WHATSAPP_SESSION_PATH,
    clientId: env.WHATSAPP_CLIENT_ID,
    autoConnect: env.WHATSAPP_AUTO_CONNECT,
    browserPath: env.PUPPETEER_EXECUTABLE_PATH,
    chromiumArgs: Object.freeze(env.CHROMIUM_ARGS),
    apiKey: env.API_KEY === undefined ? undefined : new Secret(env.API_KEY),
    corsOrigins: Object.freeze(env.CORS_ORIGINS),
    trustProxy: env.TRUST_PROXY,
    logLevel: env.LOG_LEVEL,
    dataPath: env.DATA_PATH,
    sendRatePerMinute: env.SEND_RATE_PER_MINUTE,
    sendTyping: env.SEND_TYPING,
    queueLimit: env.QUEUE_LIMIT,
    mediaMaxBytes: env.MEDIA_MAX_BYTES,
    mediaUrlAllow: Object.freeze(env.MEDIA_URL_ALLOW),
    retentionDays: env.RETENTION_DAYS,
    webhook:
      env.WEBHOOK_URL === undefined || env.WEBHOOK_SECRET === undefined
        ? null
        : {
            url: env.WEBHOOK_URL,
            secret: new Secret(env.WEBHOOK_SECRET),
            events: Object.freeze(env.WEBHOOK_EVENTS),
          },
  });
}

/**
 * What Express's `trust proxy` takes: a name of a range, or an address with or without a prefix length.
 * It refuses some IPv6 addresses that end in an IPv4 one; all of those are refused here, and nobody's proxy has one.
 */
function isProxy(part: string): boolean {
  return /^(loopback|linklocal|uniquelocal)$/.test(part) || isRange(part, 1);
}

function isHostName(text: string): boolean {
  return /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i.test(text);
}

/** An address, alone or with the length of a prefix, which is at least `shortest`. */
function isRange(part: string, shortest: number): boolean {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(part) ?? [];
  const family = isIP(address);
  if (family === 0 || (family === 6 && /[.%]/.test(address))) return false;
  return prefix === undefined || (Number(prefix) >= shortest && Number(prefix) <= (family === 4 ? 32 : 128));
}

function isOrigin(value: string): boolean {
  try {
    const url = new URL(value);
    return (url.protocol === 'http:' || url.protocol === 'https:') && url.origin === value;
  } catch {
    return false;
  }
}
