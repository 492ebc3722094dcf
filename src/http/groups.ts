import type { IRouter, Request, RequestHandler } from 'express';
import { z } from 'zod';

import type { KeyCheck } from '../border/api-key.ts';
import { validate } from '../border/validate.ts';
import { GatewayError } from '../errors.ts';
import type { MediaIntake } from '../media/intake.ts';
import { parseAddress } from '../messages/address.ts';
import type { Group, Groups, ParticipantOutcome, Picture } from '../messages/groups.ts';
import type { NumberBook } from '../messages/numbers.ts';
import { givenMediaSchema, type GivenMedia } from '../messages/schema.ts';
import { sendJson } from './answer.ts';
import { requireKey } from './auth.ts';
import { jsonBody } from './json-body.ts';
import { cursorOf, cursorText, nameQuery } from './listing.ts';
import { person, personId, unknownNumber } from './people.ts';
import { route } from './route.ts';
import { isoOrNull } from './time.ts';

export interface GroupRoutesOptions {
  readonly groups: Groups;
  readonly messages: { readonly numbers: NumberBook; readonly intake: MediaIntake };
}

/** WhatsApp makes 640 × 640 of it. Base64 needs four characters for three bytes. */
const PICTURE_LIMIT = 5 * 1024 * 1024;
const PICTURE_BODY_LIMIT = 7 * 1024 * 1024;
/** What WhatsApp Web's browser can draw. */
const PICTURE_TYPE = /^image\/(jpeg|png|webp|gif)$/i;

const INVITATION = /^(?:https:\/\/chat\.whatsapp\.com\/(?:invite\/)?)?([\w-]{10,64})(?:\?[\x21-\x7e]*)?$/;

const subject = z.string().trim().min(1).max(100);
const participants = z.array(person).min(1).max(100);
/** Whether those who let nobody add them are sent an invitation in a message. */
const invite = z.boolean().optional();

export const groupsQuery = nameQuery;

export const groupBodies = {
  create: z.strictObject({ subject, participants, invite }),
  join: z.strictObject({
    code: z
      .string()
      .max(300)
      .regex(INVITATION, 'expected an invitation such as https://chat.whatsapp.com/… or its code'),
  }),
  add: z.strictObject({ participants, invite }),
  /** Who is removed, made an admin, or made one no more. */
  members: z.strictObject({ participants }),
  subject: z.strictObject({ subject }),
  /** Empty takes it away. */
  description: z.strictObject({ description: z.string().max(2_048) }),
  settings: z
    .strictObject({
      messagesAdminsOnly: z.boolean().optional(),
      infoAdminsOnly: z.boolean().optional(),
      addMembersAdminsOnly: z.boolean().optional(),
    })
    .refine((given) => Object.keys(given).length > 0, 'expected at least one setting'),
  picture: z.strictObject({ media: givenMediaSchema }),
} as const;

/** A picture is larger than what other calls may send. To be mounted before whatever parses smaller bodies. */
export function groupPictureBody(router: IRouter, checkKey: KeyCheck, largeBodies: RequestHandler): void {
  const body = jsonBody(PICTURE_BODY_LIMIT, largeBodies);
  router.use('/api/groups/:id/picture', requireKey(checkKey), body);
}

/** `/api/groups`. The key is asked for by whoever mounts it. */
export function groupRoutes(router: IRouter, options: GroupRoutesOptions): void {
  const { groups } = options;
  route(router, '/api/groups', {
    get: async (request, response) => {
      const { search = '', limit = 50, cursor } = validate(groupsQuery, request.query);
      const page = await groups.list({ search, limit, after: cursorOf(cursor) });
      sendJson(response, 200, { success: true, groups: page.groups, nextCursor: cursorText(page.next) });
    },
    post: async (request, response) => {
      const given = validate(groupBodies.create, request.body);
      const people = await resolved(given.participants, options);
      if (people.ids.length === 0) throw unknownNumber('WhatsApp knows none of these phone numbers');
      const created = await groups.create(given.subject, people.ids, given.invite === true);
      const { groupId } = created;
      response.setHeader('Location', `/api/groups/${groupId}`);
      sendJson(response, 201, { success: true, groupId, participants: people.view(created.participants) });
    },
  });
  route(router, '/api/groups/join', {
    post: async (request, response) => {
      const { code } = validate(groupBodies.join, request.body);
      const groupId = await groups.join(INVITATION.exec(code)?.[1] ?? code);
      sendJson(response, 200, { success: true, groupId });
    },
  });
  route(router, '/api/groups/:id', {
    get: async (request, response) => {
      sendJson(response, 200, { success: true, group: view(await groups.get(groupIdOf(request))) });
    },
  });
  memberRoutes(router, options);
  settingRoutes(router, options);

  route(router, '/api/groups/:id/invite', {
    get: async (request, response) => {
      const groupId = groupIdOf(request);
      sendJson(response, 200, { success: true, groupId, ...invitation(await groups.inviteCode(groupId)) });
    },
    delete: async (request, response) => {
      const groupId = groupIdOf(request);
      sendJson(response, 200, { success: true, groupId, ...invitation(await groups.revokeInvite(groupId)) });
    },
  });
}

