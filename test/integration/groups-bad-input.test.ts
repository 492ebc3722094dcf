import { expect, test } from 'vitest';

import { call } from '../support/linked-rig.ts';
import { serveUnlinked } from '../support/serve-unlinked.ts';

const GROUP = '/api/groups/120363000000000001@g.us';
const LID = '200000000002222@lid';
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

test('groups and contacts, bad input, refused with the field that is wrong', async () => {
  const base = await serveUnlinked();
  const many = Array.from({ length: 101 }, () => LID);
  const wrong: [string, string, object | undefined, number, string][] = [
    ['GET', '/api/groups?limit=0', undefined, 400, 'limit'],
    ['GET', '/api/groups?limit=201', undefined, 400, 'limit'],
    ['GET', '/api/groups?cursor=1', undefined, 400, 'cursor'],
    ['GET', '/api/groups?cursor=bm90SlNPTg', undefined, 400, 'cursor'],
    ['GET', '/api/groups?cursor=WzEsMl0', undefined, 400, 'cursor'],
    ['GET', '/api/contacts?cursor=WyJhIl0', undefined, 400, 'cursor'],
    ['GET', '/api/contacts?saved=yes', undefined, 400, 'saved'],
    ['GET', '/api/contacts?search=a&search=b', undefined, 400, 'search'],
    ['GET', '/api/contacts/0151234567', undefined, 422, 'country code'],
    ['GET', '/api/contacts/120363000000000001@g.us', undefined, 422, 'person'],
    ['GET', '/api/contacts/1@c.us/picture', undefined, 422, 'phone number'],
    ['POST', `/api/contacts/${LID}/block`, {}, 400, 'blocked'],
    ['POST', `/api/contacts/${LID}/block`, { blocked: 'yes' }, 400, 'blocked'],
    ['POST', '/api/groups', { subject: '', participants: [LID] }, 400, 'subject'],
    ['POST', '/api/groups', { subject: 'x'.repeat(101), participants: [LID] }, 400, 'subject'],
    ['POST', '/api/groups', { subject: 'x', participants: [] }, 400, 'participants'],
    ['POST', '/api/groups', { subject: 'x', participants: many }, 400, 'participants'],
    ['POST', '/api/groups', { subject: 'x', participants: [LID, 'Bob'] }, 400, 'participants.1'],
    ['POST', '/api/groups', { subject: 'x', participants: ['1203630000000001@g.us'] }, 400, 'participants.0'],
    ['POST', '/api/groups', { subject: 'x', participants: [LID], invite: 1 }, 400, 'invite'],
    ['POST', '/api/groups', { subject: 'x', participants: [LID], color: 'red' }, 400, 'color'],
    ['POST', '/api/groups/join', { code: 'https://example.org/aaaaaaaaaaaaaaaaaaaaaa' }, 400, 'code'],
    ['POST', '/api/groups/join', { code: '../../../../etc/passwd' }, 400, 'code'],
    ['POST', `${GROUP}/participants`, { participants: LID }, 400, 'participants'],
    ['POST', `${GROUP}/participants/promote`, { participants: [LID], invite: true }, 400, 'invite'],
    ['POST', `${GROUP}/subject`, {}, 400, 'subject'],
    ['POST', `${GROUP}/description`, { description: 'x'.repeat(2_049) }, 400, 'description'],
    ['POST', `${GROUP}/settings`, {}, 400, 'setting'],
    ['POST', `${GROUP}/settings`, { infoAdminsOnly: 'true' }, 400, 'infoAdminsOnly'],
    ['POST', `${GROUP}/picture`, {}, 400, 'media'],
    ['POST', `${GROUP}/picture`, { media: { url: 'file:///etc/passwd' } }, 400, 'media'],
    ['POST', `${GROUP}/picture`, { media: { data: PNG, mimetype: 'image/svg+xml' } }, 422, 'media'],
    ['POST', `${GROUP}/picture`, { media: { url: 'http://127.0.0.1:1/a.png' } }, 422, 'media'],
    ['GET', '/api/groups/4915123456789', undefined, 422, 'group'],
    ['POST', `/api/groups/${LID}/leave`, {}, 422, 'group'],
    ['PATCH', GROUP, {}, 405, 'method'],
    ['DELETE', '/api/groups/join', undefined, 405, 'method'],
  ];
  for (const [method, path, body, status, word] of wrong) {
    const answer = await call(base, method, path, body);
    const what = [method, path, JSON.stringify(answer.body)].join(' ');
    expect([what, answer.status, answer.body['success']]).toEqual([what, status, false]);
    expect(answer.body.error?.message.toLowerCase(), what).toContain(word.toLowerCase());
  }
});

test('a picture of a group, larger than other bodies may be, and larger than pictures may be', async () => {
  const base = await serveUnlinked();
  const picture = (bytes: number) =>
    call(base, 'POST', `${GROUP}/picture`, {
      media: { data: Buffer.alloc(bytes).toString('base64'), mimetype: 'image/png' },
    });
  expect(await picture(1024 ** 2)).toMatchObject({ status: 409, body: { error: { code: 'not_connected' } } });
  for (const bytes of [5 * 1024 ** 2 + 1, 8 * 1024 ** 2]) {
    expect(await picture(bytes)).toMatchObject({
      status: 413,
      body: { error: { code: 'payload_too_large' } },
    });
  }
});

test('groups and contacts, WhatsApp away, every call says so', async () => {
  const base = await serveUnlinked();
  const people = { participants: ['+49 151 23456789', LID] };
  const calls: [string, string, object?][] = [
    ['GET', '/api/contacts'],
    ['GET', '/api/contacts/+4915123456789'],
    ['GET', `/api/contacts/${LID}`],
    ['GET', `/api/contacts/${LID}/picture`],
    ['POST', `/api/contacts/${LID}/block`, { blocked: true }],
    ['GET', '/api/groups'],
    ['POST', '/api/groups', { subject: 'x', ...people }],
    ['POST', '/api/groups', { subject: 'x', participants: [LID] }],
    ['POST', '/api/groups/join', { code: 'https://chat.whatsapp.com/aaaaaaaaaaaaaaaaaaaaaa' }],
    ['GET', GROUP],
    ['POST', `${GROUP}/participants`, people],
    ['POST', `${GROUP}/participants`, { participants: [LID], invite: true }],
    ['POST', `${GROUP}/participants/remove`, { participants: [LID] }],
    ['POST', `${GROUP}/participants/promote`, { participants: [LID] }],
    ['POST', `${GROUP}/participants/demote`, { participants: [LID] }],
    ['POST', `${GROUP}/subject`, { subject: 'x' }],
    ['POST', `${GROUP}/description`, { description: '' }],
    ['POST', `${GROUP}/settings`, { messagesAdminsOnly: true }],
    ['GET', `${GROUP}/picture`],
    ['POST', `${GROUP}/picture`, { media: { data: PNG, mimetype: 'image/png' } }],
    ['DELETE', `${GROUP}/picture`],
    ['GET', `${GROUP}/invite`],
    ['DELETE', `${GROUP}/invite`],
    ['POST', `${GROUP}/leave`],
  ];
  for (const [method, path, body] of calls) {
    const { status, body: answer } = await call(base, method, path, body);
    expect([method, path, status, answer.error?.code]).toEqual([method, path, 409, 'not_connected']);
  }
});
