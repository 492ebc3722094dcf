import { expect, test } from 'vitest';

import { call, linkedRig } from '../support/linked-rig.ts';

const ALICE = '15550002222@c.us';
const BOB = '15550003333@c.us';

test.each(['serialized', 'minified'] as const)(
  'contacts: listed in pages by name, searched, read, blocked and unblocked (%s keys)',
  async (vintage) => {
    const rig = await linkedRig({
      simulator: {
        vintage,
        minifiedName: '$7',
        contacts: [
          { pn: '15550003333', lid: '300000000003333', name: 'Bob "✓"', pushname: 'Bob' },
          { pn: '15550002222', lid: '200000000002222', name: 'alice', pushname: 'Al' },
          { pn: '15550005555', pushname: 'Zoe', isBusiness: true },
          { pn: '15550006666' },
        ],
      },
    });
    const { people } = rig.simulator.world.directory;
    const get = async (path: string) => {
      const { status, body } = await call(rig.baseUrl, 'GET', `/api/contacts${path}`);
      return { status, body };
    };
    const pages: unknown[] = [];
    let cursor: unknown = '';
    while (cursor !== null) {
      const { body } = await get(`?limit=1${cursor === '' ? '' : `&cursor=${cursor as string}`}`);
      expect(body['success'], JSON.stringify(body)).toBe(true);
      pages.push(...(body['contacts'] as unknown[]));
      cursor = body['nextCursor'];
    }
    expect(pages).toEqual([
      {
        id: ALICE,
        phone: '15550002222',
        name: 'alice',
        pushname: 'Al',
        isSaved: true,
        isBusiness: false,
        isBlocked: false,
        isMe: false,
      },
      expect.objectContaining({ id: BOB, name: 'Bob "✓"' }),
      expect.objectContaining({ id: '15550001111@c.us', isMe: true }),
      expect.objectContaining({ name: null, pushname: 'Zoe', isSaved: false, isBusiness: true }),
      expect.objectContaining({ id: '15550006666@c.us', name: null, pushname: null }),
    ]);
    expect(await get('?saved=true')).toMatchObject({ body: { contacts: [{ id: ALICE }, { id: BOB }] } });
    expect(await get('?search=ZO')).toMatchObject({ body: { contacts: [{ pushname: 'Zoe' }] } });
    expect(await get(`?search=${encodeURIComponent('+1 (555) 000-33')}`)).toMatchObject({
      body: { contacts: [{ id: BOB }], nextCursor: null },
    });
    expect(await get('?search=nobody')).toMatchObject({ body: { contacts: [], nextCursor: null } });

    expect(await get('/+1 555 000 2222')).toMatchObject({
      status: 200,
      body: { success: true, contact: { id: ALICE, name: 'alice', about: 'Hey there!', isBlocked: false } },
    });
    expect(await get('/200000000002222@lid')).toMatchObject({ body: { contact: { id: ALICE } } });
    expect(await get('/+15550007777')).toMatchObject({
      status: 200,
      body: { contact: { name: null, isSaved: false } },
    });
    expect(await get('/+1 555 001 0000')).toMatchObject({
      status: 422,
      body: { error: { code: 'unknown_number' } },
    });

    const block = (id: string, blocked: boolean) =>
      call(rig.baseUrl, 'POST', `/api/contacts/${id}/block`, { blocked });
    expect(await block('+15550002222', true)).toMatchObject({ status: 200, body: { contactId: ALICE } });
    expect(people.get(ALICE)?.blocked).toBe(true);
    expect(await get(`/${ALICE}`)).toMatchObject({ body: { contact: { isBlocked: true } } });
    expect(await get('?search=alice')).toMatchObject({ body: { contacts: [{ isBlocked: true }] } });
    expect(await block(ALICE, false)).toMatchObject({ status: 200 });
    expect(people.get(ALICE)?.blocked).toBe(false);
    expect(await get('?search=alice')).toMatchObject({ body: { contacts: [{ isBlocked: false }] } });

    expect(await get(`/${BOB}/picture`)).toMatchObject({ body: { contactId: BOB, url: null } });
    rig.simulator.world.pictures.set(BOB, '/v/bob.jpg');
    expect(await get('/15550003333/picture')).toMatchObject({
      status: 200,
      body: { success: true, url: 'https://pps.whatsapp.net/v/bob.jpg' },
    });
  },
);