function memberRoutes(router: IRouter, options: GroupRoutesOptions): void {
  const { groups } = options;
  route(router, '/api/groups/:id/participants', {
    post: async (request, response) => {
      const groupId = groupIdOf(request);
      const given = validate(groupBodies.add, request.body);
      const people = await resolved(given.participants, options);
      const outcomes = await groups.add(groupId, people.ids, given.invite === true);
      sendJson(response, 200, { success: true, groupId, participants: people.view(outcomes) });
    },
  });
  for (const change of ['remove', 'promote', 'demote'] as const) {
    route(router, `/api/groups/:id/participants/${change}`, {
      post: async (request, response) => {
        const groupId = groupIdOf(request);
        const given = validate(groupBodies.members, request.body);
        const people = await resolved(given.participants, options);
        const outcomes = await groups.change(groupId, change, people.ids);
        sendJson(response, 200, { success: true, groupId, participants: people.view(outcomes) });
      },
    });
  }
}

function settingRoutes(router: IRouter, { groups, messages }: GroupRoutesOptions): void {
  const perform = (path: string, act: (groupId: string, body: unknown) => Promise<void>) => {
    route(router, `/api/groups/:id/${path}`, {
      post: async (request, response) => {
        const groupId = groupIdOf(request);
        await act(groupId, request.body);
        sendJson(response, 200, { success: true, groupId });
      },
    });
  };
  perform('subject', (id, body) => groups.setSubject(id, validate(groupBodies.subject, body).subject));
  perform('description', (id, body) =>
    groups.setDescription(id, validate(groupBodies.description, body).description),
  );
  perform('settings', (id, body) => {
    const { messagesAdminsOnly, infoAdminsOnly, addMembersAdminsOnly } = validate(groupBodies.settings, body);
    return groups.setSettings(id, {
      ...(messagesAdminsOnly !== undefined && { messagesAdminsOnly }),
      ...(infoAdminsOnly !== undefined && { infoAdminsOnly }),
      ...(addMembersAdminsOnly !== undefined && { addMembersAdminsOnly }),
    });
  });
  perform('leave', (id) => groups.leave(id));
  route(router, '/api/groups/:id/picture', {
    get: async (request, response) => {
      const groupId = groupIdOf(request);
      sendJson(response, 200, { success: true, groupId, url: await groups.pictureUrl(groupId) });
    },
    post: async (request, response) => {
      const groupId = groupIdOf(request);
      const { media } = validate(groupBodies.picture, request.body);
      await groups.setPicture(groupId, await pictureOf(media, messages.intake));
      sendJson(response, 200, { success: true, groupId });
    },
    delete: async (request, response) => {
      const groupId = groupIdOf(request);
      await groups.removePicture(groupId);
      sendJson(response, 200, { success: true, groupId });
    },
  });
}

/** The people of a request, each once for WhatsApp, and each as they were named for the answer. */
async function resolved(named: readonly string[], { messages }: GroupRoutesOptions) {
  const found: { participant: string; chatId: string | null }[] = [];
  // One after the other: WhatsApp takes a burst of questions about numbers for a spammer's.
  for (const participant of named) {
    found.push({ participant, chatId: await personId(participant, messages.numbers) });
  }
  return {
    ids: [...new Set(found.flatMap(({ chatId }) => chatId ?? []))],
    view: (outcomes: readonly ParticipantOutcome[]) =>
      found.map(({ participant, chatId }) => {
        const outcome = outcomes.find((one) => one.chatId === chatId);
        const unknown = { status: 'not_on_whatsapp', code: null };
        const { status, code } = outcome ?? unknown;
        return { participant, chatId, status, code };
      }),
  };
}

async function pictureOf(media: GivenMedia, intake: MediaIntake): Promise<Picture> {
  const picture = await intake.read(media, PICTURE_LIMIT);
  if (PICTURE_TYPE.test(picture.mimetype)) return picture;
  throw new GatewayError({
    code: 'media_refused',
    message: 'media: expected an image (image/jpeg, image/png, image/webp or image/gif)',
  });
}

function groupIdOf(request: Request): string {
  const address = parseAddress(String(request.params['id']));
  if (address.kind === 'chat' && address.server === 'g.us') return address.chatId;
  throw new GatewayError({
    code: 'invalid_recipient',
    message: 'This is not the id of a group',
    action: 'Group ids end in @g.us; GET /api/groups lists them',
  });
}

function invitation(code: string) {
  return { code, link: `https://chat.whatsapp.com/${code}` };
}

function view(group: Group) {
  const { createdAt, ...rest } = group;
  return { ...rest, createdAt: isoOrNull(createdAt) };
}
