import { PNG } from 'pngjs';
import { describe, expect, test } from 'vitest';

import type { GatewayRig } from '../support/gateway-rig.ts';
import { call, linkedRig, type Answer } from '../support/linked-rig.ts';
import { waitFor } from '../support/wait-for.ts';

const ME = '15550001111@c.us';
const ALICE = '15550002222@c.us';
const BOB = '15550003333@c.us';
const CAROL = '15550004444@c.us';
const FAMILY = '120363000000000001@g.us';
const CLUB = '120363000000000002@g.us';
const TENANTS = '120363000000000003@g.us';
const NOBODY = '+1 555 001 0000';

const png = PNG.sync.write(new PNG({ width: 8, height: 8, fill: true })).toString('base64');

describe.each(['serialized', 'minified'] as const)('groups, on %s keys', (vintage) => {
  const rigOf = () =>
    linkedRig({
      simulator: {
        vintage,
        minifiedName: '$7',
        contacts: [
          { pn: '15550002222', lid: '200000000002222', name: 'Alice Example', pushname: 'Alice' },
          { pn: '15550003333', lid: '300000000003333', name: 'Bob Example', pushname: 'Bob' },
          { pn: '15550004444', name: 'Carol Example', groupInviteOnly: true },
        ],
        groups: [
          { id: '120363000000000001', subject: 'Family', participants: ['15550002222', '15550003333'] },
          { id: '120363000000000002', subject: 'Club', participants: ['15550002222'], member: false },
          { id: '120363000000000003', subject: 'Tenants', participants: ['15550002222'], admin: false },
        ],
      },
    });
  const group = (rig: GatewayRig, id: string) => rig.simulator.world.groups.get(id);
  const ok = (answer: Answer, body: object = {}) =>
    expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 200, body });
  const refused = (answer: Answer, status: number, code: string) =>
    expect({ status: answer.status, body: answer.body }).toMatchObject({ status, body: { error: { code } } });

  test('created, each participant is told what became of them', async () => {
    const rig = await rigOf();
    const create = (body: object) => call(rig.baseUrl, 'POST', '/api/groups', body);
    const people = ['+1 (555) 000-2222', ALICE, CAROL, NOBODY, '300000000003333@lid'];
    const created = await create({ subject: ' Team ', participants: people });
    const groupId = created.body['groupId'] as string;
    expect({ status: created.status, body: created.body }).toMatchObject({
      status: 201,
      body: {
        success: true,
        participants: [
          { participant: people[0], chatId: ALICE, status: 'added', code: 200 },
          { participant: ALICE, chatId: ALICE, status: 'added', code: 200 },
          { participant: CAROL, chatId: CAROL, status: 'invite_required', code: 403 },
          { participant: NOBODY, chatId: null, status: 'not_on_whatsapp', code: null },
          { participant: people[4], chatId: people[4], status: 'added', code: 200 },
        ],
      },
    });
    expect(created.headers.get('location')).toBe(`/api/groups/${groupId}`);
    expect(group(rig, groupId)).toMatchObject({ subject: 'Team', owner: ME });
    expect(group(rig, groupId).participants.map(({ id }) => id)).toEqual([ME, ALICE, BOB]);
    expect(rig.simulator.sent()).toEqual([]);

    const invited = await create({ subject: 'Two', participants: [CAROL], invite: true });
    expect(invited.body['participants']).toMatchObject([{ status: 'invited', code: 403 }]);
    expect(rig.simulator.sent()).toMatchObject([{ chatId: CAROL, type: 'groups_v4_invite' }]);
    refused(await create({ subject: 'None', participants: [NOBODY] }), 422, 'unknown_number');
  });

  test('listed in pages by subject, searched, and described', async () => {
    const rig = await rigOf();
    const get = (path: string) => call(rig.baseUrl, 'GET', `/api/groups${path}`);
    const seen: unknown[] = [];
    let cursor: unknown = '';
    while (cursor !== null) {
      const page = await get(`?limit=1${cursor === '' ? '' : `&cursor=${cursor as string}`}`);
      ok(page);
      seen.push(...(page.body['groups'] as unknown[]));
      cursor = page.body['nextCursor'];
    }
    expect(seen).toEqual([
      { id: FAMILY, subject: 'Family', participantCount: 3 },
      { id: TENANTS, subject: 'Tenants', participantCount: 2 },
    ]);
    ok(await get('?search=TENA'), { groups: [{ id: TENANTS }], nextCursor: null });
    ok(await get(`/${FAMILY}`), {
      group: {
        id: FAMILY,
        subject: 'Family',
        description: null,
        owner: ME,
        createdAt: expect.stringMatching(/^20\d\d-.*Z$/) as string,
        isMember: true,
        isAdmin: true,
        settings: { messagesAdminsOnly: false, infoAdminsOnly: false, addMembersAdminsOnly: false },
        participants: [
          { id: ME, isAdmin: true, isSuperAdmin: true },
          { id: ALICE, lid: '200000000002222@lid', isAdmin: false },
          { id: BOB, isAdmin: false },
        ],
      },
    });
    ok(await get(`/${TENANTS}`), { group: { isMember: true, isAdmin: false } });
    refused(await get(`/${CLUB}`), 404, 'not_found');
    refused(await get('/120363999999999999@g.us'), 404, 'not_found');
    refused(await get(`/${ALICE}`), 422, 'invalid_recipient');
    // Asking for a group that is not there does not make a chat of it.
    ok(await get('?search=120363999999999999'), { groups: [] });
  });

  test('participants, added, removed, promoted and demoted', async () => {
    const rig = await rigOf();
    const act = (path: string, people: string[], more: object = {}, id = FAMILY) =>
      call(rig.baseUrl, 'POST', `/api/groups/${id}/participants${path}`, { participants: people, ...more });
    const outcomes = async (answer: Promise<Answer>) => {
      const { status, body } = await answer;
      expect(status, JSON.stringify(body)).toBe(200);
      return (body['participants'] as { status: string }[]).map(({ status: what }) => what);
    };
    expect(await outcomes(act('/promote', ['+15550002222', '200000000002222@lid', CAROL, NOBODY]))).toEqual([
      'promoted',
      'promoted',
      'not_a_member',
      'not_on_whatsapp',
    ]);
    expect(group(rig, FAMILY).participants).toMatchObject([{}, { id: ALICE, isAdmin: true }, {}]);
    expect(await outcomes(act('/demote', [ALICE]))).toEqual(['demoted']);
    expect(group(rig, FAMILY).participants[1]).toMatchObject({ id: ALICE, isAdmin: false });
    expect(await outcomes(act('/remove', [BOB, CAROL]))).toEqual(['removed', 'not_a_member']);
    expect(group(rig, FAMILY).participants.map(({ id }) => id)).toEqual([ME, ALICE]);
    expect(await outcomes(act('', [BOB, ALICE, CAROL, NOBODY, '1 555 000 5555']))).toEqual([
      'added',
      'already_member',
      'invite_required',
      'not_on_whatsapp',
      'added',
    ]);
    expect(rig.simulator.sent()).toEqual([]);
    expect(await outcomes(act('', [CAROL], { invite: true }))).toEqual(['invited']);
    expect(rig.simulator.sent()).toMatchObject([{ chatId: CAROL, type: 'groups_v4_invite' }]);
    for (const path of ['', '/remove', '/promote', '/demote']) {
      refused(await act(path, [ALICE], {}, TENANTS), 422, 'unprocessable');
      refused(await act(path, [ALICE], {}, CLUB), 404, 'not_found');
    }
    expect(group(rig, TENANTS).participants).toHaveLength(2);
  });

  test('subject, description, settings, picture and invitation, changed', async () => {
    const rig = await rigOf();
    const act = (path: string, body: object, id = FAMILY) =>
      call(rig.baseUrl, 'POST', `/api/groups/${id}/${path}`, body);
    ok(await act('subject', { subject: 'Relatives' }), { groupId: FAMILY });
    ok(await act('description', { description: 'all of us' }));
    ok(await act('settings', { messagesAdminsOnly: true, addMembersAdminsOnly: true }));
    expect(group(rig, FAMILY)).toMatchObject({
      subject: 'Relatives',
      desc: 'all of us',
      announce: true,
      restrict: false,
      memberAddMode: 'admin_add',
    });
    ok(await act('settings', { messagesAdminsOnly: false, infoAdminsOnly: true }));
    ok(await call(rig.baseUrl, 'GET', `/api/groups/${FAMILY}`), {
      group: {
        description: 'all of us',
        settings: { messagesAdminsOnly: false, infoAdminsOnly: true, addMembersAdminsOnly: true },
      },
    });
    group(rig, TENANTS).restrict = true;
    refused(await act('subject', { subject: 'Mine' }, TENANTS), 422, 'unprocessable');
    refused(await act('settings', { infoAdminsOnly: false }, TENANTS), 422, 'unprocessable');

    const picture = (method: string, body?: object, id = FAMILY) =>
      call(rig.baseUrl, method, `/api/groups/${id}/picture`, body);
    ok(await picture('DELETE'));
    ok(await picture('GET'), { url: null });
    ok(await picture('POST', { media: { data: png, mimetype: 'image/png' } }));
    ok(await picture('GET'), {
      url: expect.stringMatching(/^https:\/\/pps\.whatsapp\.net\//) as string,
    });
    refused(await picture('POST', { media: { data: 'AAAA', mimetype: 'image/png' } }), 422, 'unprocessable');
    refused(
      await picture('POST', { media: { data: png, mimetype: 'image/png' } }, TENANTS),
      422,
      'unprocessable',
    );
    refused(await picture('GET', undefined, CLUB), 404, 'not_found');
    ok(await picture('DELETE'));
    ok(await picture('GET'), { url: null });

    const invite = (method: string, id = FAMILY) => call(rig.baseUrl, method, `/api/groups/${id}/invite`);
    const code = group(rig, FAMILY).inviteCode;
    ok(await invite('GET'), { code, link: `https://chat.whatsapp.com/${code}` });
    const revoked = await invite('DELETE');
    ok(revoked, { code: group(rig, FAMILY).inviteCode });
    expect(revoked.body['code']).not.toBe(code);
    refused(await invite('GET', TENANTS), 422, 'unprocessable');
  });

  test('joined by invitation, and left', async () => {
    const rig = await rigOf();
    const join = (code: string) => call(rig.baseUrl, 'POST', '/api/groups/join', { code });
    ok(await join(`https://chat.whatsapp.com/${group(rig, CLUB).inviteCode}?mode=ac_t`), { groupId: CLUB });
    expect(group(rig, CLUB).participants.map(({ id }) => id)).toContain(ME);
    refused(await join('aaaaaaaaaaaaaaaaaaaaaa'), 422, 'unprocessable');
    const leave = () => call(rig.baseUrl, 'POST', `/api/groups/${CLUB}/leave`, {});
    ok(await leave(), { groupId: CLUB });
    expect(group(rig, CLUB).participants.map(({ id }) => id)).not.toContain(ME);
    await waitFor(async () => {
      const { body } = await call(rig.baseUrl, 'GET', `/api/groups/${CLUB}`);
      return !(body['group'] as { isMember: boolean }).isMember;
    });
    refused(await leave(), 422, 'unprocessable');
  });
});
