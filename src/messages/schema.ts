import { z } from 'zod';

/** Limits of WhatsApp itself where it is known to have one, otherwise what a sane message stays below. */
export const LIMITS = {
  textLength: 65_536,
  captionLength: 4_096,
  mentions: 256,
  contacts: 20,
  vcardLength: 16_384,
  pollNameLength: 255,
  pollOptionLength: 100,
  pollOptions: 12,
  filenameLength: 240,
  /** Ten years: further away is a mistake of units. */
  ttlSeconds: 315_360_000,
} as const;

const recipient = z
  .string()
  .min(1)
  .max(64)
  .meta({
    description:
      'A phone number with its country code, as people write it, or a chat id (…@c.us, …@g.us, …@lid, …@newsletter)',
    examples: ['+7 (912) 345-67-89', '120363025246125486@g.us'],
  });

const messageId = z
  .string()
  .min(5)
  .max(256)
  .regex(/^[\x21-\x7e]+$/, 'expected a message id such as true_79123456789@c.us_3EB0… or msg_…');

const mimetype = z
  .string()
  .max(127)
  .regex(
    /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*(\s*;.*)?$/i,
    'expected a media type such as image/jpeg',
  );

/** A name, never a path: separators and control characters are refused rather than repaired. */
const filename = z
  .string()
  .min(1)
  .max(LIMITS.filenameLength)
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  .regex(/^[^/\\\u0000-\u001f\u007f]+$/, 'expected a file name without folders')
  .refine((name) => name !== '.' && name !== '..', 'expected a file name without folders');

/** The content of a file that is in the gateway's own media folder. */
export const storedMediaSchema = z.strictObject(
  {
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    size: z.int().nonnegative(),
    mimetype,
    filename: filename.nullable(),
  },
  { error: 'expected the file in the part media of the form' },
);
export type StoredMedia = z.infer<typeof storedMediaSchema>;

/** Media as a caller gives it inside JSON. An upload (multipart) is stored before it comes here. */
export const givenMediaSchema = z.union(
  [
    z.strictObject({
      url: z.url({ protocol: /^https?$/ }).max(2_048),
      mimetype: mimetype.optional(),
      filename: filename.optional(),
    }),
    z.strictObject({
      data: z
        .base64({ error: 'expected base64 in one line, without a data: prefix' })
        .min(1)
        .meta({ description: 'The file in base64, without a data: prefix' }),
      mimetype,
      filename: filename.optional(),
    }),
  ],
  { error: 'expected {"url": "https://…"}, or {"data": "<the file in base64>", "mimetype": "image/jpeg"}' },
);
export type GivenMedia = z.infer<typeof givenMediaSchema>;

const scheduling = {
  ttl: z.int().min(1).max(LIMITS.ttlSeconds).optional().meta({
    description: 'Seconds after which an unsent message expires, counted from notBefore or from acceptance',
  }),
  notBefore: z.iso
    .datetime({ offset: true, error: 'expected a time such as 2030-01-31T12:00:00Z' })
    .optional()
    .meta({ description: 'The message waits until then' }),
};
const quoting = {
  quotedMessageId: messageId.optional().meta({
    description: "WhatsApp's id of the message that is answered, or the id that the outbox gave it",
  }),
};
const mentioning = { mentions: z.array(recipient).max(LIMITS.mentions).optional() };
const caption = z.string().max(LIMITS.captionLength).optional();
const viewOnce = z.boolean().optional();

/** Everything but `to`, of every type; `media` is what the place allows: given, or stored. */
function contents<M extends z.ZodType>(media: M) {
  const common = { ...quoting, ...scheduling };
  return {
    text: {
      type: z.literal('text'),
      text: z.string().min(1).max(LIMITS.textLength),
      linkPreview: z.boolean().optional(),
      ...mentioning,
      ...common,
    },
    image: { type: z.literal('image'), media, caption, viewOnce, ...mentioning, ...common },
    video: { type: z.literal('video'), media, caption, viewOnce, ...mentioning, ...common },
    audio: { type: z.literal('audio'), media, ...common },
    voice: { type: z.literal('voice'), media, viewOnce, ...common },
    document: { type: z.literal('document'), media, caption, ...mentioning, ...common },
    sticker: { type: z.literal('sticker'), media, ...common },
    location: {
      type: z.literal('location'),
      latitude: z.number().min(-90).max(90),
      longitude: z.number().min(-180).max(180),
      name: z.string().min(1).max(255).optional(),
      address: z.string().min(1).max(512).optional(),
      ...common,
    },
    contact: {
      type: z.literal('contact'),
      contacts: z
        .array(
          z.union(
            [
              z.strictObject({ name: z.string().min(1).max(255), phone: recipient }),
              z.strictObject({
                vcard: z
                  .string()
                  .max(LIMITS.vcardLength)
                  .regex(/^BEGIN:VCARD\r?\n[\s\S]*\r?\nEND:VCARD\s*$/, 'expected a vCard'),
              }),
            ],
            { error: 'expected {"name": "…", "phone": "+7 912 345-67-89"}, or {"vcard": "BEGIN:VCARD…"}' },
          ),
        )
        .min(1)
        .max(LIMITS.contacts),
      ...common,
    },
    poll: {
      type: z.literal('poll'),
      name: z.string().min(1).max(LIMITS.pollNameLength),
      options: z
        .array(z.string().min(1).max(LIMITS.pollOptionLength))
        .min(2)
        .max(LIMITS.pollOptions)
        .refine((options) => new Set(options).size === options.length, 'expected options that differ'),
      multiple: z.boolean().optional(),
      ...common,
    },
  } as const;
}

function union<M extends z.ZodType, E extends z.core.$ZodLooseShape>(media: M, extra: E) {
  const shapes = contents(media);
  return z.discriminatedUnion('type', [
    z.strictObject({ ...extra, ...shapes.text }),
    z.strictObject({ ...extra, ...shapes.image }),
    z.strictObject({ ...extra, ...shapes.video }),
    z.strictObject({ ...extra, ...shapes.audio }),
    z.strictObject({ ...extra, ...shapes.voice }),
    z.strictObject({ ...extra, ...shapes.document }),
    z.strictObject({ ...extra, ...shapes.sticker }),
    z.strictObject({ ...extra, ...shapes.location }),
    z.strictObject({ ...extra, ...shapes.contact }),
    z.strictObject({ ...extra, ...shapes.poll }),
  ]);
}

/** The body of `POST /api/messages`. */
export const sendRequestSchema = union(givenMediaSchema, { to: recipient });
export type SendRequest = z.infer<typeof sendRequestSchema>;

/** A request whose media is in the media folder: what the outbox accepts and stores. */
export const outgoingSchema = union(storedMediaSchema, { to: recipient });
export type Outgoing = z.infer<typeof outgoingSchema>;

export type MessageType = Outgoing['type'];

/** The types that carry a file. */
export const MEDIA_TYPES = ['image', 'video', 'audio', 'voice', 'document', 'sticker'] as const;

/** The file that a message carries, or null. */
export function mediaOf(message: Outgoing): StoredMedia | null {
  return 'media' in message ? message.media : null;
}
