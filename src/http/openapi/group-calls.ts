import { z } from 'zod';

import { groupBodies, groupsQuery } from '../groups.ts';
import { groupSchema, groupSummarySchema, outcomesSchema, success } from './answers.ts';
import { PAGE_ERRORS, STORAGE_ERRORS, type Example, type Operation } from './operation.ts';

const id = { description: 'The id of a group', example: '120363000000000001@g.us' };
const ERRORS = ['invalid_recipient', 'not_found', ...PAGE_ERRORS] as const;
/** Calls that name people look their numbers up. */
const PEOPLE = [...ERRORS, 'unknown_number', ...STORAGE_ERRORS] as const;
const participants = ['15550002222@c.us'];
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

interface OfGroup {
  readonly method?: Operation['method'];
  readonly path?: string;
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly body?: z.ZodType;
  /** What the answer has besides the id of the group. */
  readonly answer?: z.core.$ZodLooseShape;
  readonly errors?: Operation['errors'];
  readonly example?: Omit<Example, 'summary'>;
}

/** A call on one group. */
function ofGroup({
  method = 'post',
  path = '',
  answer = {},
  example = {},
  errors = ERRORS,
  ...rest
}: OfGroup) {
  return {
    method,
    path: `/api/groups/{id}${path}`,
    tag: 'Groups',
    params: { id },
    answers: [{ status: 200, description: 'Done', schema: success({ groupId: z.string(), ...answer }) }],
    errors,
    examples: [{ summary: 'One', ...example }],
    ...rest,
  } as const satisfies Operation;
}

const invitation = { code: z.string(), link: z.string() };

function members(change: 'remove' | 'promote' | 'demote', summary: string): Operation {
  return ofGroup({
    path: `/participants/${change}`,
    id: `${change}Participants`,
    summary,
    body: groupBodies.members,
    answer: { participants: outcomesSchema },
    errors: PEOPLE,
    example: { body: { participants } },
  });
}

/** `/api/groups`. */
export const groupCalls: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/groups',
    tag: 'Groups',
    id: 'listGroups',
    summary: 'The groups, by subject',
    query: groupsQuery,
    answers: [
      {
        status: 200,
        description: 'A page of them',
        schema: success({ groups: z.array(groupSummarySchema), nextCursor: z.string().nullable() }),
      },
    ],
    errors: ERRORS,
    examples: [{ summary: 'By subject', query: { search: 'family' } }],
  },
  {
    method: 'post',
    path: '/api/groups',
    tag: 'Groups',
    id: 'createGroup',
    summary: 'Makes a group',
    body: groupBodies.create,
    answers: [
      {
        status: 201,
        description: 'It is there; what became of each person',
        schema: success({ groupId: z.string(), participants: outcomesSchema }),
        headers: { Location: 'Where the group is' },
      },
    ],
    errors: PEOPLE,
    examples: [{ summary: 'With one person', body: { subject: 'Lunch', participants } }],
  },
  {
    method: 'post',
    path: '/api/groups/join',
    tag: 'Groups',
    id: 'joinGroup',
    summary: 'Joins a group by an invitation',
    body: groupBodies.join,
    answers: [{ status: 200, description: 'Done', schema: success({ groupId: z.string() }) }],
    errors: ERRORS,
    examples: [
      { summary: 'By its link', body: { code: 'https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv' } },
    ],
  },
  {
    ...ofGroup({ method: 'get', id: 'getGroup', summary: 'A group, with settings and participants' }),
    answers: [{ status: 200, description: 'The group', schema: success({ group: groupSchema }) }],
  },
  ofGroup({
    path: '/participants',
    id: 'addParticipants',
    summary: 'Adds people',
    description: 'Who lets nobody add them is sent an invitation when `invite` is true.',
    body: groupBodies.add,
    answer: { participants: outcomesSchema },
    errors: PEOPLE,
    example: { body: { participants, invite: true } },
  }),
  members('remove', 'Removes people'),
  members('promote', 'Makes people admins'),
  members('demote', 'Makes people admins no more'),
  ofGroup({
    path: '/subject',
    id: 'setGroupSubject',
    summary: 'Changes the subject',
    body: groupBodies.subject,
    example: { body: { subject: 'Lunch at noon' } },
  }),
  ofGroup({
    path: '/description',
    id: 'setGroupDescription',
    summary: 'Changes the description',
    description: 'An empty one takes it away.',
    body: groupBodies.description,
    example: { body: { description: 'Every Friday' } },
  }),
  ofGroup({
    path: '/settings',
    id: 'setGroupSettings',
    summary: 'Changes who may do what',
    body: groupBodies.settings,
    example: { body: { messagesAdminsOnly: true } },
  }),
  ofGroup({ path: '/leave', id: 'leaveGroup', summary: 'Leaves the group' }),
  ofGroup({
    method: 'get',
    path: '/picture',
    id: 'getGroupPicture',
    summary: 'The address of the picture',
    answer: { url: z.string().nullable() },
  }),
  ofGroup({
    path: '/picture',
    id: 'setGroupPicture',
    summary: 'Changes the picture',
    description: 'An image of up to 5 MiB; WhatsApp keeps the middle of it.',
    body: groupBodies.picture,
    errors: [...ERRORS, 'media_refused', 'too_busy', ...STORAGE_ERRORS],
    example: { body: { media: { mimetype: 'image/png', data: PNG } } },
  }),
  ofGroup({
    method: 'delete',
    path: '/picture',
    id: 'removeGroupPicture',
    summary: 'Takes the picture away',
  }),
  ofGroup({
    method: 'get',
    path: '/invite',
    id: 'getGroupInvitation',
    summary: 'The invitation',
    answer: invitation,
  }),
  ofGroup({
    method: 'delete',
    path: '/invite',
    id: 'revokeGroupInvitation',
    summary: 'Ends the invitation; answers with the new one',
    answer: invitation,
  }),
];
